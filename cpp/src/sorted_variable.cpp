#include "sorted_variable.hpp"

#include <algorithm>
#include <cmath>

#include "ascending_order.hpp"

namespace oddjet {
namespace {

/// A power of two that brings the larger end of the sorted values to order one.
double scale_of(double lowest, double highest) {
    const double largest = std::max(std::fabs(lowest), std::fabs(highest));
    int exponent = 0;
    (void)std::frexp(largest, &exponent);
    return std::ldexp(1.0, -std::max(exponent, -1000));
}

double weighted_sum(const SortedVariable& variable, const EventWeights& weights) {
    CompensatedSum sum;
    for (std::size_t k = 0; k < variable.value.size(); ++k) {
        sum.add(weights.of(variable.order[k]) * variable.value[k]);
    }
    return sum.value();
}

}  // namespace

SortedVariable::SortedVariable(std::span<const double> values)
    : order(ascending_order(values)), position(values.size()), value(values.size()) {
    const std::size_t n = values.size();
    for (std::size_t k = 0; k < n; ++k) {
        position[order[k]] = static_cast<std::uint32_t>(k);
        value[k] = values[order[k]];
    }
    for (std::size_t k = 1; k < n; ++k) {
        if (value[k] != value[k - 1]) continue;
        if (ties.empty() || ties.back().end != k) ties.push_back({k - 1, k});
        ties.back().end = k + 1;
    }
    // Sums of values far from zero would cancel: the median is among the values,
    // whatever the weights, and most are near it.
    scale = scale_of(value.front(), value.back());
    const double median = value[n / 2] * scale;
    for (double& each : value) each = each * scale - median;
}

SortedVariable SortedVariable::given_to(std::span<const std::int64_t> to) const {
    SortedVariable given = *this;
    for (std::size_t i = 0; i < to.size(); ++i) {
        given.position[i] = position[static_cast<std::size_t>(to[i])];
        given.order[given.position[i]] = static_cast<std::uint32_t>(i);
    }
    return given;
}

std::vector<double> summed_distances(const SortedVariable& variable,
                                     const EventWeights& weights) {
    const double moment = weighted_sum(variable, weights);
    CompensatedSum weight_below;
    CompensatedSum moment_below;
    std::vector<double> distances(variable.value.size());
    for (std::size_t k = 0; k < distances.size(); ++k) {
        const double value = variable.value[k];
        const double weight = weights.of(variable.order[k]);
        distances[k] = value * (2.0 * weight_below.value() - weights.total()) -
                       (2.0 * moment_below.value() - moment);
        weight_below.add(weight);
        moment_below.add(weight * value);
    }
    return distances;
}

VariableSums::VariableSums(const SortedVariable& variable,
                           const EventWeights& fractions, const EventWeights& squares,
                           const Centring& centring)
    : mean_distance(summed_distances(variable, fractions)),
      bracket_constant(variable.value.size()) {
    const auto fraction = [&](std::size_t k) {
        return fractions.of(variable.order[k]);
    };
    CompensatedSum mean;
    for (std::size_t k = 0; k < mean_distance.size(); ++k) {
        mean.add(fraction(k) * mean_distance[k]);
    }
    grand_mean = mean.value();
    // Of two equal variables, sum_j p_j sgn(value_i - value_j) b_ij is
    // sum_j p_j (value_i - value_j); likewise with p^2.
    const double moment = weighted_sum(variable, fractions);
    double square_moment = 0.0;
    if (centring.weighs_distances()) {
        square_mean_distance = summed_distances(variable, squares);
        square_moment = weighted_sum(variable, squares);
        bracket_slope.resize(mean_distance.size());
    }
    CompensatedSum euler;
    const auto row_term = [&](std::size_t k) {
        return centring.row_term(fraction(k), mean_distance[k]);
    };
    visit_signed_sums(variable, fraction, row_term, [&](auto k, auto signs, auto rows) {
        const double value = variable.value[k];
        const double distances = value * fractions.total() - moment;
        const double square_distances = value * squares.total() - square_moment;
        const double centre =
            centring.grand * grand_mean - centring.row * mean_distance[k];
        bracket_constant[k] =
            distances + centring.linear * square_distances + centre * signs - rows;
        double bracket = bracket_constant[k];
        if (centring.weighs_distances()) {
            bracket_slope[k] = centring.linear * distances +
                               centring.product * square_distances -
                               centring.row_own * mean_distance[k] * signs;
            bracket += bracket_slope[k] * fraction(k);
        }
        euler.add(fraction(k) * value * bracket);
    });
    // Homogeneous of degree two in the values: sum_i value_i d/dvalue_i is twice it.
    variance = 2.0 * euler.value();
}

}  // namespace oddjet
