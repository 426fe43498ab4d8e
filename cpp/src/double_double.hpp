#pragma once

namespace oddjet {

/// An unevaluated sum of two doubles, about 105 bits: for tables that are made while
/// compiling. `rest` is at most half a last place of `first`.
struct DoubleDouble {
    double first = 0.0;
    double rest = 0.0;
};

/// a + b without an error, |a| >= |b| or a = 0 (Dekker, Numerische Mathematik 18, 224).
[[nodiscard]] constexpr DoubleDouble exact_sum(double a, double b) {
    const double sum = a + b;
    return {sum, b - (sum - a)};
}

/// a b without an error, in halves of 26 bits (ibid.).
[[nodiscard]] constexpr DoubleDouble exact_product(double a, double b) {
    constexpr double splitter = 134217729.0;  // 2^27 + 1
    const double a_high = splitter * a - (splitter * a - a);
    const double b_high = splitter * b - (splitter * b - b);
    const double a_low = a - a_high;
    const double b_low = b - b_high;
    const double product = a * b;
    const double rest =
        ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
    return {product, rest};
}

/// |a| >= |b| or a = 0.
[[nodiscard]] constexpr DoubleDouble operator+(const DoubleDouble& a,
                                               const DoubleDouble& b) {
    const DoubleDouble sum = exact_sum(a.first, b.first);
    return exact_sum(sum.first, sum.rest + (a.rest + b.rest));
}

[[nodiscard]] constexpr DoubleDouble operator*(const DoubleDouble& a,
                                               const DoubleDouble& b) {
    const DoubleDouble product = exact_product(a.first, b.first);
    return exact_sum(product.first,
                     product.rest + (a.first * b.rest + a.rest * b.first));
}

[[nodiscard]] constexpr DoubleDouble operator/(const DoubleDouble& a,
                                               const DoubleDouble& b) {
    const double quotient = a.first / b.first;
    const DoubleDouble back = b * DoubleDouble{quotient};
    const double rest = ((a.first - back.first) + (a.rest - back.rest)) / b.first;
    return exact_sum(quotient, rest);
}

/// t - s t^3 / 3 + t^5 / 5 - s t^7 / 7 ...: atan t for s = 1, atanh t for s = -1; for
/// |t| < 0.02.
[[nodiscard]] constexpr DoubleDouble arc_tangent_series(const DoubleDouble& t,
                                                        double s) {
    const DoubleDouble square = t * t;
    DoubleDouble sum{};
    for (int power = 19; power > 1; power -= 2) {
        const double sign = (power / 2) % 2 == 1 ? -s : 1.0;
        const DoubleDouble term =
            DoubleDouble{sign} / DoubleDouble{static_cast<double>(power)};
        sum = term + square * sum;
    }
    return t + t * (square * sum);
}

}  // namespace oddjet
