#include "sorted_variable.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ascending.hpp"

namespace oddjet {
namespace {

/// A power of two that brings the larger end of the sorted values to order one.
double scale_of(double lowest, double highest) {
    const double largest = std::max(std::fabs(lowest), std::fabs(highest));
    int exponent = 0;
    (void)std::frexp(largest, &exponent);
    return std::ldexp(1.0, -std::max(exponent, -1000));
}

double product_sum(std::span<const double> a, std::span<const double> b) {
    RunningSum sum;
    for (std::size_t k = 0; k < a.size(); ++k) sum.add(a[k] * b[k]);
    return sum.value();
}

double sum_of(std::span<const double> terms) {
    RunningSum sum;
    for (const double term : terms) sum.add(term);
    return sum.value();
}

}  // namespace

SortedVariable::SortedVariable(std::span<const double> values)
    : position(values.size()) {
    Ascending sorted = ascending(values);
    order = std::move(sorted.order);
    value = std::move(sorted.value);
    const std::size_t n = values.size();
    for (std::size_t k = 0; k < n; ++k) {
        position[order[k]] = static_cast<std::uint32_t>(k);
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

std::vector<double> SortedVariable::by_position(
    std::span<const double> by_event) const {
    std::vector<double> gathered(order.size());
    for (std::size_t k = 0; k < order.size(); ++k) gathered[k] = by_event[order[k]];
    return gathered;
}

std::vector<double> squares_of(Weights values) {
    std::vector<double> squares(values.size());
    std::ranges::transform(values, squares.begin(), [](double x) { return x * x; });
    return squares;
}

std::vector<double> summed_distances(const SortedVariable& variable, Weights weights) {
    RunningSum weight;
    RunningSum moment;
    std::vector<double> distances(weights.size());
    for (std::size_t k = 0; k < distances.size(); ++k) {
        const double value = variable.value[k];
        distances[k] = 2.0 * (value * weight.value() - moment.value());  // twice below
        weight.add(weights[k]);
        moment.add(weights[k] * value);
    }
    const double all_weight = weight.value();
    const double all_moment = moment.value();
    for (std::size_t k = 0; k < distances.size(); ++k) {
        distances[k] += all_moment - variable.value[k] * all_weight;
    }
    return distances;
}

VariableSums::VariableSums(const SortedVariable& variable, Weights fractions,
                           const Centring& centring)
    : mean_distance(summed_distances(variable, fractions)),
      grand_mean(product_sum(fractions, mean_distance)),
      bracket_constant(fractions.size()) {
    // Of two equal variables, sum_j p_j sgn(value_i - value_j) b_ij is
    // sum_j p_j (value_i - value_j); likewise with p^2.
    const double weight = sum_of(fractions);
    const double moment = product_sum(fractions, variable.value);
    double square_weight = 0.0;
    double square_moment = 0.0;
    if (centring.weighs_distances()) {
        const std::vector<double> squares = squares_of(fractions);
        square_mean_distance = summed_distances(variable, squares);
        square_weight = sum_of(squares);
        square_moment = product_sum(squares, variable.value);
        bracket_slope.resize(fractions.size());
    }
    RunningSum euler;
    visit_signed_sums(
        variable, fractions,
        [&](std::size_t k) {
            return centring.row_term(fractions[k], mean_distance[k]);
        },
        [&](std::size_t k, double signs, double signed_rows) {
            const double value = variable.value[k];
            const double distances = value * weight - moment;
            const double square_distances = value * square_weight - square_moment;
            const double centre =
                centring.grand * grand_mean - centring.row * mean_distance[k];
            bracket_constant[k] = distances + centring.linear * square_distances +
                                  centre * signs - signed_rows;
            double bracket = bracket_constant[k];
            if (centring.weighs_distances()) {
                bracket_slope[k] = centring.linear * distances +
                                   centring.product * square_distances -
                                   centring.row_own * mean_distance[k] * signs;
                bracket += bracket_slope[k] * fractions[k];
            }
            euler.add(fractions[k] * value * bracket);
        });
    // Homogeneous of degree two in the values: sum_i value_i d/dvalue_i is twice it.
    variance = centring.variance(2.0 * euler.value(), mean_distance, grand_mean);
}

}  // namespace oddjet
