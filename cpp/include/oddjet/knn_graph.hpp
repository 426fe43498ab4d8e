#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

namespace oddjet {

/// points[jet, particle, dimension] in C order, single or double precision.
struct PointView {
    std::variant<std::span<const float>, std::span<const double>> values;
    std::size_t jets = 0;
    std::size_t particles = 0;
    std::size_t dimensions = 0;
    std::span<const bool> mask;  // [jet, particle], false is padding; empty: no padding
    std::vector<std::int64_t> azimuths = {};  // dimensions of period 2 pi
};

/// indices[jet, particle, k] and valid[jet, particle, k] in C order.
struct Neighbours {
    std::vector<std::int64_t> indices;
    std::vector<std::uint8_t> valid;
};

/// Connect each particle to its k nearest particles of the same jet, nearest first.
/// Euclidean, in double, with delta_phi along azimuths; never its own neighbour; ties
/// go to the lower index. Beyond the neighbours that exist, and for padding: index 0,
/// valid 0. O(n^2 (dimensions + log^2 k)) a jet. Throws std::invalid_argument: k < 1,
/// no dimension, an azimuth of no dimension, non-finite point, azimuths over a turn
/// apart.
[[nodiscard]] Neighbours knn_graph(const PointView& points, int k, int threads = 1);

}  // namespace oddjet
