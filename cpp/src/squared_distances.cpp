#include "squared_distances.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <span>
#include <type_traits>

#include "oddjet/kinematics.hpp"
#include "vector_width.hpp"

namespace oddjet {
namespace {

constexpr std::size_t kRows = 4;

template <class Real>
inline constexpr std::size_t kOthers = 32 / sizeof(Real);

/// Spelt out, as compilers that find the vectors of a tile themselves shuffle numbers
/// more than they add them: 1.7 times slower on an AMD EPYC (Zen 4) with GCC 12.
template <class Real>
using Lanes [[gnu::vector_size(32)]] = Real;

/// Sums of kRows points with kOthers others, which stay in registers.
template <class Real>
struct Tile {
    static_assert(kTile % kRows == 0 && kTile % kOthers<Real> == 0);

    Lanes<Real> sums[kRows] = {};

    void add(const Real* rows, const Real* others) {
        Lanes<Real> other;
        std::memcpy(&other, others, sizeof other);
        for (std::size_t j = 0; j < kRows; ++j) {
            const Lanes<Real> along = rows[j] - other;
            sums[j] += along * along;
        }
    }

    void add_azimuths(const Real* rows, const Real* others) {
        for (std::size_t j = 0; j < kRows; ++j) {
            Lanes<Real> along;
            for (std::size_t r = 0; r < kOthers<Real>; ++r) {
                along[r] = static_cast<Real>(delta_phi(rows[j], others[r]));
            }
            sums[j] += along * along;
        }
    }

    void store(float* distances, std::size_t row_step, std::size_t other_step) const {
        for (std::size_t j = 0; j < kRows; ++j) {
            for (std::size_t r = 0; r < kOthers<Real>; ++r) {
                distances[j * row_step + r * other_step] =
                    static_cast<float>(sums[j][r]);
            }
        }
    }
};

template <bool any_azimuth, class Real>
inline Tile<Real> tile_of(const PointColumns<Real>& points, std::size_t row,
                          std::size_t other) {
    Tile<Real> tile;
    for (std::size_t d = 0; d < points.dimensions; ++d) {
        const Real* column = points.values + d * points.stride;
        if (any_azimuth && points.is_azimuth[d] != 0) {
            tile.add_azimuths(column + row, column + other);
        } else {
            tile.add(column + row, column + other);
        }
    }
    return tile;
}

template <bool any_azimuth, class Real>
inline void fill(const PointColumns<Real>& points, std::size_t first, std::size_t lanes,
                 float* distances) {
    constexpr std::size_t others = kOthers<Real>;
    for (std::size_t row = 0; row < points.stride; row += kRows) {
        const bool in_block = row >= first && row < first + lanes;
        const std::size_t diagonal = in_block ? (row - first) / others * others : 0;
        for (std::size_t lane = diagonal; lane < lanes; lane += others) {
            const auto tile = tile_of<any_azimuth>(points, row, first + lane);
            tile.store(distances + row * lanes + lane, lanes, 1);
            if (!in_block) continue;
            // From its other end a distance is the same to the last bit.
            tile.store(distances + (first + lane) * lanes + row - first, 1, lanes);
        }
    }
}

// One function a type: clones of templates are not known to all compilers.
ODDJET_VECTOR_WIDTHS
void fill_plain(const PointColumns<float>& points, std::size_t first, std::size_t lanes,
                float* distances) {
    fill<false>(points, first, lanes, distances);
}

ODDJET_VECTOR_WIDTHS
void fill_plain(const PointColumns<double>& points, std::size_t first,
                std::size_t lanes, float* distances) {
    fill<false>(points, first, lanes, distances);
}

ODDJET_VECTOR_WIDTHS
void fill_azimuths(const PointColumns<float>& points, std::size_t first,
                   std::size_t lanes, float* distances) {
    fill<true>(points, first, lanes, distances);
}

ODDJET_VECTOR_WIDTHS
void fill_azimuths(const PointColumns<double>& points, std::size_t first,
                   std::size_t lanes, float* distances) {
    fill<true>(points, first, lanes, distances);
}

}  // namespace

template <class Real>
void approximate_distances(const PointColumns<Real>& points, std::size_t first,
                           std::size_t lanes, float* distances) {
    const std::span azimuths(points.is_azimuth, points.dimensions);
    if (std::ranges::any_of(azimuths, std::identity())) {
        fill_azimuths(points, first, lanes, distances);
    } else {
        fill_plain(points, first, lanes, distances);
    }
}

template <class Real>
float safe_ratio(std::size_t dimensions) {
    // In units of half a last place, a term is off by three (two for the difference,
    // which is squared) and each of the n - 1 additions by one: n + 2, none of them for
    // sums in double. One more for the rounding to single precision, and one for all
    // that is done in double and for the products with this ratio.
    const std::size_t roundings = std::is_same_v<Real, float> ? dimensions + 2 : 0;
    const double error = static_cast<double>(roundings + 2) * 0x1p-24;
    if (error > 0.1) return std::numeric_limits<float>::infinity();
    return static_cast<float>((1.0 + error) / (1.0 - error)) * (1.0F + 0x1p-22F);
}

template <class Real>
double squared_distance(const PointColumns<Real>& points, std::size_t i,
                        std::size_t j) {
    double sum = 0.0;
    for (std::size_t d = 0; d < points.dimensions; ++d) {
        const Real* column = points.values + d * points.stride;
        const auto a = static_cast<double>(column[i]);
        const auto b = static_cast<double>(column[j]);
        const double along = points.is_azimuth[d] != 0 ? delta_phi(a, b) : a - b;
        sum += along * along;
    }
    return sum;
}

template void approximate_distances(const PointColumns<float>&, std::size_t,
                                    std::size_t, float*);
template void approximate_distances(const PointColumns<double>&, std::size_t,
                                    std::size_t, float*);
template float safe_ratio<float>(std::size_t);
template float safe_ratio<double>(std::size_t);
template double squared_distance(const PointColumns<float>&, std::size_t, std::size_t);
template double squared_distance(const PointColumns<double>&, std::size_t, std::size_t);

}  // namespace oddjet
