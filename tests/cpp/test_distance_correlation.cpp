#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "expect.hpp"
#include "oddjet/distance_correlation.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

using Values = std::vector<double>;

Column column(const Values& values) { return {std::span<const double>(values)}; }

PairCorrelation both_gradients(const Values& x, const Values& y, int threads = 1) {
    const VariablePair pair{0, 1, true, true};
    const WeightedVariables sample{{column(x), column(y)}, {}};
    return distance_correlations(sample, std::span(&pair, 1),
                                 DistanceStatistic::kCorrelation, threads)
        .front();
}

Values random_values(std::size_t n, unsigned number) {
    std::mt19937_64 engine(number);
    std::normal_distribution<double> normal;
    Values values(n);
    std::ranges::generate(values, [&] { return normal(engine); });
    return values;
}

void a_line_is_one() {
    const Values x = random_values(3000, 1);
    Values y = x;
    for (double& value : y) value = 5.0 - 2.0 * value;
    const PairCorrelation found = both_gradients(x, y);
    expect(std::fabs(found.value - 1.0) < 1e-13, "a line has R = 1");
    const auto largest = std::ranges::max(found.first_gradient);
    expect(std::fabs(largest) < 1e-13, "R = 1 is a maximum");
}

void a_square_of_four_points() {
    // Every sum is of dyadic fractions, and so exact.
    const Values x = {0.0, 1.0, 0.0, 1.0};
    const Values y = {0.0, 0.0, 1.0, 1.0};
    const PairCorrelation found = both_gradients(x, y);
    expect(found.value == 0.0, "independent to the last bit");
    expect(found.first_gradient == Values(4, 0.0), "and zero gradient");
}

void any_number_of_threads() {
    for (const std::size_t n : {2U, 3U, 128U, 129U, 16385U, 300000U}) {
        const Values x = random_values(n, 2);
        Values y = random_values(n, 3);
        for (std::size_t i = 0; i < n; ++i) y[i] += x[i];
        for (std::size_t i = 0; i < n; i += 2) y[i] = std::round(y[i]);
        const PairCorrelation one = both_gradients(x, y, 1);
        const PairCorrelation three = both_gradients(x, y, 3);
        expect(one.value == three.value, "threads never change the value");
        expect(one.first_gradient == three.first_gradient, "nor the gradient");
        expect(one.second_gradient == three.second_gradient, "nor the other one");
        const double sum =
            std::accumulate(one.first_gradient.begin(), one.first_gradient.end(), 0.0);
        expect(std::fabs(sum) < 1e-12, "a shift changes nothing");
    }
}

void points_and_variables_agree() {
    const Values x = random_values(500, 4);
    const Values y = random_values(500, 5);
    const VariablePair wanted{0, 1, true, true};
    for (const auto statistic :
         {DistanceStatistic::kCorrelation, DistanceStatistic::kSquared,
          DistanceStatistic::kSquaredUnbiased}) {
        const WeightedVariables sample{{column(x), column(y)}, {}};
        const auto line =
            distance_correlations(sample, std::span(&wanted, 1), statistic).front();
        const auto points = distance_correlation_of_points(
            {column(x), column(y), 1, 1, {}}, wanted, statistic, 2);
        expect(std::fabs(line.value - points.value) < 1e-13, "one number");
        for (std::size_t i = 0; i < x.size(); ++i) {
            expect(
                std::fabs(line.second_gradient[i] - points.second_gradient[i]) < 1e-13,
                "one gradient");
        }
    }
}

void permutations_are_permuted_samples() {
    const Values x = random_values(5, 6);
    const Values y = {1.0, 1.0, 3.0, -2.0, 0.0};
    const std::vector<std::int64_t> rows = {0, 1, 2, 3, 4, 4, 2, 0, 1, 3};
    const auto found = permuted_distance_correlations(
        {{column(x), column(y)}, {}}, rows, DistanceStatistic::kCorrelation, 2);
    Values permuted;
    for (std::size_t i = 5; i < 10; ++i) {
        permuted.push_back(y[static_cast<std::size_t>(rows[i])]);
    }
    expect(found.size() == 2, "one value a row");
    expect(std::fabs(found[0] - both_gradients(x, y).value) < 1e-14, "the sample");
    expect(std::fabs(found[1] - both_gradients(x, permuted).value) < 1e-14,
           "the permuted sample");
}

void bad_input_is_refused() {
    Values x = random_values(5, 7);
    const Values y = random_values(5, 8);
    const WeightedVariables sample{{column(x), column(y)}, {}};
    const std::vector<std::int64_t> twice = {0, 1, 2, 2, 4};
    const std::vector<std::int64_t> outside = {0, 1, 2, 3, -5};
    const auto permuted = [&](std::span<const std::int64_t> rows) {
        (void)permuted_distance_correlations(sample, rows, DistanceStatistic::kSquared);
    };
    expect_refusal([&] { permuted(twice); }, "row 0 of the permutations holds 2 twice");
    expect_refusal([&] { permuted(outside); }, "holds -5, which is no event");
    expect_refusal([&] { permuted(std::span(twice).first(4)); },
                   "one index an event, 5");
    expect_refusal([&] { (void)both_gradients(x, y, 0); },
                   "threads must be >= 1, got 0");
    x[2] = std::numeric_limits<double>::infinity();
    expect_refusal([&] { (void)both_gradients(x, y); },
                   "value 2 of variable 0 is non-finite, inf");
    expect_refusal([&] { (void)both_gradients(y, {1.0}); },
                   "variable 1 must have one value an event, 5, got 1");
    expect_refusal([] { (void)distance_correlations({}, {}, {}); },
                   "there must be a variable");
    expect_refusal([] { (void)distance_statistic_from_name("r"); }, "got 'r'");
}

}  // namespace

int main() {
    a_line_is_one();
    a_square_of_four_points();
    any_number_of_threads();
    points_and_variables_agree();
    permutations_are_permuted_samples();
    bad_input_is_refused();
    return failures;
}
