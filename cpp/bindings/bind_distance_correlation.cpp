#include "arrays.hpp"
#include "bindings.hpp"
#include "oddjet/distance_correlation.hpp"

namespace oddjet::bindings {

using namespace pybind11::literals;
using Wanted = std::array<bool, 2>;
using Correlation =
    std::tuple<double, std::optional<py::array>, std::optional<py::array>>;

static Correlation to_tuple(PairCorrelation&& found, const Wanted& wanted) {
    Correlation result{found.value, std::nullopt, std::nullopt};
    if (wanted[0]) std::get<1>(result) = to_numpy(std::move(found.first_gradient));
    if (wanted[1]) std::get<2>(result) = to_numpy(std::move(found.second_gradient));
    return result;
}

static std::vector<VariablePair> as_pairs(
    const std::vector<std::array<std::size_t, 2>>& pairs,
    const std::vector<Wanted>& wanted) {
    std::vector<VariablePair> all;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const auto& [first, second] = wanted.at(i);
        all.push_back({pairs[i][0], pairs[i][1], first, second});
    }
    return all;
}

void bind_distance_correlation(py::module_& m) {
    m.def(
        "distance_correlations",
        [](const std::vector<py::array>& variables,
           const std::optional<py::array>& weights,
           const std::vector<std::array<std::size_t, 2>>& pairs,
           const std::vector<Wanted>& gradients, const std::string& statistic,
           std::optional<int> threads) {
            const WeightedVariables sample = as_variables(variables, weights);
            const auto wanted = as_pairs(pairs, gradients);
            const DistanceStatistic kind = distance_statistic_from_name(statistic);
            const int workers = threads_or_default(threads);
            auto found = without_gil(
                [&] { return distance_correlations(sample, wanted, kind, workers); });
            std::vector<Correlation> results;
            for (std::size_t i = 0; i < found.size(); ++i) {
                results.push_back(to_tuple(std::move(found[i]), gradients[i]));
            }
            return results;
        },
        py::kw_only(), "variables"_a, "weights"_a, "pairs"_a, "gradients"_a,
        "statistic"_a, "threads"_a.noconvert());
    m.def(
        "permuted_distance_correlations",
        [](const py::array& x, const py::array& y,
           const std::optional<py::array>& weights, const py::array& permutations,
           const std::string& statistic, std::optional<int> threads) {
            const WeightedVariables sample = as_variables({x, y}, weights);
            const auto rows = as_span<std::int64_t>(permutations, "permutations", 2);
            const DistanceStatistic kind = distance_statistic_from_name(statistic);
            const int workers = threads_or_default(threads);
            return to_numpy(without_gil([&] {
                return permuted_distance_correlations(sample, rows, kind, workers);
            }));
        },
        py::kw_only(), "x"_a, "y"_a, "weights"_a, "permutations"_a, "statistic"_a,
        "threads"_a.noconvert());
    m.def(
        "distance_correlation_of_points",
        [](const py::array& x, const py::array& y,
           const std::optional<py::array>& weights, const Wanted& gradients,
           const std::string& statistic, std::optional<int> threads) {
            const WeightedPoints sample = as_weighted_points(x, y, weights);
            const VariablePair wanted{0, 1, gradients[0], gradients[1]};
            const DistanceStatistic kind = distance_statistic_from_name(statistic);
            const int workers = threads_or_default(threads);
            return to_tuple(without_gil([&] {
                                return distance_correlation_of_points(sample, wanted,
                                                                      kind, workers);
                            }),
                            gradients);
        },
        py::kw_only(), "x"_a, "y"_a, "weights"_a, "gradients"_a, "statistic"_a,
        "threads"_a.noconvert());
}

}  // namespace oddjet::bindings
