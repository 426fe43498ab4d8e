#include "distance_statistic.hpp"

#include <array>
#include <cmath>

#include "message.hpp"

namespace oddjet {
namespace {

/// The weights of all ordered pairs, triples and quadruples of different events: k!
/// times the elementary symmetric polynomials, whose recursion subtracts nothing.
std::array<double, 3> weights_of_tuples(const Fractions& fractions) {
    double one = 0.0;
    double two = 0.0;
    double three = 0.0;
    double four = 0.0;
    for (std::size_t i = 0; i < fractions.size(); ++i) {
        const double p = fractions[i];
        four += p * three;
        three += p * two;
        two += p * one;
        one += p;
    }
    return {2.0 * two, 6.0 * three, 24.0 * four};
}

// A few hundred additions, each rounded at 1.1e-16.
constexpr double kRounding = 1e-13;

Centring unbiased(const Fractions& fractions) {
    const auto n = static_cast<double>(fractions.size());
    std::size_t counted = 0;
    for (std::size_t i = 0; i < fractions.size(); ++i) counted += fractions[i] != 0.0;
    if (counted < 4) {
        refuse("distance_correlation: the unbiased statistic needs >= 4 events of ",
               "non-zero weight, got ", counted);
    }
    if (fractions.are_equal()) {
        return {n / (n - 2.0), 0.0, n * n / ((n - 1.0) * (n - 2.0)),
                0.0,           0.0, kRounding};
    }
    const auto [pairs, triples, quadruples] = weights_of_tuples(fractions);
    if (!(pairs > 0.0 && triples > 0.0 && quadruples > 0.0)) {
        refuse(
            "distance_correlation: the weights of all pairs, triples and quadruples ",
            "of different events must sum to > 0, got ", pairs, ", ", triples, " and ",
            quadruples);
    }
    // mean of a_12 b_12 - 2 mean of a_12 b_13 + mean of a_12 b_34 over different
    // events, with sums over all events less those over tuples with a repeated one.
    return {pairs / triples, 2.0 * pairs / quadruples, pairs / quadruples,
            pairs / triples, 2.0 * pairs / quadruples, kRounding};
}

}  // namespace

DistanceStatistic distance_statistic_from_name(std::string_view name) {
    if (name == "distance_correlation") return DistanceStatistic::kCorrelation;
    if (name == "distance_correlation_squared") return DistanceStatistic::kSquared;
    if (name == "distance_correlation_squared_unbiased") {
        return DistanceStatistic::kSquaredUnbiased;
    }
    refuse("statistic must be distance_correlation, distance_correlation_squared or ",
           "distance_correlation_squared_unbiased, got '", name, "'");
}

Fractions::Fractions(const Column& weights, double total)
    : events_(weights.size()),
      weights_(weights.doubles(0, weights.size(), converted_)),
      total_(total) {}

Buffer<double> Fractions::of(std::span<const std::uint32_t> events,
                             Workspace& workspace) const {
    Buffer<double> fractions(events.size(), workspace);
    // Waits for memory first, divisions side by side after it.
    for (std::size_t k = 0; k < events.size(); ++k) fractions[k] = weights_[events[k]];
    for (double& fraction : fractions) fraction /= total_;
    return fractions;
}

Fractions as_fractions(const std::optional<Column>& weights, std::size_t events) {
    if (!weights) return Fractions(events);
    if (weights->size() != events) {
        refuse("distance_correlation: weights must have one value an event, ", events,
               ", got ", weights->size());
    }
    RunningSum sum;
    bool are_equal = true;
    for (std::size_t i = 0; i < events; ++i) {
        const double weight = (*weights)[i];
        if (!std::isfinite(weight)) {
            refuse("distance_correlation: weight ", i, " is non-finite, ", weight);
        }
        sum.add(weight);
        are_equal = are_equal && weight == (*weights)[0];
    }
    const double total = sum.value();
    if (!(total > 0.0 && std::isfinite(total))) {
        refuse("distance_correlation: the sum of weights must be finite and > 0, got ",
               total);
    }
    return are_equal ? Fractions(events) : Fractions(*weights, total);
}

Centring centring_of(DistanceStatistic statistic, const Fractions& fractions) {
    if (statistic == DistanceStatistic::kSquaredUnbiased) return unbiased(fractions);
    return {};
}

double Centring::variance(double sum, double largest_mean, double grand_mean) const {
    // Of two events at the largest distance one has at least half of it on average.
    const bool is_rounding = sum <= rounding * largest_mean * std::fabs(grand_mean);
    return is_rounding ? 0.0 : sum;
}

Ratio ratio_of(DistanceStatistic statistic, double covariance, double first_variance,
               double second_variance) {
    const bool is_unbiased = statistic == DistanceStatistic::kSquaredUnbiased;
    if (!(first_variance > 0.0 && second_variance > 0.0)) return {};
    if (!(covariance > 0.0 || is_unbiased)) return {};
    // Two roots: the product of the variances may underflow.
    const double norm = std::sqrt(first_variance) * std::sqrt(second_variance);
    const double squared = covariance / norm;
    Ratio ratio{squared, 1.0 / norm, -0.5 * squared / first_variance,
                -0.5 * squared / second_variance};
    if (statistic != DistanceStatistic::kCorrelation) return ratio;
    ratio.value = std::sqrt(squared);
    const double chain = 0.5 / ratio.value;
    ratio.by_covariance *= chain;
    ratio.by_first_variance *= chain;
    ratio.by_second_variance *= chain;
    return ratio;
}

}  // namespace oddjet
