#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "oddjet/particles.hpp"

namespace oddjet {

/// What is made of the distance covariance and the two distance variances. The first
/// two are of the weighted V-statistics (with doubly centred distances), the third is
/// of U-statistics: each mean is over tuples of different events, a tuple's weight
/// being the product of its events' weights. Zero where a distance variance is not
/// positive (a constant variable); the first two also where the covariance is not.
enum class DistanceStatistic {
    kCorrelation,      // R = sqrt(dCov^2 / sqrt(dVar^2(x) dVar^2(y)))
    kSquared,          // R^2
    kSquaredUnbiased,  // the same ratio of the U-statistics, which may be negative
};

/// "distance_correlation", "distance_correlation_squared" or
/// "distance_correlation_squared_unbiased"; else std::invalid_argument.
[[nodiscard]] DistanceStatistic distance_statistic_from_name(std::string_view name);

/// Two variables by their indices, and whether the derivatives by either are wanted.
struct VariablePair {
    std::size_t first = 0;
    std::size_t second = 1;
    bool first_gradient = false;
    bool second_gradient = false;
};

/// The statistic and its exact derivatives by every value of either variable, in the
/// order of the input; empty if not wanted, zero where the statistic is set to zero.
/// Equal values have sgn(0) = 0, the middle of the derivatives on either side.
struct PairCorrelation {
    double value = 0.0;
    std::vector<double> first_gradient;
    std::vector<double> second_gradient;
};

/// Variables of the same events, and the events' weights; none: equal weights.
struct WeightedVariables {
    std::vector<Column> variables;
    std::optional<Column> weights;
};

/// Points of the same events, x[event, dimension] in C order, and likewise y.
struct WeightedPoints {
    Column x;
    Column y;
    std::size_t x_dimensions = 1;
    std::size_t y_dimensions = 1;
    std::optional<Column> weights;
};

/// The statistic of each pair of one-dimensional variables. O(n log n) time, O(n)
/// memory; each variable is sorted once, however many pairs it is in.
/// Throws std::invalid_argument: sizes differ, n < 2 (unbiased: 4 events of non-zero
/// weight), a non-finite value, a sum of weights that is not positive, an unknown
/// index.
[[nodiscard]] std::vector<PairCorrelation> distance_correlations(
    const WeightedVariables& sample, std::span<const VariablePair> pairs,
    DistanceStatistic statistic, int threads = 1);

/// The statistic of the first two variables once for each permutation[row, event]:
/// event i keeps its first value and its weight and takes the second value of event
/// permutation[row, i]. No value is sorted again. Throws as above, and where a row is
/// no permutation.
[[nodiscard]] std::vector<double> permuted_distance_correlations(
    const WeightedVariables& sample, std::span<const std::int64_t> permutations,
    DistanceStatistic statistic, int threads = 1);

/// The statistic of two sets of points with Euclidean distances, and its derivatives
/// [event, dimension]. O(n^2) time, O(n) memory; coincident points count as equal
/// values. Throws as above, or no dimension.
[[nodiscard]] PairCorrelation distance_correlation_of_points(
    const WeightedPoints& sample, const VariablePair& wanted,
    DistanceStatistic statistic, int threads = 1);

}  // namespace oddjet
