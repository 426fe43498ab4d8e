#include "oddjet/model_texts.hpp"

#include <cstdint>
#include <string>

#include "protobuf_fields.hpp"

namespace oddjet {
namespace {

// Numbers of fields in onnx.proto.
constexpr std::uint64_t kModelMetadata = 14;
constexpr std::uint64_t kEntryKey = 1;
constexpr std::uint64_t kEntryValue = 2;

}  // namespace

KeyValues model_texts(std::string_view onnx) {
    KeyValues texts;
    ProtobufFields model(onnx);
    for (ProtobufField part; model.next(part);) {
        if (part.number != kModelMetadata) continue;
        std::string_view key;
        std::string_view value;
        ProtobufFields entry(part.bytes);
        for (ProtobufField field; entry.next(field);) {
            if (field.number == kEntryKey) key = field.bytes;
            if (field.number == kEntryValue) value = field.bytes;
        }
        texts.insert_or_assign(std::string(key), std::string(value));
    }
    return texts;
}

}  // namespace oddjet
