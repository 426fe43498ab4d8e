#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "nearest.hpp"
#include "oddjet/cluster.hpp"
#include "oddjet/clustering_history.hpp"
#include "oddjet/particles.hpp"

namespace oddjet {

/// The pseudo-jets that are left, each with its nearest neighbour within the radius.
/// The smallest d_ij is always that of such a pair (Cacciari, Salam, hep-ph/0512210),
/// so n neighbours stand for n^2 distances.
///
/// Slots lie in strips of rapidity, each wider than the radius: a neighbour is in the
/// same strip or beside it, a window of consecutive slots. The rapidity of a sum lies
/// between those of its terms, so a merged pair takes the slot of one of them. The
/// other slot, like that of a finished jet, is dead: infinitely far away until
/// `compact`.
class PseudoJets {
  public:
    PseudoJets(const Particles& particles, const ClusterOptions& options);

    [[nodiscard]] std::size_t alive() const { return alive_; }

    /// Merge the closest pair, or take out the jet that is closer to the beam. Of a
    /// merged pair the node of the earlier member comes first.
    [[nodiscard]] ClusteringStep step();

    /// The momentum that the last merging made.
    [[nodiscard]] const FourMomentum& merged() const { return merged_; }

  private:
    [[nodiscard]] std::size_t strip_of(double rapidity) const;
    [[nodiscard]] Window window(std::size_t slot) const;
    [[nodiscard]] std::vector<std::size_t> sort_into_strips(const Particles& particles);
    void place(std::size_t slot, const FourMomentum& momentum, double its_rapidity);
    void kill(std::size_t slot);
    [[nodiscard]] FourMomentum sum(const FourMomentum& earlier,
                                   const FourMomentum& later) const;
    void finish(std::size_t slot);
    void merge(std::size_t slot, std::size_t partner);
    void find_neighbour(std::size_t slot);
    void set_neighbour(std::size_t slot, std::int32_t neighbour, double separation);
    void set_distance(std::size_t slot, double distance);
    [[nodiscard]] double smallest_in_block(std::size_t block) const;
    [[nodiscard]] Smallest meet(std::size_t slot, std::size_t gone);
    void use_one_strip();
    void move(std::size_t from, std::size_t to);
    void compact();

    const NearestPath& path_;
    double radius_squared_;
    double power_;
    Recombination recombination_;
    std::optional<Pruning> pruning_;
    std::int64_t num_nodes_;
    FourMomentum merged_{};
    std::size_t alive_;
    std::size_t num_slots_;  // without those that fill the last block
    double strip_width_;
    std::vector<std::size_t> strip_begin_;  // its slots end where the next ones begin
    // One entry a slot. Distances are times R^2. The rank of a slot is its earliest
    // particle.
    Slots slots_;
    std::vector<FourMomentum> momentum_;
    std::vector<double> scale_;
    std::vector<std::int32_t> strip_;
    std::vector<std::int64_t> node_;
    Concerned concerned_;  // scratch space
};

}  // namespace oddjet
