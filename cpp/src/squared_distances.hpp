#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace oddjet {

/// Points are handled by this many at a time: it divides `stride`, `first` and `lanes`.
inline constexpr std::size_t kTile = 8;

/// Points by dimension: values[d * stride + i] is coordinate d of point i, and zero for
/// the last places of the stride, which no point has. is_azimuth[d]: periodic.
template <class Real>
struct PointColumns {
    const Real* values;
    std::size_t stride;
    std::size_t dimensions;
    const std::uint8_t* is_azimuth;
};

/// Points in rows, the points of these particles by dimension: columns[d * stride + i]
/// is coordinate d of particle i of the list.
template <class Real>
void turn_points(std::span<const Real> points, std::size_t dimensions,
                 std::span<const std::size_t> particles, Real* columns,
                 std::size_t stride);

/// Squared distances of the points first to first + lanes to all, for a first look:
/// distances[j * lanes + r] is about that of point first + r to point j, and zero to
/// itself. Of pairs inside the block one half is computed.
template <class Real>
void approximate_distances(const PointColumns<Real>& points, std::size_t first,
                           std::size_t lanes, float* distances);

/// Of two approximate distances between 1e-24 and 1e30 the larger one is of the farther
/// point, if it exceeds the other times this.
template <class Real>
[[nodiscard]] float safe_ratio(std::size_t dimensions);

/// In double, summed in the order of the dimensions, with delta_phi for azimuths.
template <class Real>
[[nodiscard]] double squared_distance(const PointColumns<Real>& points, std::size_t i,
                                      std::size_t j);

}  // namespace oddjet
