#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "distance_statistic.hpp"

namespace oddjet {

/// Positions [begin, end), two or more, of equal values.
struct Tie {
    std::size_t begin;
    std::size_t end;
};

/// The values of a variable by position in ascending order, and who they belong to.
struct SortedVariable {
    std::vector<std::uint32_t> order;     // the event at a position
    std::vector<std::uint32_t> position;  // of an event
    std::vector<double> value;            // (input - median) * scale, by position
    std::vector<Tie> ties;                // ascending
    double scale = 1.0;                   // a power of two: multiplying is exact

    explicit SortedVariable(std::span<const double> values);

    /// The same values in other hands: that of event to[i] goes to event i.
    [[nodiscard]] SortedVariable given_to(std::span<const std::int64_t> to) const;

    /// What belongs to events, by position.
    [[nodiscard]] std::vector<double> by_position(
        std::span<const double> by_event) const;

    /// function(begin, end) for each run of equal values, single ones too.
    template <class Function>
    void for_each_run(const Function& function) const {
        std::size_t next = 0;
        for (const Tie& tie : ties) {
            for (; next < tie.begin; ++next) function(next, next + 1);
            function(tie.begin, tie.end);
            next = tie.end;
        }
        for (; next < value.size(); ++next) function(next, next + 1);
    }
};

/// By position, as everything below.
using Weights = std::span<const double>;

[[nodiscard]] std::vector<double> squares_of(Weights values);

/// sum_j weight_j |value_i - value_j|.
[[nodiscard]] std::vector<double> summed_distances(const SortedVariable& variable,
                                                   Weights weights);

/// visit(k, S, R) at every position k, with the sums over the other positions j
/// S = sum_j weight_j sgn(value_k - value_j) and R, the same of weight_j row(j).
template <class Row, class Visit>
void visit_signed_sums(const SortedVariable& variable, Weights weights, const Row& row,
                       const Visit& visit) {
    RunningSum all_weights;
    RunningSum all_rows;
    for (std::size_t k = 0; k < weights.size(); ++k) {
        all_weights.add(weights[k]);
        all_rows.add(weights[k] * row(k));
    }
    RunningSum weights_below;
    RunningSum rows_below;
    variable.for_each_run([&](std::size_t begin, std::size_t end) {
        // Equal values have sgn = 0: they count half as below and half as above.
        double signs = weights_below.value() - all_weights.value();
        double signed_rows = rows_below.value() - all_rows.value();
        for (std::size_t k = begin; k < end; ++k) {
            weights_below.add(weights[k]);
            rows_below.add(weights[k] * row(k));
        }
        signs += weights_below.value();
        signed_rows += rows_below.value();
        for (std::size_t k = begin; k < end; ++k) visit(k, signs, signed_rows);
    });
}

/// What a variable brings to every pair that it is in.
struct VariableSums {
    std::vector<double> mean_distance;         // m_i of `Centring`
    std::vector<double> square_mean_distance;  // with p^2, where it weighs distances
    double grand_mean = 0.0;                   // m
    double variance = 0.0;                     // dVar^2
    // d dVar^2 / d value_i = 4 p_i (constant + slope p_i); no slope: zero
    std::vector<double> bracket_constant;
    std::vector<double> bracket_slope;

    VariableSums(const SortedVariable& variable, Weights fractions,
                 const Centring& centring);
};

}  // namespace oddjet
