#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace oddjet {

/// The positions of the values, smallest value first, equal values by position.
/// Radix sort of the 32 bits in which the values differ most, then each run that agrees
/// in these: O(n) for spread values, O(n log n) for any. Finite, fewer than 2^32.
[[nodiscard]] std::vector<std::uint32_t> ascending_order(
    std::span<const double> values);

}  // namespace oddjet
