// Any bytes as an event: it is clustered, groomed, measured and declustered as
// promised, or refused.

#include <array>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "bytes.hpp"
#include "oddjet/cluster.hpp"
#include "oddjet/substructure.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

struct Event {
    std::array<std::vector<double>, 4> columns;
    std::vector<std::int64_t> offsets = {0};

    [[nodiscard]] ParticleLists view(Coordinates coordinates) const {
        ParticleLists lists;
        lists.particles.coordinates = coordinates;
        for (std::size_t c = 0; c < 4; ++c) {
            lists.particles.columns[c] = std::span<const double>(columns[c]);
        }
        lists.offsets = offsets;
        return lists;
    }
};

/// On a coarse grid, where distances tie and particles coincide; some along the beam,
/// some far beyond any detector, some too soft to matter.
std::array<double, 4> on_a_grid(Bytes& bytes) {
    constexpr std::array kPts = {0.0, 1.0, 1.0, 2.0, 50.0, 1e-100, 1e3, 1e120};
    constexpr std::array kMasses = {0.0, 0.0, 0.14, 4.0};
    const auto a = bytes.take<std::uint8_t>();
    const auto b = bytes.take<std::uint8_t>();
    const auto c = bytes.take<std::int8_t>();
    const double eta = b % 32 == 31 ? (b < 128 ? 20.0 : -20.0) : (b % 32 - 15) / 8.0;
    return {kPts[a % 8], eta, c / 32.0, kMasses[(a >> 3) % 4]};
}

Event event_of(Bytes& bytes, bool raw) {
    Event event;
    while (!bytes.empty() && event.columns[0].size() < 400) {
        std::array<double, 4> row{};
        if (raw) {
            for (double& value : row) value = bytes.take<double>();
        } else {
            row = on_a_grid(bytes);
        }
        for (std::size_t c = 0; c < 4; ++c) event.columns[c].push_back(row[c]);
    }
    event.offsets.push_back(static_cast<std::int64_t>(event.columns[0].size()));
    return event;
}

void demand_a_partition(const Jets& jets, std::size_t num_particles) {
    std::vector<int> seen(num_particles);
    for (const std::int64_t i : jets.constituent_index) {
        demand(i >= 0 && static_cast<std::size_t>(i) < num_particles, "an index");
        ++seen[static_cast<std::size_t>(i)];
    }
    for (const int times : seen) demand(times == 1, "every particle in one jet");
    for (std::size_t j = 1; j < jets.pt.size(); ++j) {
        demand(jets.pt[j - 1] >= jets.pt[j], "jets hardest first");
    }
    for (const double pt : jets.pt) demand(std::isfinite(pt), "a finite pt");
}

void demand_a_tree(const LundTrees& trees) {
    const auto size = static_cast<std::int64_t>(trees.nodes.size());
    for (std::int64_t i = 0; i < size; ++i) {
        const LundNode& node = trees.nodes[static_cast<std::size_t>(i)];
        demand(node.neighbours[0] < i && node.neighbours[1] < size &&
                   node.neighbours[2] < size,
               "neighbours in the tree");
        demand(std::isfinite(node.z) && std::isfinite(node.delta) &&
                   std::isfinite(node.psi) && std::isfinite(node.mass) &&
                   std::isfinite(node.kt),
               "finite nodes");
    }
}

void measure_everything(const ParticleLists& jets, Algorithm subjets) {
    const std::vector<Quantity> quantities = {
        SoftDropOptions{0.1, 1.0, 0.8},
        TrimOptions{0.3, 0.05, subjets},
        FilterOptions{0.3, 2, subjets},
        MassDropOptions{},
        PruneOptions{},
        NsubjettinessOptions{{1, 2, 3, 4}, 0.8, 1.0, Axes::kOnePassKt},
        NsubjettinessOptions{{1, 2, 3, 4}, 0.8, 2.0},
        JetShapeOptions{},
        LundOptions{},
    };
    const std::vector<Measured> found = measure(jets, quantities);
    for (const std::size_t taus : {5U, 6U}) {
        for (const double tau : std::get<std::vector<double>>(found[taus])) {
            demand(tau >= 0.0 && std::isfinite(tau), "a finite tau");
        }
    }
    demand_a_tree(std::get<LundTrees>(found.back()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes(data, size);
    const auto choice = bytes.take<std::uint8_t>();
    constexpr std::array kRadii = {0.4, 1.0, 0.05, 1000.0};
    ClusterOptions options;
    options.algorithm = static_cast<Algorithm>(choice % 4);
    options.radius = kRadii[(choice >> 2) % 4];
    options.recombination = static_cast<Recombination>((choice >> 4) % 2);
    options.power = 0.5;
    const auto coordinates = static_cast<Coordinates>((choice >> 5) % 2);
    const bool raw = choice >= 128 || coordinates == Coordinates::kPxPyPzEnergy;
    const Event event = event_of(bytes, raw);
    const ParticleLists lists = event.view(coordinates);
    try {
        demand_a_partition(cluster(lists, options), event.columns[0].size());
        (void)cluster_exclusive(lists, options, {.num_jets = choice % 8});
        if (options.algorithm != Algorithm::kGeneralisedKt) {
            measure_everything(lists, options.algorithm);
        }
    } catch (const std::invalid_argument&) {
        demand(raw, "events on the grid are fine");
    }
    return 0;
}
