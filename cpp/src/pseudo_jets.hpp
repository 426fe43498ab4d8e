#pragma once

#include <cstdint>
#include <optional>
#include <vector>

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
    struct Window {
        std::size_t begin;
        std::size_t end;
    };

    [[nodiscard]] std::size_t strip_of(double rapidity) const;
    [[nodiscard]] Window window(std::size_t slot) const;
    [[nodiscard]] std::vector<std::size_t> sort_into_strips(const Particles& particles);
    void place(std::size_t slot, const FourMomentum& momentum);
    void kill(std::size_t slot);
    [[nodiscard]] FourMomentum sum(const FourMomentum& earlier,
                                   const FourMomentum& later) const;
    void finish(std::size_t slot);
    void merge(std::size_t slot, std::size_t partner);
    void meet(std::size_t slot, Window window);
    void find_neighbour(std::size_t slot, Window window);
    void set_neighbour(std::size_t slot, std::size_t neighbour, double separation);
    void collect_orphans(std::size_t first, std::size_t second, Window window);
    void adopt_orphans();
    void use_one_strip();
    void compact();

    double radius_squared_;
    double power_;
    Recombination recombination_;
    std::optional<Pruning> pruning_;
    std::int64_t num_nodes_;
    FourMomentum merged_{};
    std::size_t alive_;
    double strip_width_;
    std::vector<std::size_t> strip_begin_;  // its slots end where the next ones begin
    // One entry a slot. Distances are times R^2, separations are dR^2.
    std::vector<FourMomentum> momentum_;
    std::vector<double> rapidity_, azimuth_, scale_, separation_, distance_;
    std::vector<std::size_t> neighbour_;
    std::vector<std::size_t> first_;  // earliest particle: decides between equals
    std::vector<std::int64_t> node_;
    // Scratch space.
    std::vector<double> row_;
    std::vector<std::size_t> orphans_;
};

}  // namespace oddjet
