#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>

#include "double_double.hpp"
#include "oddjet/kinematics.hpp"

namespace oddjet {

// Logarithm and azimuth with the bits of the C library, for loops over many momenta:
// without branches, so that compilers make vector instructions of them. Both are
// computed with some ten bits more than a double has. Rounded, that is what any library
// returns whose error is below 0.53 units in the last place (glibc's is) - but for
// values that lie almost half-way between two doubles. For these, and for arguments
// far from those of particles, the answer is NaN, and the library has to be asked.
//
// They need fused multiplication: as an instruction, or it is slow.

inline constexpr double kInDoubt = std::numeric_limits<double>::quiet_NaN();

/// How far from half-way the sum of two numbers has to be, in units in the last place
/// of the result: the error of the library beyond 1/2, and our own.
inline constexpr double kDoubt = 0.035;

[[nodiscard]] inline double settled_sum(double first, double rest) {
    constexpr std::uint64_t exponent_bits = 0x7ff0000000000000;
    const double sum = first + rest;
    const double left = (first - sum) + rest;
    const double last_place =
        0x1p-52 *
        std::bit_cast<double>(std::bit_cast<std::uint64_t>(sum) & exponent_bits);
    const double doubt = kDoubt * last_place;
    const bool settled = (sum + (left + doubt) == sum) & (sum + (left - doubt) == sum);
    return settled ? sum : kInDoubt;
}

/// Columns of tables, so that vectors of them can be gathered.
template <std::size_t size>
struct Table {
    std::array<double, size> first{}, rest{};

