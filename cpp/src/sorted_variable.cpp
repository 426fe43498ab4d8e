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

/// Of weights, and of values that they weigh.
WeightedTotals totals(const SortedVariable& variable, Weights weights) {
    RunningSum weight;
    RunningSum moment;
    for (std::size_t k = 0; k < weights.size(); ++k) {
        weight.add(weights[k]);
        moment.add(weights[k] * variable.value[k]);
    }
    return {weight.value(), moment.value()};
}

}  // namespace

SortedVariable::SortedVariable(std::span<const double> values, bool with_positions,
                               Workspace& workspace)
    : position(with_positions ? values.size() : 0, workspace) {
    Ascending sorted = ascending(values, workspace);
    order = std::move(sorted.order);
    value = std::move(sorted.value);
    // Sums of values far from zero would cancel: the median is among the values,
    // whatever the weights, and most are near it.
    scale = scale_of(value.front(), value.back());
    const double median = value[values.size() / 2] * scale;
    double before = value.front();
    for (std::size_t k = 0; k < values.size(); ++k) {
        const double given = value[k];
        if (k > 0 && given == before) {
            if (ties.empty() || ties.back().end != k) ties.push_back({k - 1, k});
            ties.back().end = k + 1;
        }
        before = given;
        value[k] = given * scale - median;
        if (with_positions) position[order[k]] = static_cast<std::uint32_t>(k);
    }
}

SortedVariable SortedVariable::given_to(std::span<const std::int64_t> to) const {
    SortedVariable given = *this;
    for (std::size_t i = 0; i < to.size(); ++i) {
        given.position[i] = position[static_cast<std::size_t>(to[i])];
        given.order[given.position[i]] = static_cast<std::uint32_t>(i);
    }
    return given;
}

Buffer<double> squares_of(Weights values, Workspace& workspace) {
    Buffer<double> squares(values.size(), workspace);
    for (std::size_t k = 0; k < squares.size(); ++k) squares[k] = values[k] * values[k];
    return squares;
}

VariableSums::VariableSums(const SortedVariable& variable, Weights fractions,
                           const Centring& centring, bool for_gradient,
                           Workspace& workspace)
    : each(fractions.size(), workspace),
      bracket_constant(for_gradient ? fractions.size() : 0, workspace),
      bracket_slope(for_gradient && centring.weighs_distances() ? fractions.size() : 0,
                    workspace) {
    const WeightedTotals all = totals(variable, fractions);
    const double all_moment = all.rows;
    weight = all.weights;
    set_mean_distances(variable, fractions, all_moment, centring);
    // Of two equal variables, sum_j p_j sgn(value_i - value_j) b_ij is
    // sum_j p_j (value_i - value_j); likewise with p^2.
    WeightedTotals squares{0.0, 0.0};
    if (centring.weighs_distances()) {
        squares = totals(variable, squares_of(fractions, workspace));
    }
    RunningSum euler;
    visit_signed_sums(
        variable, fractions, {weight, weighted_rows},
        [&](std::size_t k) {
            return centring.row_term(fractions[k], each[k].mean_distance);
        },
        [&](std::size_t k, double /*row*/, double signs, double signed_rows) {
            const auto [value, mean] = each[k];
            const double distances = value * weight - all_moment;
            const double square_distances = value * squares.weights - squares.rows;
            const double centre = centring.grand * grand_mean - centring.row * mean;
            Bracket bracket{distances + centring.linear * square_distances +
                                centre * signs - signed_rows,
                            0.0};
            double sum = bracket.constant;
            if (centring.weighs_distances()) {
                bracket.slope = centring.linear * distances +
                                centring.product * square_distances -
                                centring.row_own * mean * signs;
                sum += bracket.slope * fractions[k];
            }
            if (for_gradient) keep(k, bracket);
            euler.add(fractions[k] * value * sum);
        });
    // Homogeneous of degree two in the values: sum_i value_i d/dvalue_i is twice it.
    variance = centring.variance(2.0 * euler.value(), largest_mean, grand_mean);
}

void VariableSums::set_mean_distances(const SortedVariable& variable, Weights fractions,
                                      double all_moment, const Centring& centring) {
    RunningSum below;
    RunningSum moment;
    RunningSum grand;
    RunningSum rows;
    for (std::size_t k = 0; k < fractions.size(); ++k) {
        const double value = variable.value[k];
        const double mean = value * (2.0 * below.value() - weight) -
                            (2.0 * moment.value() - all_moment);
        each[k] = {value, mean};
        largest_mean = std::max(largest_mean, mean);
        below.add(fractions[k]);
        moment.add(fractions[k] * value);
        grand.add(fractions[k] * mean);
        rows.add(fractions[k] * centring.row_term(fractions[k], mean));
    }
    grand_mean = grand.value();
    weighted_rows = rows.value();
}

}  // namespace oddjet
