#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "oddjet/cluster.hpp"
#include "oddjet/kinematics.hpp"
#include "oddjet/particles.hpp"

namespace oddjet {

/// The partner of a node that becomes a jet.
inline constexpr std::int64_t kBeam = -1;

/// What happens to the closest pair: `second` is kBeam where `first` becomes a jet,
/// else the two are merged and `first` is the harder (of equal pt the earlier node).
struct ClusteringStep {
    std::int64_t first;
    std::int64_t second;
    double distance;  // d_ij or d_iB, both as in `cluster_event`
};

/// All steps that cluster the particles of one event. Nodes 0 to num_particles - 1 are
/// the particles, each merging appends one node; every particle adds one step.
struct ClusteringHistory {
    std::size_t num_particles = 0;
    std::vector<FourMomentum> nodes;
    std::vector<ClusteringStep> steps;
    std::vector<std::size_t> step_of_merged;  // step that made node num_particles + i

    [[nodiscard]] bool is_particle(std::int64_t node) const {
        return static_cast<std::size_t>(node) < num_particles;
    }
    /// The step that made a node which is no particle.
    [[nodiscard]] const ClusteringStep& origin(std::int64_t node) const {
        return steps[step_of_merged[static_cast<std::size_t>(node) - num_particles]];
    }
    [[nodiscard]] const FourMomentum& momentum(std::int64_t node) const {
        return nodes[static_cast<std::size_t>(node)];
    }
};

/// The steps of `cluster_event`; pt_min_gev is not looked at.
[[nodiscard]] ClusteringHistory clustering_history(const Particles& particles,
                                                   const ClusterOptions& options);

/// Nodes that became jets of at least pt_min_gev, hardest first.
[[nodiscard]] std::vector<std::int64_t> inclusive_jets(const ClusteringHistory& history,
                                                       double pt_min_gev = 0.0);

/// The jets left when `count` are left, or fewer where there are fewer particles;
/// hardest first. What went to the beam before is in none of them.
[[nodiscard]] std::vector<std::int64_t> exclusive_jets(const ClusteringHistory& history,
                                                       std::size_t count);

/// The jets left when no later step comes with a distance <= d_cut_gev2 (of the
/// largest distance so far), hardest first.
[[nodiscard]] std::vector<std::int64_t> exclusive_jets_up_to(
    const ClusteringHistory& history, double d_cut_gev2);

/// The particles in a node, in increasing order.
[[nodiscard]] std::vector<std::int64_t> particles_of(const ClusteringHistory& history,
                                                     std::int64_t node);

}  // namespace oddjet
