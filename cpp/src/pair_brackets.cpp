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

void sort_each(const std::vector<Tie>& ties, std::vector<std::uint32_t>& partners) {
    for (const Tie& tie : ties) {
        std::sort(partners.begin() + static_cast<std::ptrdiff_t>(tie.begin),
                  partners.begin() + static_cast<std::ptrdiff_t>(tie.end));
    }
}

}  // namespace

KnownVariable::KnownVariable(SortedVariable variable, const Fractions& events,
                             const Centring& centring)
    : sorted(std::move(variable)),
      own_fractions(events.are_equal ? std::vector<double>()
                                     : sorted.by_position(events.of)),
      fractions(events.are_equal ? Weights(events.of) : Weights(own_fractions)),
      sums(sorted, fractions, centring) {}

PairOrder::PairOrder(const KnownVariable& known_first,
                     const KnownVariable& known_second, const Fractions& fractions)
    : partners_{std::vector<std::uint32_t>(fractions.of.size()),
                std::vector<std::uint32_t>(fractions.of.size())},
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
    order_ties(first, second);
    if (fractions.are_equal) return;
    for (std::size_t side = 0; side < 2; ++side) {
        for (const std::uint32_t event : reordered_[side]) {
            reordered_fractions_[side].push_back(fractions.of[event]);
        }
        fractions_[side] = reordered_fractions_[side];
    }
}

void PairOrder::order_ties(const SortedVariable& first, const SortedVariable& second) {
    auto& [ranks, places] = partners_;
    auto& [by_first, by_second] = reordered_;
    sort_each(second.ties, places);
    by_second.resize(places.size());
    for (std::size_t r = 0; r < places.size(); ++r) {
        by_second[r] = first.order[places[r]];
        ranks[places[r]] = static_cast<std::uint32_t>(r);
    }
    sort_each(first.ties, ranks);
    by_first.resize(ranks.size());
    for (std::size_t k = 0; k < ranks.size(); ++k) {
        by_first[k] = by_second[ranks[k]];
        places[ranks[k]] = static_cast<std::uint32_t>(k);
    }
    events_ = {by_first, by_second};
}

PairBrackets::PairBrackets(const KnownVariable& first, const KnownVariable& second,
                           const Fractions& fractions, const Centring& centring)
    : variables_{&first, &second},
      order_(first, second, fractions),
      centring_(centring) {}

void PairBrackets::find(bool first, bool second, int threads) {
    constexpr std::array<std::size_t, 2> sides = {0, 1};
    const std::span<const std::size_t> all(sides);
    if (first && second) return find_sides<4>(all, threads);
    find_sides<2>(all.subspan(first ? 0 : 1, 1), threads);
}

double PairBrackets::covariance(std::size_t side) const {
    RunningSum sum;
    const Weights fractions = order_.fractions(side);
    for (std::size_t k = 0; k < fractions.size(); ++k) {
        const double value = variables_[side]->sorted.value[k];
        sum.add(fractions[k] * value * brackets_[side][k]);
    }
    return 2.0 * sum.value();
}

