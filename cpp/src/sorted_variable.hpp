#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "buffer.hpp"
#include "distance_statistic.hpp"
#include "numbers.hpp"

namespace oddjet {

/// Positions [begin, end), two or more, of equal values.
struct Tie {
    std::size_t begin;
    std::size_t end;
};

/// The values of a variable by position in ascending order, and who they belong to.
struct SortedVariable {
    Buffer<std::uint32_t> order;     // the event at a position
    Buffer<std::uint32_t> position;  // of an event, if asked for
    Buffer<double> value;            // input * scale - median, by position
    std::vector<Tie> ties;           // ascending
    double scale = 1.0;              // a power of two: multiplying is exact

    SortedVariable(std::span<const double> values, bool with_positions,
                   Workspace& workspace);

    /// The same values in other hands: that of event to[i] goes to event i. It has
    /// positions.
    [[nodiscard]] SortedVariable given_to(std::span<const std::int64_t> to) const;

    /// function(begin, end) for each run of equal values, single ones too.
    template <class Function>
    void for_each_run(const Function& function) const {
        auto tie = ties.begin();
        for (std::size_t begin = 0; begin < order.size();) {
            const bool is_tie = tie != ties.end() && tie->begin == begin;
            const std::size_t end = is_tie ? (tie++)->end : begin + 1;
            function(begin, end);
            begin = end;
        }
    }
};

/// By position, as everything below.
using Weights = Numbers;

[[nodiscard]] Buffer<double> squares_of(Weights values, Workspace& workspace);

/// Sums over all events of the weights, and of what they weigh.
struct WeightedTotals {
    double weights;
    double rows;
};

/// visit(k, row(k), S, R) at every position k, with the sums over the other positions j
/// S = sum_j weight_j sgn(value_k - value_j) and R, the same of weight_j row(j).
template <class Row, class Visit>
void visit_signed_sums(const SortedVariable& variable, Weights weights,
                       const WeightedTotals& all, const Row& row, const Visit& visit) {
    RunningSum weights_below;
    RunningSum rows_below;
    variable.for_each_run([&](std::size_t begin, std::size_t end) {
        // Equal values have sgn = 0: they count half as below and half as above.
        double signs = weights_below.value() - all.weights;
        double signed_rows = rows_below.value() - all.rows;
        for (std::size_t k = begin; k < end; ++k) {
            weights_below.add(weights[k]);
            rows_below.add(weights[k] * row(k));
        }
        signs += weights_below.value();
        signed_rows += rows_below.value();
        for (std::size_t k = begin; k < end; ++k) visit(k, row(k), signs, signed_rows);
    });
}

/// What the partner of an event in a pair wants to know of it, in one piece: the orders
/// of two variables agree in nothing, so that each look is a wait for memory.
struct ValueAndMean {
    double value;
    double mean_distance;  // m_i of `Centring`
};

/// What a variable brings to every pair that it is in.
struct VariableSums {
    Buffer<ValueAndMean> each;   // by position
    double grand_mean = 0.0;     // m
    double largest_mean = 0.0;   // of m_i, and zero
    double weight = 0.0;         // sum_i p_i
    double weighted_rows = 0.0;  // sum_i p_i h_i
    double variance = 0.0;       // dVar^2
    // Kept for a gradient: d dVar^2 / d value_i = 4 p_i (constant + slope p_i); no
    // slope: zero
    Buffer<double> bracket_constant;
    Buffer<double> bracket_slope;

    VariableSums(const SortedVariable& variable, Weights fractions,
                 const Centring& centring, bool for_gradient, Workspace& workspace);

  private:
    struct Bracket {
        double constant;
        double slope;
    };

    void set_mean_distances(const SortedVariable& variable, Weights fractions,
                            double all_moment, const Centring& centring);

    void keep(std::size_t k, const Bracket& bracket) {
        bracket_constant[k] = bracket.constant;
        if (!bracket_slope.empty()) bracket_slope[k] = bracket.slope;
    }
};

}  // namespace oddjet
