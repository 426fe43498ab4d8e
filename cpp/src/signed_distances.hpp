#pragma once

#include <cstdint>
#include <span>

#include "buffer.hpp"
#include "numbers.hpp"

namespace oddjet {

/// The events of one variable in its order.
struct OneOrder {
    std::span<const std::uint32_t> partners;  // where the events are in the other order
    Numbers weights;
    Numbers values;
    Numbers partner_values;  // of the other variable
};

/// Of two variables, by position in the order of the first
///   sum_j weight_j sgn(first - first_j) sgn(second - second_j) (second - second_j)
/// with the signs of the positions; by position in the second, the same of the first.
struct SignedDistances {
    Buffer<double> of_first;
    Buffer<double> of_second;
};

/// O(n log n) time, O(n) memory; the order of all sums depends on n alone. Without the
/// sums of the second variable, which are then empty, it needs no partner values.
[[nodiscard]] SignedDistances signed_distances(const OneOrder& first,
                                               const OneOrder& second, bool of_both,
                                               int threads, Workspace& workspace);

}  // namespace oddjet
