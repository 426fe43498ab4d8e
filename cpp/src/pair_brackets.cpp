#include "pair_brackets.hpp"

#include <algorithm>
#include <utility>

#include "oddjet/parallel.hpp"

// The statistics are linear in the distances a_ij = |x_i - x_j| of one variable, with
// coefficients B_ij made of those of the other (see `Centring`). Hence, with
//   G_i = sum_j p_j sgn(x_i - x_j) B_ij   (the bracket of event i)
// d dCov^2 / d x_i = 2 p_i G_i and, by Euler's theorem, dCov^2 = 2 sum_i p_i x_i G_i.
// All of B_ij but b_ij itself are row terms, summed along the order of x. What remains
// is
//   T_i = sum_j p_j sgn(x_i - x_j) |y_i - y_j|
//       = sum_j p_j sgn(x_i - x_j) sgn(y_i - y_j) (y_i - y_j),
// which takes the sums of p_j and of p_j y_j with these two signs.

namespace oddjet {
namespace {

void sort_each(const std::vector<Tie>& ties, Buffer<std::uint32_t>& partners) {
    for (const Tie& tie : ties) {
        std::sort(partners.begin() + static_cast<std::ptrdiff_t>(tie.begin),
                  partners.begin() + static_cast<std::ptrdiff_t>(tie.end));
    }
}

}  // namespace

KnownVariable::KnownVariable(SortedVariable variable, const Fractions& events,
                             const Centring& centring, const AskedFor& asked,
                             Workspace& workspace)
    : sorted(std::move(variable)),
      own_fractions(events.are_equal() ? Buffer<double>()
                                       : events.of(sorted.order, workspace)),
      fractions(events.are_equal() ? Weights::repeated(events.equal(), events.size())
                                   : Weights(own_fractions)),
      sums(sorted, fractions, centring, asked.gradient, workspace),
      values(sorted.value) {
    // The values are there twice, once beside the mean distances.
    if (asked.looked_at) {
        values = Numbers::members(sums.each, &ValueAndMean::value);
        sorted.value = Buffer<double>();
    } else {
        sums.each = Buffer<ValueAndMean>();
    }
}

PairOrder::PairOrder(const KnownVariable& known_first,
                     const KnownVariable& known_second, const Fractions& fractions,
                     Workspace& workspace)
    : partners_{Buffer<std::uint32_t>(fractions.size(), workspace),
                Buffer<std::uint32_t>(fractions.size(), workspace)},
      events_{known_first.sorted.order, known_second.sorted.order},
      fractions_{known_first.fractions, known_second.fractions} {
    const SortedVariable& first = known_first.sorted;
    const SortedVariable& second = known_second.sorted;
    auto& [ranks, places] = partners_;  // in second, by place in first; and back
    for (std::size_t k = 0; k < ranks.size(); ++k) {
        ranks[k] = second.position[first.order[k]];
        places[ranks[k]] = static_cast<std::uint32_t>(k);
    }
    if (first.ties.empty() && second.ties.empty()) return;
    order_ties(first, second, workspace);
    if (fractions.are_equal()) return;
    for (std::size_t side = 0; side < 2; ++side) {
        reordered_fractions_[side] = fractions.of(events_[side], workspace);
        fractions_[side] = reordered_fractions_[side];
    }
}

void PairOrder::order_ties(const SortedVariable& first, const SortedVariable& second,
                           Workspace& workspace) {
    auto& [ranks, places] = partners_;
    auto& [by_first, by_second] = reordered_;
    by_first = Buffer<std::uint32_t>(ranks.size(), workspace);
    by_second = Buffer<std::uint32_t>(ranks.size(), workspace);
    sort_each(second.ties, places);
    for (std::size_t r = 0; r < places.size(); ++r) {
        by_second[r] = first.order[places[r]];
        ranks[places[r]] = static_cast<std::uint32_t>(r);
    }
    sort_each(first.ties, ranks);
    for (std::size_t k = 0; k < ranks.size(); ++k) {
        by_first[k] = by_second[ranks[k]];
        places[ranks[k]] = static_cast<std::uint32_t>(k);
    }
    events_ = {by_first, by_second};
}

PairBrackets::PairBrackets(const KnownVariable& first, const KnownVariable& second,
                           const Fractions& fractions, const Centring& centring,
                           Workspace& workspace)
    : variables_{&first, &second},
      order_(first, second, fractions, workspace),
      centring_(centring),
      workspace_(workspace) {}

void PairBrackets::find(bool first, bool second, int threads) {
    const std::size_t side = first ? 0 : 1;
    const bool both = first && second;
    for_each_index(both ? 2 : 1, threads,
                   [&](std::size_t i) { look_at_partners(both ? i : side); });
    brackets_ =
        distances({order_.fractions(0), order_.fractions(1)}, side, both, threads);
    Sides square_distances;
    if (centring_.weighs_distances()) {
        const auto by_first = squares_of(order_.fractions(0), workspace_);
        const auto by_second = squares_of(order_.fractions(1), workspace_);
        square_distances = distances({by_first, by_second}, side, both, threads);
    }
    for_each_index(both ? 2 : 1, threads, [&](std::size_t i) {
        const std::size_t each = both ? i : side;
        set_brackets(each, square_distances[each]);
    });
}

std::vector<double> PairBrackets::gradient(std::size_t side, const Ratio& ratio) const {
    const SortedVariable& sorted = variables_[side]->sorted;
    const VariableSums& sums = variables_[side]->sums;
    const Weights fractions = order_.fractions(side);
    const auto events = order_.events(side);
    std::vector<double> gradient = lasting(events.size(), 0.0);
    if (ratio.by_covariance == 0.0) return gradient;
    const double by_covariance = 2.0 * ratio.by_covariance * sorted.scale;
    const double by_variance =
        4.0 * (side == 0 ? ratio.by_first_variance : ratio.by_second_variance) *
        sorted.scale;
    for (std::size_t k = 0; k < events.size(); ++k) {
        const double p = fractions[k];
        double own = sums.bracket_constant[k];
        if (!sums.bracket_slope.empty()) own += sums.bracket_slope[k] * p;
        gradient[events[k]] =
            p * (by_covariance * brackets_[side][k] + by_variance * own);
    }
    return gradient;
}

void PairBrackets::look_at_partners(std::size_t side) {
    const auto partners = order_.partners(side);
    const auto& others = variables_[1 - side]->sums.each;
    const Weights fractions = order_.fractions(side);
    auto& values = partner_values_[side] = Buffer<double>(partners.size(), workspace_);
    auto& rows = partner_rows_[side] = Buffer<double>(partners.size(), workspace_);
    for (std::size_t k = 0; k < partners.size(); ++k) {
        const auto [value, mean_distance] = others[partners[k]];
        values[k] = value;
        rows[k] = centring_.row_term(fractions[k], mean_distance);
    }
}

/// T_i of a side or of both, by position in the side's variable.
PairBrackets::Sides PairBrackets::distances(std::array<Weights, 2> weights,
                                            std::size_t side, bool both,
                                            int threads) const {
    const auto order = [&](std::size_t each) {
        return OneOrder{order_.partners(each), weights[each], variables_[each]->values,
                        partner_values_[each]};
    };
    const std::size_t other = 1 - side;
    auto [of_side, of_other] =
        signed_distances(order(side), order(other), both, threads, workspace_);
    correct_ties(side, weights[side], of_side);
    if (both) correct_ties(other, weights[other], of_other);
    Sides found;
    found[side] = std::move(of_side);
    found[other] = std::move(of_other);
    return found;
}

/// By position, equal values took part with a sign. In a tie the other variable
/// ascends, so that what they gave is sum_j p_j (y_i - y_j).
void PairBrackets::correct_ties(std::size_t side, Weights weights,
                                std::span<double> distances) const {
    const auto& other = partner_values_[side];
    for (const Tie& tie : variables_[side]->sorted.ties) {
        double weight = 0.0;
        double moment = 0.0;
        for (std::size_t k = tie.begin; k < tie.end; ++k) {
            weight += weights[k];
            moment += weights[k] * other[k];
        }
        for (std::size_t k = tie.begin; k < tie.end; ++k) {
            distances[k] -= other[k] * weight - moment;
        }
    }
}

/// G_i by position and dCov^2, in the place of T_i; if distances are weighed, with T_i
/// of p^2.
void PairBrackets::set_brackets(std::size_t side,
                                const Buffer<double>& square_distances) {
    const Weights fractions = order_.fractions(side);
    const VariableSums& other = variables_[1 - side]->sums;
    auto& brackets = brackets_[side];
    if (!square_distances.empty()) {
        for (std::size_t k = 0; k < brackets.size(); ++k) {
            const double p = fractions[k];
            brackets[k] =
                brackets[k] * (1.0 + centring_.linear * p) +
                square_distances[k] * (centring_.linear + centring_.product * p);
        }
    }
    const double grand = centring_.grand * other.grand_mean;
    const auto& rows = partner_rows_[side];
    const Numbers values = variables_[side]->values;
    RunningSum euler;
    visit_signed_sums(
        variables_[side]->sorted, fractions, {other.weight, other.weighted_rows},
        [&](std::size_t k) { return rows[k]; },
        [&](std::size_t k, double its_row, double signs, double signed_rows) {
            brackets[k] += (grand - its_row) * signs - signed_rows;
            euler.add(fractions[k] * values[k] * brackets[k]);
        });
    covariances_[side] = 2.0 * euler.value();
}

}  // namespace oddjet
