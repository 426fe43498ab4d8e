#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "oddjet/cluster.hpp"
#include "oddjet/kinematics.hpp"
#include "oddjet/particles.hpp"

namespace oddjet {

class PseudoJets;

/// Finds the hardest inclusive jet of one event after the other: to the last bit the
/// first of `cluster_event`, but clustering ends as soon as the transverse momenta that
/// are left, added up, could not make a harder one. It works in the memory of former
/// events and allocates only for more particles than there ever were.
class LeadingJet {
  public:
    /// Throws std::invalid_argument: options.
    explicit LeadingJet(const ClusterOptions& options);
    LeadingJet(LeadingJet&&) noexcept;
    LeadingJet& operator=(LeadingJet&&) noexcept;
    ~LeadingJet();

    /// Allocates now what events of so many particles need.
    void reserve(std::size_t particles);

    /// Clusters an event; false if it has no jet.
    bool find(const Particles& particles);

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

    void start_nodes(const Particles& particles);
    [[nodiscard]] bool is_harder(std::int64_t jet, std::int64_t other) const;

    ClusterOptions options_;
    std::unique_ptr<PseudoJets> pseudo_jets_;
    FourMomentum momentum_{};
    std::int64_t jet_ = -1;
    std::vector<Node> nodes_;
    std::vector<std::int64_t> pending_, found_;
};

}  // namespace oddjet
