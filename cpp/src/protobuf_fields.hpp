#pragma once

#include <cstdint>
#include <string_view>

#include "message.hpp"

namespace oddjet {

/// One field of a message: a number, or bytes.
struct ProtobufField {
    std::uint64_t number = 0;
    std::uint64_t value = 0;
    std::string_view bytes;
};

/// The fields of a message in Protobuf's wire format, one after the other. Throws
/// std::invalid_argument where the bytes are none.
class ProtobufFields {
  public:
    explicit ProtobufFields(std::string_view message) : rest_(message) {}

    /// The next field into `field`, or false at the end.
    bool next(ProtobufField& field) {
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
    [[noreturn]] static void damaged() {
        refuse("it is no ONNX file, or a damaged one");
    }

    std::string_view take(std::uint64_t size) {
        if (size > rest_.size()) damaged();
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }

    std::string_view rest_;
};

}  // namespace oddjet