    constexpr void put(std::size_t i, const DoubleDouble& value) {
        first[i] = value.first;
        rest[i] = value.rest;
    }
};

/// 128 intervals of the mantissas in [0.6875, 1.375), the first 80 of them below 1: a
/// number near the inverse of each, exactly one around one, and minus its logarithm.
struct LogarithmTable {
    std::array<double, 128> inverse{};
    Table<128> logarithm;
};

inline constexpr std::size_t kIntervalOfOne = 80;

inline constexpr LogarithmTable kLogarithms = [] {
    LogarithmTable table;
    const auto middle_of = [](std::size_t i) {
        const auto place = static_cast<double>(i);
        return i < kIntervalOfOne ? 0.6875 + (place + 0.5) / 256.0
                                  : 1.0 + (place - 80.0 + 0.5) / 128.0;
    };
    for (std::size_t i = 0; i < 128; ++i) table.inverse[i] = 1.0 / middle_of(i);
    table.inverse[kIntervalOfOne - 1] = table.inverse[kIntervalOfOne] = 1.0;
    // From one outwards: log a - log b = 2 atanh((a - b) / (a + b)).
    const auto step = [&](std::size_t from, std::size_t to) {
        const double a = table.inverse[from];
        const double b = table.inverse[to];
        const DoubleDouble ratio =
            DoubleDouble{a - b} / (a > b ? exact_sum(a, b) : exact_sum(b, a));
        const DoubleDouble half = arc_tangent_series(ratio, -1.0);
        const DoubleDouble known{table.logarithm.first[from],
                                 table.logarithm.rest[from]};
        const DoubleDouble change{2.0 * half.first, 2.0 * half.rest};
        const bool larger = known.first * known.first > change.first * change.first;
        table.logarithm.put(to, larger ? known + change : change + known);
    };
    for (std::size_t i = kIntervalOfOne; i + 1 < 128; ++i) step(i, i + 1);
    for (std::size_t i = kIntervalOfOne - 1; i > 0; --i) step(i, i - 1);
    return table;
}();

/// log x, or NaN in doubt.
[[nodiscard]] inline double settled_logarithm(double x) {
    // x = 2^k m with m in [0.6875, 1.375), and m inverse = 1 + r.
    const std::uint64_t bits = std::bit_cast<std::uint64_t>(x);
    const auto above =
        static_cast<std::int32_t>(static_cast<std::uint32_t>(bits >> 32) - 0x3fe60000U);
    const auto i = static_cast<std::size_t>((above >> 13) & 127);
    const auto k = static_cast<double>(above >> 20);
    const double m = std::bit_cast<double>(
        bits -
        (static_cast<std::uint64_t>(static_cast<std::uint32_t>(above) & 0xfff00000U)
         << 32));
    const double inverse = kLogarithms.inverse[i];
    const double product = m * inverse;
    const double rest_of_r = std::fma(m, inverse, -product);
    const double r = product - 1.0;
    // log(1 + r) - r, with |r| < 1/128.
    double series = -1.0 / 8.0;
    series = std::fma(series, r, 1.0 / 7.0);
    series = std::fma(series, r, -1.0 / 6.0);
    series = std::fma(series, r, 1.0 / 5.0);
    series = std::fma(series, r, -1.0 / 4.0);
    series = std::fma(series, r, 1.0 / 3.0);
    series = std::fma(series, r, -1.0 / 2.0);
    series = series * (r * r);
    constexpr double log2_first = 0x1.62e42fefa3800p-1;  // k times it is exact
    constexpr double log2_rest = 0x1.ef35793c76730p-45;
    const DoubleDouble large =
        exact_sum(k * log2_first, kLogarithms.logarithm.first[i]);
    const DoubleDouble sum = exact_sum(large.first, r);
    const double small = std::fma(k, log2_rest, kLogarithms.logarithm.rest[i]);
    const double rest = (large.rest + sum.rest) +
                        (small + (series + std::fma(-rest_of_r, r, rest_of_r)));
    const bool usual = (x > 1e-290) & (x < 1e290);
    return usual ? settled_sum(sum.first, rest) : kInDoubt;
}

/// atan(i / 64) for i from 0 to 64.
inline constexpr Table<65> kArcTangents = [] {
    Table<65> table;
    DoubleDouble sum{};
    for (std::size_t i = 1; i < 65; ++i) {
        // atan a - atan b = atan((a - b) / (1 + a b)), of a = i / 64.
        const auto product = static_cast<double>(i * (i - 1));
        const DoubleDouble step = arc_tangent_series(
            DoubleDouble{64.0} / DoubleDouble{4096.0 + product}, 1.0);
        sum = i == 1 ? step : sum + step;
        table.put(i, sum);
    }
    return table;
}();

/// atan2(y, x), or NaN in doubt.
[[nodiscard]] inline double settled_azimuth(double y, double x) {
    const double absolute_x = std::fabs(x);
    const double absolute_y = std::fabs(y);
    const bool steep = absolute_y > absolute_x;
    const double longer = steep ? absolute_y : absolute_x;
    const double shorter = steep ? absolute_x : absolute_y;
    // atan(shorter / longer) = atan(c) + atan(t), c a multiple of 1/64, |t| <= 1/128.
    const bool usual = (longer > 1e-140) & (longer < 1e140) &
                       ((shorter > longer * 1e-140) | (shorter == 0.0));
    const double ratio = usual ? shorter / longer : 0.0;
    const auto i = static_cast<std::int32_t>(ratio * 64.0 + 0.5);
    const double c = static_cast<double>(i) / 64.0;
    const double above = std::fma(-c, longer, shorter);
    const double below = std::fma(c, shorter, longer);
    const double rest_below = std::fma(c, shorter, longer - below);
    const double inverse = 1.0 / below;
    const double t = above * inverse;
    const double rest_of_t = (std::fma(-t, below, above) - t * rest_below) * inverse;
    const double square = t * t;
    double series = 1.0 / 9.0;
    series = std::fma(series, square, -1.0 / 7.0);
    series = std::fma(series, square, 1.0 / 5.0);
    series = std::fma(series, square, -1.0 / 3.0);
    series = series * (square * t);
    const auto entry = static_cast<std::size_t>(i);
    // Where it turns: 0, a quarter or half a turn, and from there back or forth.
    constexpr double half_pi = 0.5 * std::numbers::pi;
    constexpr double half_pi_rest = 0x1.1a62633145c07p-54;
    const double quarters = steep ? 1.0 : (x < 0.0 ? 2.0 : 0.0);
    const double sign = steep == (x < 0.0) ? 1.0 : -1.0;
    const DoubleDouble base =
        exact_sum(quarters * half_pi, sign * kArcTangents.first[entry]);
    const DoubleDouble sum = exact_sum(base.first, sign * t);
    const double small = kArcTangents.rest[entry] + (series + rest_of_t);
    const double rest =
        (base.rest + sum.rest) + std::fma(quarters, half_pi_rest, sign * small);
    const double angle = settled_sum(sum.first, rest);
    return usual ? std::copysign(angle, y) : kInDoubt;
}

}  // namespace oddjet
