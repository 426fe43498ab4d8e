#include "onnx_constants.hpp"

#include <cstdint>
#include <cstring>

#include "message.hpp"
#include "protobuf_fields.hpp"

namespace oddjet {
namespace {

// Numbers of fields in onnx.proto.
constexpr std::uint64_t kModelGraph = 7;
constexpr std::uint64_t kGraphInitializer = 5;
constexpr std::uint64_t kGraphDocString = 10;
constexpr std::uint64_t kTensorDims = 1;
constexpr std::uint64_t kTensorDataType = 2;
constexpr std::uint64_t kTensorName = 8;
constexpr std::uint64_t kTensorRawData = 9;
constexpr std::uint64_t kFloat = 1;
constexpr std::uint64_t kDouble = 11;

void read_constant(std::string_view tensor, OnnxGraph& graph) {
    OnnxConstant constant;
    std::string_view name;
    std::uint64_t type = 0;
    ProtobufFields fields(tensor);
    for (ProtobufField field; fields.next(field);) {
        if (field.number == kTensorDims && field.bytes.empty()) {
            constant.shape.push_back(field.value);
        } else if (field.number == kTensorDims) {
            for (ProtobufFields sizes(field.bytes); !sizes.empty();) {
                constant.shape.push_back(sizes.varint());
            }
        } else if (field.number == kTensorDataType) {
            type = field.value;
        } else if (field.number == kTensorName) {
            name = field.bytes;
        } else if (field.number == kTensorRawData) {
            constant.bytes = field.bytes;
        }
    }
    if (type != kFloat && type != kDouble) return;
    constant.is_double = type == kDouble;
    graph.constants.emplace(name, std::move(constant));
}

template <class Number>
std::vector<Number> numbers(const OnnxConstant& constant, bool is_right_type) {
    std::size_t size = 1;
    for (const std::size_t length : constant.shape) {
        // More than there are bytes cannot be; unchecked, the product could wrap
        // around.
        const bool fits = length == 0 || size <= constant.bytes.size() / length;
        size = fits ? size * length : 0;
        is_right_type = is_right_type && fits;
    }
    if (!is_right_type || constant.bytes.size() != size * sizeof(Number)) {
        refuse("a constant of the network has another type or size than it says");
    }
    std::vector<Number> values(size);
    if (size > 0) {
        std::memcpy(values.data(), constant.bytes.data(), constant.bytes.size());
    }
    return values;
}

}  // namespace

std::vector<float> OnnxConstant::floats() const {
    return numbers<float>(*this, !is_double);
}

std::vector<double> OnnxConstant::doubles() const {
    return numbers<double>(*this, is_double);
}

OnnxGraph read_onnx_graph(std::string_view onnx) {
    OnnxGraph graph;
    ProtobufFields model(onnx);
    for (ProtobufField part; model.next(part);) {
        if (part.number != kModelGraph) continue;
        ProtobufFields fields(part.bytes);
        for (ProtobufField field; fields.next(field);) {
            if (field.number == kGraphDocString) graph.description = field.bytes;
            if (field.number == kGraphInitializer) read_constant(field.bytes, graph);
        }
    }
    return graph;
}

}  // namespace oddjet
