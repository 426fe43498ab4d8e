#include "squared_distances.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <span>
#include <type_traits>

#include "oddjet/kinematics.hpp"
#include "transpose.hpp"
#include "vector_width.hpp"

namespace oddjet {
namespace {

constexpr std::size_t kRows = 4;

/// Sums of kRows points with a register of others, which stay in registers. Spelt out,
/// as compilers that find the vectors of a tile themselves shuffle numbers more than
/// they add them: 1.7 times slower on an AMD EPYC (Zen 4) with GCC 12.
template <class Real>
struct Tile {
    static_assert(kTile % kRows == 0 && kTile % kRegister<Real> == 0);

    Register<Real> sums[kRows] = {};

    void add(const Real* rows, const Real* others) {
        Register<Real> other;
        std::memcpy(&other, others, sizeof other);
        for (std::size_t j = 0; j < kRows; ++j) {
            const Register<Real> along = rows[j] - other;
            sums[j] += along * along;
        }
    }

    void add_azimuths(const Real* rows, const Real* others) {
        for (std::size_t j = 0; j < kRows; ++j) {
            Register<Real> along;
            for (std::size_t r = 0; r < kRegister<Real>; ++r) {
                along[r] = static_cast<Real>(delta_phi(rows[j], others[r]));
            }
            sums[j] += along * along;
        }
    }

    void store(float* distances, std::size_t row_step, std::size_t other_step) const {
        for (std::size_t j = 0; j < kRows; ++j) {
            for (std::size_t r = 0; r < kRegister<Real>; ++r) {
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
    constexpr std::size_t others = kRegister<Real>;
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

/// A register of points by a register of dimensions at a time.
template <class Real>
inline void turn(std::span<const Real> points, std::size_t dimensions,
                 std::span<const std::size_t> particles, Real* columns,
                 std::size_t stride) {
    constexpr std::size_t width = kRegister<Real>;
    const auto row = [&](std::size_t i) { return &points[particles[i] * dimensions]; };
    const std::size_t whole_points = particles.size() / width * width;
    const std::size_t whole = dimensions / width * width;
    for (std::size_t i = 0; i < whole_points; i += width) {
        const bool has_next = i + 2 * width <= particles.size();
        for (std::size_t d = 0; d < whole; d += width) {
            Register<Real> each[width];
            for (std::size_t t = 0; t < width; ++t) {
                std::memcpy(&each[t], row(i + t) + d, sizeof each[t]);
                // Rows are too short for the processor to see what comes next.
                if (has_next) __builtin_prefetch(row(i + width + t) + d);
            }
            transpose(each);
            for (std::size_t t = 0; t < width; ++t) {
                std::memcpy(columns + (d + t) * stride + i, &each[t], sizeof each[t]);
            }
        }
    }
    for (std::size_t i = 0; i < particles.size(); ++i) {
        const std::size_t left = i < whole_points ? whole : 0;
        for (std::size_t d = left; d < dimensions; ++d) {
            columns[d * stride + i] = row(i)[d];
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

ODDJET_VECTOR_WIDTHS
void turn_each(std::span<const float> points, std::size_t dimensions,
               std::span<const std::size_t> particles, float* columns,
               std::size_t stride) {
    turn(points, dimensions, particles, columns, stride);
}

ODDJET_VECTOR_WIDTHS
void turn_each(std::span<const double> points, std::size_t dimensions,
               std::span<const std::size_t> particles, double* columns,
               std::size_t stride) {
    turn(points, dimensions, particles, columns, stride);
}

}  // namespace

template <class Real>
void turn_points(std::span<const Real> points, std::size_t dimensions,
                 std::span<const std::size_t> particles, Real* columns,
                 std::size_t stride) {
    turn_each(points, dimensions, particles, columns, stride);
}

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

template void turn_points(std::span<const float>, std::size_t,
                          std::span<const std::size_t>, float*, std::size_t);
template void turn_points(std::span<const double>, std::size_t,
                          std::span<const std::size_t>, double*, std::size_t);
template void approximate_distances(const PointColumns<float>&, std::size_t,
                                    std::size_t, float*);
template void approximate_distances(const PointColumns<double>&, std::size_t,
                                    std::size_t, float*);
template float safe_ratio<float>(std::size_t);
template float safe_ratio<double>(std::size_t);
template double squared_distance(const PointColumns<float>&, std::size_t, std::size_t);
template double squared_distance(const PointColumns<double>&, std::size_t, std::size_t);

}  // namespace oddjet
