#include "onnx_constants.hpp"

#include <cstdint>
#include <cstring>

#include "message.hpp"

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

[[noreturn]] void damaged() { refuse("it is no ONNX file, or a damaged one"); }

/// One field of a message: a number, or bytes.
struct Field {
    std::uint64_t number = 0;
    std::uint64_t value = 0;
    std::string_view bytes;
};

/// The fields of a message in Protobuf's wire format.
class Fields {
  public:
    explicit Fields(std::string_view message) : rest_(message) {}

    /// The next field into `field`, or false at the end.
    bool next(Field& field) {
        if (rest_.empty()) return false;
        const std::uint64_t tag = varint();
        field = {tag >> 3, 0, {}};
        switch (tag & 7) {
            case 0:
                field.value = varint();
                break;
            case 1:
                field.bytes = take(8);
                break;
            case 2:
                field.bytes = take(varint());
                break;
            case 5:
                field.bytes = take(4);
                break;
            default:
                damaged();
        }
        return true;
    }

    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            if (rest_.empty()) damaged();
            const auto byte = static_cast<unsigned char>(rest_.front());
            rest_.remove_prefix(1);
            value |= std::uint64_t{byte & 0x7FU} << shift;
            if (byte < 0x80) return value;
        }
        damaged();
    }

    [[nodiscard]] bool empty() const { return rest_.empty(); }

  private:
    std::string_view take(std::uint64_t size) {
        if (size > rest_.size()) damaged();
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }

    std::string_view rest_;
};

void read_constant(std::string_view tensor, OnnxGraph& graph) {
    OnnxConstant constant;
    std::string_view name;
    std::uint64_t type = 0;
    Fields fields(tensor);
    for (Field field; fields.next(field);) {
        if (field.number == kTensorDims && field.bytes.empty()) {
            constant.shape.push_back(field.value);
        } else if (field.number == kTensorDims) {
            for (Fields sizes(field.bytes); !sizes.empty();) {
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
    Fields model(onnx);
    for (Field part; model.next(part);) {
        if (part.number != kModelGraph) continue;
        Fields fields(part.bytes);
        for (Field field; fields.next(field);) {
            if (field.number == kGraphDocString) graph.description = field.bytes;
            if (field.number == kGraphInitializer) read_constant(field.bytes, graph);
        }
    }
    return graph;
}

}  // namespace oddjet
