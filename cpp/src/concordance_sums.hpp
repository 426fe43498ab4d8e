#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace oddjet {

/// One of n ranks, what it carries, and a sum over the others.
template <std::size_t Columns>
struct ConcordanceNode {
    std::array<double, Columns> payload;
    std::array<double, Columns> sum;
};

using TakeSums = std::function<void(std::size_t begin, std::size_t end)>;

/// Set `sum` of each node to sum_j sgn(rank - rank_j) sgn(place - place_j) payload_j,
/// where place is where the rank stands in `ranks`, a permutation of 0 ... n - 1 that
/// is used up; a node may count itself. take_sums(begin, end) is called once for each
/// of the ranks, when their sums are set and still in the cache, on any thread.
/// O(n log n); the order of all sums depends on n alone. For 2 and 4 columns.
template <std::size_t Columns>
void set_concordance_sums(std::vector<std::uint32_t> ranks,
                          std::span<ConcordanceNode<Columns>> nodes,
                          const TakeSums& take_sums, int threads);

}  // namespace oddjet
