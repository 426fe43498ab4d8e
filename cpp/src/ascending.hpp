#pragma once

#include <cstdint>
#include <span>

#include "buffer.hpp"

namespace oddjet {

/// Values from the smallest to the largest, and where each stood.
struct Ascending {
    Buffer<double> value;
    Buffer<std::uint32_t> order;
};

/// Sort the values; equal ones, 0 and -0 too, stay in order. Radix sort of the 32 bits
/// in which they differ most, then each run that agrees in these: O(n) for spread
/// values, O(n log n) for any. Finite, fewer than 2^32.
[[nodiscard]] Ascending ascending(std::span<const double> values, Workspace& workspace);

}  // namespace oddjet