std::vector<double> PairBrackets::gradient(std::size_t side, const Ratio& ratio) const {
    const SortedVariable& sorted = variables_[side]->sorted;
    const VariableSums& sums = variables_[side]->sums;
    const Weights fractions = order_.fractions(side);
    const auto events = order_.events(side);
    std::vector<double> gradient(events.size(), 0.0);
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

template <std::size_t Columns>
void PairBrackets::find_sides(std::span<const std::size_t> sides, int threads) {
    auto distances = signed_distances<Columns>(order_.fractions(1), sides, threads);
    Sides square_distances;
    if (centring_.weighs_distances()) {
        square_distances =
            signed_distances<Columns>(squares_of(order_.fractions(1)), sides, threads);
    }
    for_each_index(sides.size(), threads, [&](std::size_t i) {
        const std::size_t side = sides[i];
        brackets_[side] =
            brackets(side, std::move(distances[side]), square_distances[side]);
    });
}

/// T_i of the sides, by position in the side's variable.
template <std::size_t Columns>
PairBrackets::Sides PairBrackets::signed_distances(Weights weights,
                                                   std::span<const std::size_t> sides,
                                                   int threads) const {
    const auto& places = order_.partners(1);
    Nodes<Columns> nodes = payloads<Columns>(weights, sides);
    Sides distances;
    for (const std::size_t side : sides) distances[side].resize(nodes.size());
    const auto take_sums = [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = 0; i < sides.size(); ++i) {
            const auto& other = variables_[1 - sides[i]]->sorted.value;
            for (std::size_t r = begin; r < end; ++r) {
                const auto& sum = nodes[r].sum;
                const std::size_t place = places[r];
                const bool is_first = sides[i] == 0;
                distances[sides[i]][is_first ? place : r] =
                    other[is_first ? r : place] * sum[0] - sum[i + 1];
            }
        }
    };
    set_concordance_sums<Columns>(order_.partners(0), nodes, take_sums, threads);
    for (std::size_t i = 0; i < sides.size(); ++i) {
        correct_ties<Columns>(sides[i], i + 1, nodes, distances[sides[i]]);
    }
    return distances;
}

/// By position in the second variable, the weights and their products with the other
/// variable's value of each side.
template <std::size_t Columns>
PairBrackets::Nodes<Columns> PairBrackets::payloads(
    Weights weights, std::span<const std::size_t> sides) const {
    const auto& places = order_.partners(1);
    Nodes<Columns> nodes;
    nodes.reserve(weights.size());
    for (std::size_t r = 0; r < weights.size(); ++r) {
        auto& payload = nodes.emplace_back().payload;
        payload[0] = weights[r];
        for (std::size_t i = 0; i < sides.size(); ++i) {
            const double other = sides[i] == 0 ? variables_[1]->sorted.value[r]
                                               : variables_[0]->sorted.value[places[r]];
            payload[i + 1] = payload[0] * other;
        }
    }
    return nodes;
}

/// By position, equal values took part with a sign. In a tie the other variable
/// ascends, so that what they gave is sum_j p_j (y_i - y_j).
template <std::size_t Columns>
void PairBrackets::correct_ties(std::size_t side, std::size_t column,
                                const Nodes<Columns>& nodes,
                                std::span<double> distances) const {
    const auto& partners = order_.partners(side);
    const auto& other = variables_[1 - side]->sorted.value;
    for (const Tie& tie : variables_[side]->sorted.ties) {
        double weight = 0.0;
        double moment = 0.0;
        for (std::size_t k = tie.begin; k < tie.end; ++k) {
            const auto& payload = nodes[side == 0 ? partners[k] : k].payload;
            weight += payload[0];
            moment += payload[column];
        }
        for (std::size_t k = tie.begin; k < tie.end; ++k) {
            distances[k] -= other[partners[k]] * weight - moment;
        }
    }
}

/// G_i by position, from T_i and, if distances are weighed, T_i with p^2.
std::vector<double> PairBrackets::brackets(
    std::size_t side, std::vector<double> distances,
    const std::vector<double>& square_distances) const {
    const Weights fractions = order_.fractions(side);
    const auto& partners = order_.partners(side);
    const VariableSums& other = variables_[1 - side]->sums;
    std::vector<double> rows(fractions.size());
    for (std::size_t k = 0; k < rows.size(); ++k) {
        const double p = fractions[k];
        rows[k] = centring_.row_term(p, other.mean_distance[partners[k]]);
        if (square_distances.empty()) continue;
        distances[k] = distances[k] * (1.0 + centring_.linear * p) +
                       square_distances[k] * (centring_.linear + centring_.product * p);
    }
    const double grand = centring_.grand * other.grand_mean;
    visit_signed_sums(
        variables_[side]->sorted, fractions, [&](std::size_t k) { return rows[k]; },
        [&](std::size_t k, double signs, double signed_rows) {
            distances[k] += (grand - rows[k]) * signs - signed_rows;
        });
    return distances;
}

}  // namespace oddjet
