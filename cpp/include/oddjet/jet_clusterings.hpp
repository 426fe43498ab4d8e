#pragma once

#include <cstddef>
#include <deque>

#include "oddjet/cluster.hpp"
#include "oddjet/clustering_history.hpp"
#include "oddjet/particles.hpp"

namespace oddjet {

/// So wide that only massless momenta along the beam stay out of the one jet.
inline constexpr double kNoRadius = 1000.0;

/// One jet, and every clustering of its constituents that somebody has asked for: made
/// once, however many quantities look at it. Refers to the particles, and is for one
/// thread at a time. Wherever one is wanted, particles will do.
class JetClusterings {
  public:
    explicit(false) JetClusterings(const Particles& particles)
        : particles_(particles) {}

    [[nodiscard]] const Particles& particles() const { return particles_; }

    /// The reference stays valid. Throws std::invalid_argument: radius.
    [[nodiscard]] const ClusteringHistory& history(
        Algorithm algorithm, double radius = kNoRadius,
        Recombination recombination = Recombination::kEScheme) const;

    /// How many clusterings were made.
    [[nodiscard]] std::size_t made() const { return made_.size(); }

  private:
    struct Made {
        Algorithm algorithm;
        double radius;
        Recombination recombination;
        ClusteringHistory history;
    };

    const Particles& particles_;
    mutable std::deque<Made> made_;  // whose elements never move
};

}  // namespace oddjet
