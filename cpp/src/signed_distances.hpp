#pragma once

#include <cstdint>
#include <span>

#include "buffer.hpp"

namespace oddjet {

/// The events of two variables, each in the order of either: its place in the order of
/// the first, its rank in that of the second.
struct TwoOrders {
    std::span<const std::uint32_t> ranks;   // by place
    std::span<const std::uint32_t> places;  // by rank
    std::span<const double> place_weights;  // by place
    std::span<const double> rank_weights;   // by rank: the same ones
    std::span<const double> first;          // value by place
    std::span<const double> second;         // value by rank
};

/// By place, sum_j weight_j sgn(place - place_j) sgn(rank - rank_j) (second -
/// second_j); by rank, the same of first, empty if not wanted.
struct SignedDistances {
    Buffer<double> by_place;
    Buffer<double> by_rank;
};

/// O(n log n) time, O(n) memory; the order of all sums depends on n alone.
[[nodiscard]] SignedDistances signed_distances(const TwoOrders& events, bool by_rank,
                                               int threads, Workspace& workspace);

}  // namespace oddjet
