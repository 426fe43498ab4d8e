#pragma once

#include "oddjet/cluster.hpp"
#include "oddjet/jet_clusterings.hpp"

namespace oddjet {

/// Soft drop (Larkoski, Marzani, Soyez, Thaler, arXiv:1402.2657); with beta = 0 the
/// modified mass drop tagger (Dasgupta, Fregoso, Marzani, Salam, arXiv:1307.0007).
struct SoftDropOptions {
    double z_cut = 0.1;
    double beta = 0.0;
    double radius = 0.8;
};

/// Trimming (Krohn, Thaler, Wang, arXiv:0912.1342).
struct TrimOptions {
    double subjet_radius = 0.2;
    double pt_fraction = 0.05;
    Algorithm algorithm = Algorithm::kKt;
};

/// Filtering (Butterworth, Davison, Rubin, Salam, arXiv:0802.2470).
struct FilterOptions {
    double subjet_radius = 0.3;
    int num_subjets = 3;
    Algorithm algorithm = Algorithm::kCambridgeAachen;
};

/// The mass drop tagger (Butterworth, Davison, Rubin, Salam, arXiv:0802.2470).
struct MassDropOptions {
    double mu = 0.67;
    double y_cut = 0.09;
};

/// Pruning (Ellis, Vermilion, Walsh, arXiv:0912.0033).
struct PruneOptions {
    double z_cut = 0.1;
    double radius_cut_factor = 0.5;
    Algorithm algorithm = Algorithm::kCambridgeAachen;
};

/// Throws std::invalid_argument: z_cut not in [0, 1], beta not finite, radius not in
/// (0, 1000].
void check_options(const SoftDropOptions& options);

/// Throws std::invalid_argument: subjet_radius not in (0, 1000], pt_fraction not in
/// [0, 1], an algorithm that needs a power.
void check_options(const TrimOptions& options);

/// Throws std::invalid_argument: subjet_radius not in (0, 1000], num_subjets < 1, an
/// algorithm that needs a power.
void check_options(const FilterOptions& options);

/// Throws std::invalid_argument: mu not in (0, 1], y_cut negative or not finite.
void check_options(const MassDropOptions& options);

/// Throws std::invalid_argument: z_cut not in [0, 0.5), radius_cut_factor negative or
/// not finite, an algorithm that is neither kt nor C/A.
void check_options(const PruneOptions& options);

// One jet in, what is left of it out: constituents hardest first, or none at all. Where
// one tree is walked it is that of C/A without a radius. In it a massless momentum
// along the beam is in a jet of its own, and dropped.

/// The first branching with min(pt_1, pt_2) / (pt_1 + pt_2) > z_cut (dR / R)^beta,
/// going down the harder branch; where none passes, the constituent at its end.
[[nodiscard]] Jet soft_drop(const JetClusterings& jet, const SoftDropOptions& options);

/// The subjets with at least the given fraction of the pt of the whole jet.
[[nodiscard]] Jet trim(const JetClusterings& jet, const TrimOptions& options);

/// The given number of hardest subjets.
[[nodiscard]] Jet filter(const JetClusterings& jet, const FilterOptions& options);

/// The first branching with m_1 < mu m and min(pt_1, pt_2)^2 dR^2 > y_cut m^2, where
/// m_1 >= m_2, going down the heavier branch; nothing where none passes.
[[nodiscard]] Jet mass_drop(const JetClusterings& jet, const MassDropOptions& options);

/// The jet clustered again without the mergings that are soft, min(pt_1, pt_2) < z_cut
/// pt_12, and wide, dR > radius_cut_factor 2 m / pt of the whole jet.
[[nodiscard]] Jet prune(const JetClusterings& jet, const PruneOptions& options);

}  // namespace oddjet
