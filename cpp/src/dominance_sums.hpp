#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace oddjet {

/// One of n ranks, what it carries, and the sum of what it dominates.
template <std::size_t Columns>
struct DominanceNode {
    std::array<double, Columns> payload{};
    std::array<double, Columns> below{};
};

/// Add to `below` of every node the payloads of the nodes of lower rank that come
/// before it in `ranks`, a permutation of 0 ... n - 1 that is used up. O(n log n); the
/// order of the sums depends on n alone. Instantiated for 2 and 4 columns.
template <std::size_t Columns>
void add_dominance_sums(std::vector<std::uint32_t> ranks,
                        std::span<DominanceNode<Columns>> nodes, int threads);

}  // namespace oddjet
