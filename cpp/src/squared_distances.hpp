#pragma once

#include <cstddef>
#include <cstdint>

namespace oddjet {

/// Points are handled by this many at a time: it divides `stride`, `first` and `lanes`.
inline constexpr std::size_t kTile = 4;

/// Points by dimension: values[d * stride + i] is coordinate d of point i, any number
/// for the last places of the stride, which no point has. is_azimuth[d]: periodic.
struct PointColumns {
    const double* values;
    std::size_t stride;
    std::size_t dimensions;
    const std::uint8_t* is_azimuth;
};

/// Squared distances of the points first to first + lanes to all: distances[j * lanes +
/// r] is that of point first + r to point j. Sums in the order of the dimensions, with
/// delta_phi for azimuths. Of pairs inside the block one half is computed.
void squared_distances(const PointColumns& points, std::size_t first, std::size_t lanes,
                       double* distances);

}  // namespace oddjet
