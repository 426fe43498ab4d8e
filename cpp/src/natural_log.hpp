#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <numbers>

namespace oddjet {

// Logarithm and exponential for loops over many numbers: without branches and tables,
// so that compilers make vector instructions of them. Right to 4e-16 of the result (or,
// for logarithms of numbers near one, of one).

/// The polynomial with these coefficients, an even number of them, that of the highest
/// power first. Even and odd powers are two chains of additions, not one of twice the
/// length: a processor waits for either as long as it takes.
template <std::size_t size>
[[nodiscard]] inline double polynomial(const std::array<double, size>& terms,
                                       double x) {
    static_assert(size % 2 == 0);
    const double square = x * x;
    double odd = terms[0];
    double even = terms[1];
    for (std::size_t i = 2; i < size; i += 2) {
        odd = odd * square + terms[i];
        even = even * square + terms[i + 1];
    }
    return odd * x + even;
}

// log 2 in two parts: a power of two times the first is exact.
inline constexpr double kLog2First = 0x1.62e42feep-1;
inline constexpr double kLog2Rest = 0x1.a39ef35793c76p-33;

/// Natural logarithm of a positive, normal, finite number.
[[nodiscard]] inline double natural_log(double x) {
    // x = 2^k m with m in [sqrt(1/2), sqrt(2)), log m = 2 atanh(s) with s at most
    // 0.172.
    constexpr std::uint64_t root_half =
        std::bit_cast<std::uint64_t>(0.5 * std::numbers::sqrt2);
    constexpr std::uint64_t one = std::bit_cast<std::uint64_t>(1.0);
    constexpr std::uint64_t mantissa = (std::uint64_t{1} << 52) - 1;
    const std::uint64_t shifted = std::bit_cast<std::uint64_t>(x) + (one - root_half);
    const std::uint64_t power = shifted >> 52;  // k + 1023
    const double m = std::bit_cast<double>((shifted & mantissa) + root_half);
    // An integer below 2^52 as a double: as the last bits of 2^52, which is taken away.
    const double k =
        std::bit_cast<double>(power | std::bit_cast<std::uint64_t>(0x1p52)) -
        (0x1p52 + 1023.0);
    const double s = (m - 1.0) / (m + 1.0);
    const double z = s * s;
    constexpr std::array atanh_series = {1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15,
                                         1.0 / 13, 1.0 / 11, 1.0 / 9,  1.0 / 7,
                                         1.0 / 5,  1.0 / 3};
    const double series = polynomial(atanh_series, z);
    return k * kLog2First + (2.0 * s + (2.0 * s * z * series + k * kLog2Rest));
}

/// 1/13!, 1/12!, ..., 1/0!
inline constexpr auto kInverseFactorials = [] {
    std::array<double, 14> terms{};
    double factorial = 1.0;
    for (std::size_t n = 0; n < terms.size(); ++n) {
        if (n > 0) factorial *= static_cast<double>(n);
        terms[terms.size() - 1 - n] = 1.0 / factorial;
    }
    return terms;
}();

/// e^x for 0 <= x <= 709.
[[nodiscard]] inline double exponential(double x) {
    constexpr double to_integer = 0x1.8p52;  // sums with it have no fractional bits
    const double shifted = x * std::numbers::log2e + to_integer;
    const double k = shifted - to_integer;
    const double r = (x - k * kLog2First) - k * kLog2Rest;  // at most log(2) / 2
    const double series = polynomial(kInverseFactorials, r);
    const std::uint64_t power = std::bit_cast<std::uint64_t>(shifted) << 52;
    return std::bit_cast<double>(std::bit_cast<std::uint64_t>(series) + power);
}

}  // namespace oddjet
