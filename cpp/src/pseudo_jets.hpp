#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "nearest.hpp"
#include "oddjet/cluster.hpp"
#include "oddjet/clustering_history.hpp"
#include "oddjet/particles.hpp"

namespace oddjet {

/// An order of particles, and the room to find it in.
struct Ordering {
    std::vector<std::uint32_t> particles, begin_of_cell;
    std::vector<std::int32_t> cell_of_particle;
};

/// The pseudo-jets that are left, each with a neighbour within the radius: the nearest
/// one of no smaller pt^2p. Its d_ij is then its own pt^2p times dR^2, and the smallest
/// of all d_ij is that of such a pair, so n neighbours stand for n^2 distances (the
/// lemma of Cacciari, Salam, hep-ph/0512210, seen from one of the two). The hardest of
/// an anti-kt jet knows of its softer neighbours, and these need not know of it.
///
/// A neighbour that has changed or gone is looked for again only when its pair would
/// come next: nothing else can have come nearer, so what is stored is a lower bound.
///
/// Slots that are near to each other share a block, blocks a group, and both know a box
/// around their slots, how far these reach and their smallest distance. So a search
/// looks into few blocks, and the next pair is found like the winner of a tournament.
/// A merged pair takes the slot of the harder, whose box grows to hold it; the other
/// slot, like that of a finished jet, is dead until `compact`.
class PseudoJets {
  public:
    explicit PseudoJets(const ClusterOptions& options);

    /// Start over with these particles, in the memory of former ones.
    void start(const Particles& particles);

    [[nodiscard]] std::size_t alive() const { return alive_; }

    /// Merge the closest pair, or take out the jet that is closer to the beam.
    [[nodiscard]] ClusteringStep step();

    /// The momentum that the last merging made.
    [[nodiscard]] const FourMomentum& merged() const { return merged_; }

  private:
    void fill_slots(const Particles& particles);
    void stretch_boxes(std::size_t slot);
    void remove(std::size_t slot);
    [[nodiscard]] std::size_t closest_slot();
    [[nodiscard]] std::optional<std::size_t> partner_of(std::size_t slot) const;
    [[nodiscard]] FourMomentum sum(const FourMomentum& earlier,
                                   const FourMomentum& later) const;
    void merge(std::size_t slot, std::size_t partner);
    void set_neighbour(std::size_t slot, const Nearest& nearest);
    void compact();

    const NearestPath& path_;
    double radius_squared_;
    double power_;
    Recombination recombination_;
    std::optional<Pruning> pruning_;
    std::size_t num_nodes_ = 0;
    FourMomentum merged_{};
    std::size_t alive_ = 0;
    std::size_t num_slots_ = 0;  // without those that fill the last group
    // One entry a slot. Distances are times R^2. The rank of a slot is its earliest
    // particle.
    Slots slots_;
    std::vector<FourMomentum> momentum_;
    std::vector<std::int32_t> slot_of_node_;  // or kGone
    // Scratch space.
    std::vector<double> places_;
    std::vector<std::uint32_t> live_;
    Ordering ordering_;
};

/// The clustering_history of particles, both in the memory of former ones.
void record(const Particles& particles, PseudoJets& pseudo_jets,
            ClusteringHistory& history);

}  // namespace oddjet
