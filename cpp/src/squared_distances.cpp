#include "squared_distances.hpp"

#include <algorithm>
#include <functional>
#include <span>

#include "oddjet/kinematics.hpp"
#include "vector_width.hpp"

namespace oddjet {
namespace {

/// Sums of kTile points (rows) with kTile others, which stay in registers.
struct Tile {
    double sums[kTile][kTile] = {};
};

template <class Difference>
inline void add_dimension(const double* rows, const double* others,
                          const Difference& difference, Tile& tile) {
    for (std::size_t j = 0; j < kTile; ++j) {
        for (std::size_t r = 0; r < kTile; ++r) {
            const double along = difference(rows[j], others[r]);
            tile.sums[j][r] += along * along;
        }
    }
}

template <bool any_azimuth>
inline Tile tile_of(const PointColumns& points, std::size_t row, std::size_t other) {
    Tile tile;
    for (std::size_t d = 0; d < points.dimensions; ++d) {
        const double* column = points.values + d * points.stride;
        if (any_azimuth && points.is_azimuth[d] != 0) {
            add_dimension(column + row, column + other, delta_phi, tile);
        } else {
            add_dimension(column + row, column + other, std::minus(), tile);
        }
    }
    return tile;
}

inline void store(const Tile& tile, double* distances, std::size_t row_step,
                  std::size_t other_step) {
    for (std::size_t j = 0; j < kTile; ++j) {
        for (std::size_t r = 0; r < kTile; ++r) {
            distances[j * row_step + r * other_step] = tile.sums[j][r];
        }
    }
}

template <bool any_azimuth>
inline void fill(const PointColumns& points, std::size_t first, std::size_t lanes,
                 double* distances) {
    for (std::size_t row = 0; row < points.stride; row += kTile) {
        const bool in_block = row >= first && row < first + lanes;
        for (std::size_t lane = in_block ? row - first : 0; lane < lanes;
             lane += kTile) {
            const Tile tile = tile_of<any_azimuth>(points, row, first + lane);
            store(tile, distances + row * lanes + lane, lanes, 1);
            if (!in_block) continue;
            // From its other end a distance is the same to the last bit.
            store(tile, distances + (first + lane) * lanes + row - first, 1, lanes);
        }
    }
}

ODDJET_VECTOR_WIDTHS
void fill_plain(const PointColumns& points, std::size_t first, std::size_t lanes,
                double* distances) {
    fill<false>(points, first, lanes, distances);
}

ODDJET_VECTOR_WIDTHS
void fill_azimuths(const PointColumns& points, std::size_t first, std::size_t lanes,
                   double* distances) {
    fill<true>(points, first, lanes, distances);
}

}  // namespace

void squared_distances(const PointColumns& points, std::size_t first, std::size_t lanes,
                       double* distances) {
    const std::span azimuths(points.is_azimuth, points.dimensions);
    const bool any_azimuth = std::ranges::any_of(azimuths, std::identity());
    (any_azimuth ? fill_azimuths : fill_plain)(points, first, lanes, distances);
}

}  // namespace oddjet
