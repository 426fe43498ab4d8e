#include "oddjet/distance_correlation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "distance_statistic.hpp"
#include "message.hpp"
#include "oddjet/parallel.hpp"
#include "pair_brackets.hpp"
#include "sorted_variable.hpp"

namespace oddjet {
namespace {

constexpr const char* kKernel = "distance_correlation";

/// A checked sample: fractions, and a centring that they allow.
struct Sample {
    std::size_t events;
    Fractions fractions;
    Centring centring;

    Sample(const WeightedVariables& input, DistanceStatistic statistic)
        : events(checked_events(input.variables)),
          fractions(as_fractions(input.weights, events)),
          centring(centring_of(statistic, fractions)) {}

  private:
    static std::size_t checked_events(const std::vector<Column>& variables) {
        if (variables.empty()) refuse(kKernel, ": there must be a variable");
        const std::size_t events = variables[0].size();
        for (std::size_t v = 1; v < variables.size(); ++v) {
            if (variables[v].size() == events) continue;
            refuse(kKernel, ": variable ", v, " must have one value an event, ", events,
                   ", got ", variables[v].size());
        }
        if (events < 2 || events > std::numeric_limits<std::uint32_t>::max()) {
            refuse(kKernel, ": there must be >= 2 events and fewer than 2^32, got ",
                   events);
        }
        return events;
    }
};

/// About what a call needs for a pair; several chunks where that is much, each of a
/// size that glibc keeps for the next call (below 32 MB).
std::size_t chunk_bytes(const WeightedVariables& sample) {
    constexpr std::size_t kMost = std::size_t{14} << 21;
    const std::size_t an_event = 40 * sample.variables.size() + 72;
    return std::min(kMost, an_event * sample.variables[0].size());
}

SortedVariable sorted(const Column& column, std::size_t number, bool with_positions,
                      Workspace& workspace) {
    Buffer<double> values(column.size(), workspace);
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = column[i];
        if (std::isfinite(values[i])) continue;
        refuse(kKernel, ": value ", i, " of variable ", number, " is non-finite, ",
               values[i]);
    }
    return {values, with_positions, workspace};
}

/// The value of a pair comes with the brackets of either side.
bool finds_second_only(const VariablePair& pair) {
    return pair.second_gradient && !pair.first_gradient;
}

AskedFor asked_for(std::size_t variable, std::span<const VariablePair> pairs) {
    AskedFor asked;
    for (const VariablePair& pair : pairs) {
        if (pair.first == variable) {
            asked.looked_at = asked.looked_at || pair.second_gradient;
            asked.gradient = asked.gradient || pair.first_gradient;
        }
        if (pair.second == variable) {
            asked.looked_at = asked.looked_at || !finds_second_only(pair);
            asked.gradient = asked.gradient || pair.second_gradient;
        }
    }
    return asked;
}

std::vector<KnownVariable> known_variables(const WeightedVariables& input,
                                           std::span<const VariablePair> pairs,
                                           const Sample& sample, int threads,
                                           Workspace& workspace) {
    std::vector<std::optional<KnownVariable>> found(input.variables.size());
    for_each_index(found.size(), threads, [&](std::size_t v) {
        const bool is_second = std::ranges::any_of(
            pairs, [v](const VariablePair& pair) { return pair.second == v; });
        found[v].emplace(sorted(input.variables[v], v, is_second, workspace),
                         sample.fractions, sample.centring, asked_for(v, pairs),
                         workspace);
    });
    std::vector<KnownVariable> known;
    for (auto& variable : found) known.push_back(std::move(*variable));
    return known;
}

PairCorrelation correlation_of(const KnownVariable& first, const KnownVariable& second,
                               const VariablePair& wanted, const Sample& sample,
                               DistanceStatistic statistic, int threads,
                               Workspace& workspace) {
    PairBrackets brackets(first, second, sample.fractions, sample.centring, workspace);
    const bool only_second = finds_second_only(wanted);
    brackets.find(!only_second, wanted.second_gradient, threads);
    const Ratio ratio = ratio_of(statistic, brackets.covariance(only_second ? 1 : 0),
                                 first.sums.variance, second.sums.variance);
    PairCorrelation correlation{ratio.value, {}, {}};
    if (wanted.first_gradient) correlation.first_gradient = brackets.gradient(0, ratio);
    if (wanted.second_gradient)
        correlation.second_gradient = brackets.gradient(1, ratio);
    return correlation;
}

void check_permutation(std::span<const std::int64_t> permutation, std::size_t row) {
    std::vector<bool> taken(permutation.size());
    for (const std::int64_t i : permutation) {
        const auto index = static_cast<std::size_t>(i);  // a negative one is too large
        if (index >= taken.size() || taken[index]) {
            refuse(kKernel, ": row ", row, " of the permutations holds ", i,
                   index < taken.size() ? " twice" : ", which is no event");
        }
        taken[index] = true;
    }
}

}  // namespace

std::vector<PairCorrelation> distance_correlations(const WeightedVariables& sample,
                                                   std::span<const VariablePair> pairs,
                                                   DistanceStatistic statistic,
                                                   int threads) {
    check_threads(threads, kKernel);
    const std::size_t count = sample.variables.size();
    for (const VariablePair& pair : pairs) {
        if (pair.first < count && pair.second < count) continue;
        refuse(kKernel, ": a pair must name two of the ", count, " variables, got ",
               pair.first, " and ", pair.second);
    }
    const Sample checked(sample, statistic);
    Workspace workspace(chunk_bytes(sample));
    const auto known = known_variables(sample, pairs, checked, threads, workspace);
    std::vector<PairCorrelation> correlations;
    for (const VariablePair& pair : pairs) {
        correlations.push_back(correlation_of(known[pair.first], known[pair.second],
                                              pair, checked, statistic, threads,
                                              workspace));
    }
    return correlations;
}

std::vector<double> permuted_distance_correlations(
    const WeightedVariables& sample, std::span<const std::int64_t> permutations,
    DistanceStatistic statistic, int threads) {
    check_threads(threads, kKernel);
    if (sample.variables.size() != 2) {
        refuse(kKernel, ": a permutation is of two variables, got ",
               sample.variables.size());
    }
    const Sample checked(sample, statistic);
    Workspace workspace(chunk_bytes(sample));
    const VariablePair value_only{};
    const KnownVariable first(sorted(sample.variables[0], 0, false, workspace),
                              checked.fractions, checked.centring, {}, workspace);
    const SortedVariable second = sorted(sample.variables[1], 1, true, workspace);
    if (permutations.size() % checked.events != 0) {
        refuse(kKernel, ": a permutation must have one index an event, ",
               checked.events);
    }
    std::vector<double> values(permutations.size() / checked.events);
    for_each_index(values.size(), threads, [&](std::size_t row) {
        const auto to = permutations.subspan(row * checked.events, checked.events);
        check_permutation(to, row);
        const KnownVariable given(second.given_to(to), checked.fractions,
                                  checked.centring, {.looked_at = true}, workspace);
        values[row] =
            correlation_of(first, given, value_only, checked, statistic, 1, workspace)
                .value;
    });
    return values;
}

}  // namespace oddjet
