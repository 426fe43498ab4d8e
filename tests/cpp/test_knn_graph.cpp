#include <algorithm>
#include <cmath>

#include "expect.hpp"
#include "oddjet/kinematics.hpp"
#include "oddjet/knn_graph.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

void a_line_of_points() {
    const std::vector<float> line = {0.0F, 1.0F, 3.0F, 100.0F};
    const std::array<bool, 4> mask = {true, true, true, false};
    const PointView view{std::span<const float>(line), 1, 4, 1, mask};
    const Neighbours found = knn_graph(view, 3, 2);
    const std::vector<std::int64_t> indices = {1, 2, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0};
    const std::vector<std::uint8_t> valid = {1, 1, 0, 1, 1, 0, 1, 1, 0, 0, 0, 0};
    expect(found.indices == indices, "nearest first, zero beyond");
    expect(found.valid == valid, "two neighbours each, none of padding");
}

/// All pairs sorted by distance and index, for points of which many are equally far.
template <class Real>
void as_by_sorting(std::size_t particles, std::size_t dimensions, std::size_t k) {
    std::mt19937_64 engine(particles);
    std::normal_distribution<double> coordinate;
    std::vector<Real> points(particles * dimensions);
    for (Real& x : points) {
        const double value = coordinate(engine);
        x = static_cast<Real>(engine() % 2 == 0 ? value : std::round(value));
    }
    const PointView view{
        std::span<const Real>(points), 1, particles, dimensions, {}, {0}};
    for (Real& x : points) x = std::min(std::max(x, Real(-3)), Real(3));
    const Neighbours found = knn_graph(view, static_cast<int>(k));
    for (std::size_t i = 0; i < particles; ++i) {
        std::vector<std::pair<double, std::int64_t>> others;
        for (std::size_t j = 0; j < particles; ++j) {
            double sum = 0.0;
            for (std::size_t d = 0; d < dimensions; ++d) {
                const double a = points[i * dimensions + d];
                const double b = points[j * dimensions + d];
                const double along = d == 0 ? delta_phi(a, b) : a - b;
                sum += along * along;
            }
            if (j != i) others.emplace_back(sum, static_cast<std::int64_t>(j));
        }
        std::ranges::sort(others);
        for (std::size_t n = 0; n < std::min(k, others.size()); ++n) {
            expect(found.indices[i * k + n] == others[n].second, "as by sorting");
        }
    }
}

void any_shape() {
    for (const std::size_t particles : {0, 1, 7}) {
        for (const std::size_t dimensions : {1, 256}) {
            const std::vector<double> points(3 * particles * dimensions, 0.5);
            const PointView view{
                std::span<const double>(points), 3, particles, dimensions, {}};
            const Neighbours found = knn_graph(view, 9, 2);
            expect(found.indices.size() == 3 * particles * 9, "one row a particle");
        }
    }
}

void bad_input_is_refused() {
    std::vector<double> points(12, 0.0);
    PointView view{std::span<const double>(points), 2, 3, 2, {}};
    expect_refusal([&] { (void)knn_graph(view, 0); }, "k must be >= 1, got 0");
    points[7] = std::nan("");
    expect_refusal([&] { (void)knn_graph(view, 1); },
                   "dimension 1 of particle 0 of jet 1 is non-finite, nan");
    view.particles = 4;
    expect_refusal([&] { (void)knn_graph(view, 1); }, "= 16 values, got 12");
}

}  // namespace

int main() {
    a_line_of_points();
    for (const std::size_t particles : {2, 40, 64, 65, 200}) {
        for (const std::size_t dimensions : {1, 2, 3, 64}) {
            as_by_sorting<float>(particles, dimensions, 16);
            as_by_sorting<double>(particles, dimensions, 7);
        }
    }
    any_shape();
    bad_input_is_refused();
    return failures;
}
