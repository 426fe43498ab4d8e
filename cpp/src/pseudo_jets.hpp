#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "nearest.hpp"
#include "oddjet/cluster.hpp"
#include "oddjet/clustering_history.hpp"
#include "oddjet/particles.hpp"

namespace oddjet {

/// Where a particle points; the azimuth in [0, 2 pi).
struct Place {
    double rapidity, azimuth;
};

/// An order of particles, and the room to find it in.
struct Ordering {
    std::vector<std::uint32_t> particles, cell_of_particle, begin_of_cell;
};

/// The pseudo-jets that are left, each with its nearest neighbour within the radius.
/// The smallest d_ij is always that of such a pair (Cacciari, Salam, hep-ph/0512210),
/// so n neighbours stand for n^2 distances.
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

    /// Merge the closest pair, or take out the jet that is closer to the beam. Of a
    /// merged pair the node of the earlier member comes first.
    [[nodiscard]] ClusteringStep step();

    /// The momentum that the last merging made.
    [[nodiscard]] const FourMomentum& merged() const { return merged_; }

  private:
    void fill_slots(const Particles& particles);
    void build_boxes();
    void stretch_boxes(std::size_t slot);
    [[nodiscard]] Change change_of(std::size_t kept, std::size_t gone,
                                   std::size_t earlier) const;
    [[nodiscard]] FourMomentum sum(const FourMomentum& earlier,
                                   const FourMomentum& later) const;
    void finish(std::size_t slot);
    void merge(std::size_t slot, std::size_t partner);
    void set_neighbour(std::size_t slot, const Nearest& nearest);
    void find_neighbours_of_orphans();
    void move(std::size_t from, std::size_t to);
    void compact();

    const NearestPath& path_;
    double radius_squared_;
    double power_;
    Recombination recombination_;
    std::optional<Pruning> pruning_;
    std::int64_t num_nodes_ = 0;
    FourMomentum merged_{};
    std::size_t alive_ = 0;
    std::size_t num_slots_ = 0;  // without those that fill the last group
    // One entry a slot. Distances are times R^2. The rank of a slot is its earliest
    // particle.
    Slots slots_;
    std::vector<FourMomentum> momentum_;
    std::vector<std::int64_t> node_;
    // Scratch space.
    std::vector<Place> places_;
    Ordering ordering_;
    Orphans orphans_;
    std::vector<double> new_slot_;
};

}  // namespace oddjet
