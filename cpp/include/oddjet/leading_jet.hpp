#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "oddjet/cluster.hpp"
#include "oddjet/kinematics.hpp"
#include "oddjet/particles.hpp"

namespace oddjet {

/// Finds the hardest inclusive jet of one event after the other: to the last bit the
/// first of `cluster_event`, but clustering ends as soon as the transverse momenta that
/// are left, added up, could not make a harder one. Keeps its room to work in.
class LeadingJet {
  public:
    /// Clusters an event; false if it has no jet. Options are not checked.
    bool find(const Particles& particles, const ClusterOptions& options);

    [[nodiscard]] const FourMomentum& momentum() const { return momentum_; }

    /// Indices of its hardest constituents, hardest first, `most` of them at most.
    [[nodiscard]] const std::vector<std::int64_t>& constituents(
        const Particles& particles, std::size_t most);

  private:
    struct Node {
        FourMomentum momentum;
        double scalar_pt;       // of its particles, added up
        std::int64_t earliest;  // particle
        std::int64_t first, second;
    };

    void start(const Particles& particles);
    [[nodiscard]] bool is_harder(std::int64_t jet, std::int64_t other) const;

    FourMomentum momentum_{};
    std::int64_t jet_ = -1;
    std::vector<Node> nodes_;
    std::vector<std::int64_t> pending_, found_;
};

}  // namespace oddjet
