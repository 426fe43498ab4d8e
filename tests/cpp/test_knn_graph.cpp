#include <cmath>

#include "expect.hpp"
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
    any_shape();
    bad_input_is_refused();
    return failures;
}
