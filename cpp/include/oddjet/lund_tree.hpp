#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "oddjet/jet_clusterings.hpp"

namespace oddjet {

enum class LundPlane { kPrimary, kFull };
/// arctan(dy / dphi) of one argument, dphi not wrapped, 0 where dphi = 0 (LundNet); or
/// the angle of the softer branch about the harder, dphi wrapped (arXiv:1807.04758).
enum class LundPsi { kArctan, kAtan2 };
/// After a declustering below kt_min_gev: go on along the harder branch, or end here.
enum class LundBelowKt { kFollowHarder, kDropBoth };
/// What a tree without nodes becomes: nothing, or one node of zeros (LundNet).
enum class LundEmpty { kNothing, kZeros };

struct LundOptions {
    LundPlane plane = LundPlane::kFull;
    LundPsi psi = LundPsi::kArctan;
    LundBelowKt below_kt = LundBelowKt::kFollowHarder;
    LundEmpty empty = LundEmpty::kNothing;
    double kt_min_gev = 0.0;
    double delta_min = 0.0;
    bool leaves = false;
    bool logarithms = true;
};

[[nodiscard]] LundPlane lund_plane_from_name(std::string_view name);
[[nodiscard]] LundPsi lund_psi_from_name(std::string_view name);
[[nodiscard]] LundBelowKt lund_below_kt_from_name(std::string_view name);
[[nodiscard]] LundEmpty lund_empty_from_name(std::string_view name);

/// Throws std::invalid_argument: a cut that is negative or not finite, leaves together
/// with logarithms (a leaf has kt = 0).
void check_options(const LundOptions& options);

/// One declustering: z = pt_2 / (pt_1 + pt_2), delta = dR (at least 1e-6), psi, |mass|
/// of the sum (at least 1e-6 GeV), kt = pt_2 delta [GeV], with pt_2 the softer; or
/// their natural logarithms, but for psi. A leaf has z = 1, delta = kt = 0, psi = pi/4.
struct LundNode {
    double z, delta, psi, mass, kt;
    /// Nodes of the tree: the mother, the harder and the softer daughter; -1: none.
    std::array<std::int64_t, 3> neighbours;
    bool primary;  // reached from the jet along harder branches only
};

/// The declusterings of a jet's Cambridge/Aachen tree, the first first, each followed
/// by all those of its harder branch, then of its softer branch (not with kPrimary). A
/// softer branch of pt = 0 is no emission: the harder one is followed. Of particles
/// along the beam, which never merge with others, the hardest jet counts.
[[nodiscard]] std::vector<LundNode> lund_tree(const JetClusterings& jet,
                                              const LundOptions& options);

/// Nodes of jet i: offsets[i] to offsets[i + 1].
struct LundTrees {
    std::vector<std::int64_t> offsets;
    std::vector<LundNode> nodes;
};

}  // namespace oddjet
