#include <algorithm>

#include "expect.hpp"
#include "oddjet/clustering_history.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

void every_node_goes_once() {
    for (const std::size_t size : {0, 1, 2, 17, 200}) {
        const RandomLists<double> random(1, size, 3);
        const Particles particles = read_list(random.view(), 0, "test");
        const ClusteringHistory history =
            clustering_history(particles, {Algorithm::kKt, 0.8});
        expect(history.steps.size() == size, "one step a particle");
        std::vector<int> gone(history.nodes.size(), 0);
        for (const ClusteringStep& step : history.steps) {
            ++gone[static_cast<std::size_t>(step.first)];
            if (step.second != kBeam) ++gone[static_cast<std::size_t>(step.second)];
        }
        expect(std::ranges::all_of(gone, [](int count) { return count == 1; }),
               "each node goes once");
        expect(inclusive_jets(history).size() + history.step_of_merged.size() == size,
               "each step makes a jet or a node");
    }
}

void a_merging_adds_the_harder_to_the_softer() {
    const RandomLists<double> random(1, 60, 4);
    const Particles particles = read_list(random.view(), 0, "test");
    const ClusteringHistory history =
        clustering_history(particles, {Algorithm::kCambridgeAachen, 1.0});
    for (std::size_t node = 60; node < history.nodes.size(); ++node) {
        const auto& [first, second, distance] =
            history.origin(static_cast<std::int64_t>(node));
        expect(
            pt_squared(history.momentum(first)) >= pt_squared(history.momentum(second)),
            "the harder comes first");
        expect(history.nodes[node].energy ==
                   history.momentum(first).energy + history.momentum(second).energy,
               "energies are added");
        expect(distance <= 1.0, "merged within the radius");
    }
}

void the_last_two_jets_hold_all_particles() {
    const RandomLists<double> random(1, 30, 5);
    const Particles particles = read_list(random.view(), 0, "test");
    const ClusteringHistory history =
        clustering_history(particles, {Algorithm::kCambridgeAachen, 1000.0});
    std::size_t together = 0;
    for (const std::int64_t jet : exclusive_jets(history, 2)) {
        together += particles_of(history, jet).size();
    }
    expect(together == 30, "two subjets hold all particles");
    expect(exclusive_jets_up_to(history, -1.0).size() == 30, "nothing merged yet");
}

}  // namespace

int main() {
    every_node_goes_once();
    a_merging_adds_the_harder_to_the_softer();
    the_last_two_jets_hold_all_particles();
    return failures;
}
