#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <span>

namespace oddjet::test {

/// What the fuzzer sends, piece by piece; zeros where nothing is left.
class Bytes {
  public:
    Bytes(const std::uint8_t* data, std::size_t size) : left_(data, size) {}

    [[nodiscard]] bool empty() const { return left_.empty(); }

    template <class Value>
    Value take() {
        Value value{};
        const std::size_t size = std::min(sizeof(Value), left_.size());
        std::memcpy(&value, left_.data(), size);
        left_ = left_.subspan(size);
        return value;
    }

  private:
    std::span<const std::uint8_t> left_;
};

/// A broken promise of the kernels, which the fuzzer reports with its input.
inline void demand(bool kept, const char* promise) {
    if (kept) return;
    std::cerr << "broken: " << promise << "\n";
    std::abort();
}

}  // namespace oddjet::test
