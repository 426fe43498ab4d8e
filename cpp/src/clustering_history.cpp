#include "oddjet/clustering_history.hpp"

#include <algorithm>
#include <optional>

#include "pseudo_jets.hpp"

namespace oddjet {
namespace {

void sort_nodes_hardest_first(const ClusteringHistory& history,
                              std::vector<std::int64_t>& nodes) {
    std::ranges::sort(nodes, [&](std::int64_t a, std::int64_t b) {
        const double pt_a = pt_squared(history.momentum(a));
        const double pt_b = pt_squared(history.momentum(b));
        return pt_a > pt_b || (pt_a == pt_b && a < b);
    });
}

/// The nodes that exist before a step and are gone after the last one.
std::vector<std::int64_t> nodes_before(const ClusteringHistory& history,
                                       std::size_t step) {
    const auto later = std::ranges::lower_bound(history.step_of_merged, step);
    const auto made = static_cast<std::size_t>(later - history.step_of_merged.begin());
    const auto end = static_cast<std::int64_t>(history.num_particles + made);
    std::vector<std::int64_t> nodes;
    for (std::size_t s = step; s < history.steps.size(); ++s) {
        for (const std::int64_t node :
             {history.steps[s].first, history.steps[s].second}) {
            if (node != kBeam && node < end) nodes.push_back(node);
        }
    }
    sort_nodes_hardest_first(history, nodes);
    return nodes;
}

}  // namespace

ClusteringHistory clustering_history(const Particles& particles,
                                     const ClusterOptions& options) {
    check_options(options);
    PseudoJets pseudo_jets(options);
    ClusteringHistory history;
    record(particles, pseudo_jets, history);
    return history;
}

void record(const Particles& particles, PseudoJets& pseudo_jets,
            ClusteringHistory& history) {
    history.num_particles = particles.momenta.size();
    history.nodes.reserve(2 * history.num_particles);
    history.nodes.assign(particles.momenta.begin(), particles.momenta.end());
    history.steps.clear();
    history.steps.reserve(history.num_particles);
    history.step_of_merged.clear();
    history.step_of_merged.reserve(history.num_particles);
    pseudo_jets.start(particles);
    while (pseudo_jets.alive() > 0) {
        ClusteringStep step = pseudo_jets.step();
        if (step.second != kBeam) {
            const double first = pt_squared(history.momentum(step.first));
            const double second = pt_squared(history.momentum(step.second));
            const bool swapped =
                first < second || (first == second && step.second < step.first);
            if (swapped) std::swap(step.first, step.second);
            history.nodes.push_back(pseudo_jets.merged());
            history.step_of_merged.push_back(history.steps.size());
        }
        history.steps.push_back(step);
    }
}

std::vector<std::int64_t> inclusive_jets(const ClusteringHistory& history,
                                         double pt_min_gev) {
    std::vector<std::int64_t> jets;
    for (const ClusteringStep& step : history.steps) {
        if (step.second != kBeam) continue;
        if (pt_squared(history.momentum(step.first)) >= pt_min_gev * pt_min_gev) {
            jets.push_back(step.first);
        }
    }
    sort_nodes_hardest_first(history, jets);
    return jets;
}

std::vector<std::int64_t> exclusive_jets(const ClusteringHistory& history,
                                         std::size_t count) {
    return nodes_before(history,
                        history.num_particles - std::min(count, history.num_particles));
}

std::vector<std::int64_t> exclusive_jets_up_to(const ClusteringHistory& history,
                                               double d_cut_gev2) {
    // The largest distance so far never decreases: the first step beyond ends it all.
    const auto beyond = std::ranges::find_if(
        history.steps, [&](const auto& step) { return step.distance > d_cut_gev2; });
    return nodes_before(history,
                        static_cast<std::size_t>(beyond - history.steps.begin()));
}

std::vector<std::int64_t> particles_of(const ClusteringHistory& history,
                                       std::int64_t node) {
    std::vector<std::int64_t> found;
    std::vector<std::int64_t> pending = {node};
    while (!pending.empty()) {
        const std::int64_t next = pending.back();
        pending.pop_back();
        if (history.is_particle(next)) {
            found.push_back(next);
            continue;
        }
        pending.push_back(history.origin(next).first);
        pending.push_back(history.origin(next).second);
    }
    std::ranges::sort(found);
    return found;
}

}  // namespace oddjet
