#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "oddjet/particles.hpp"

namespace oddjet {

/// Momenta by column, in memory of somebody.
struct MomentumSpans {
    Coordinates coordinates;
    std::array<std::span<const double>, 4> columns;

    [[nodiscard]] std::size_t size() const { return columns[0].size(); }
};

/// Memory for the columns of momenta that are not in double precision.
using SpanMemory = std::array<std::vector<double>, 4>;

/// Momenta [begin, end) of the view: where they are, or converted in that memory.
[[nodiscard]] MomentumSpans momentum_spans(const MomentumView& view, std::size_t begin,
                                           std::size_t end, SpanMemory& memory);

/// Whether none of these momenta has a momentum_problem. False may be a false alarm:
/// then they are looked at one by one.
[[nodiscard]] bool all_plain(const MomentumSpans& momenta);

}  // namespace oddjet
