#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "oddjet/kinematics.hpp"
#include "oddjet/particles.hpp"

namespace oddjet {

/// The generalised-kt family: power -1, 1, 0, or `ClusterOptions::power`.
enum class Algorithm { kAntiKt, kKt, kCambridgeAachen, kGeneralisedKt };

/// How a pair is added: four-momenta, or (winner takes all) pt at the rapidity, azimuth
/// and mass of the harder, of equal pt the earlier (Bertolini, Chan, Thaler,
/// arXiv:1310.7584).
enum class Recombination { kEScheme, kWinnerTakeAllPt };

/// Which pairs are not added: the harder goes on alone where the softer has less than
/// z_cut of the pt of their sum and dR exceeds distance_cut. `prune` is the way to it.
struct Pruning {
    double z_cut;
    double distance_cut;

    [[nodiscard]] bool refuses(const FourMomentum& a, const FourMomentum& b) const;
};

struct ClusterOptions {
    Algorithm algorithm = Algorithm::kAntiKt;
    double radius = 0.4;
    double pt_min_gev = 0.0;
    double power = -1.0;  // read for kGeneralisedKt only
    Recombination recombination = Recombination::kEScheme;
    std::optional<Pruning> pruning = std::nullopt;
};

/// "antikt", "kt", "cambridge_aachen" or "ca", "genkt"; else std::invalid_argument.
[[nodiscard]] Algorithm algorithm_from_name(std::string_view name);

/// "E" or "WTA_pt"; else std::invalid_argument.
[[nodiscard]] Recombination recombination_from_name(std::string_view name);

/// Throws std::invalid_argument: radius not in (0, 1000], pt_min_gev or power not
/// finite.
void check_options(const ClusterOptions& options);

/// A jet and its constituents: indices into the event, hardest first.
struct Jet {
    FourMomentum momentum;
    std::vector<std::int64_t> constituents;
};

/// Jets of many events as flat columns. Jets of event i: event_offsets[i] to [i + 1];
/// constituents of jet j: constituent_offsets[j] to [j + 1], indices into its event.
struct Jets {
    std::vector<double> pt, eta, phi, mass;
    std::vector<std::int64_t> event_offsets;
    std::vector<std::int64_t> constituent_offsets;
    std::vector<std::int64_t> constituent_index;
};

/// The jets of all events, in their order.
[[nodiscard]] Jets flat_columns(const std::vector<std::vector<Jet>>& events);

/// Inclusive jets of one event, hardest first: d_ij = min(pt_i^2p, pt_j^2p) dR^2 / R^2,
/// d_iB = pt_i^2p, dR in rapidity and azimuth. A pair is that of the particle of the
/// smaller pt^2p with its nearest one; of equal distances the earlier such particle
/// goes first, with the earlier of equally near ones; a merged pair takes the place of
/// its earlier member. O(n^2) time, O(n) memory.
[[nodiscard]] std::vector<Jet> cluster_event(const Particles& particles,
                                             const ClusterOptions& options);

/// The same for every event. Throws std::invalid_argument: options, offsets, momenta.
[[nodiscard]] Jets cluster(const ParticleLists& events, const ClusterOptions& options,
                           int threads = 1);

/// Where exclusive clustering stops: at so many jets, or before the first step of a
/// larger distance. Exactly one of the two is given.
struct StopAt {
    std::optional<std::int64_t> num_jets;
    std::optional<double> d_cut_gev2;
};

/// The exclusive jets of every event (hep-ph/9305266, section 2), hardest first:
/// particles that went to the beam before the stop are in none; fewer particles than
/// num_jets are a jet each; pt_min_gev holds. Throws std::invalid_argument: options,
/// stop, offsets, momenta.
[[nodiscard]] Jets cluster_exclusive(const ParticleLists& events,
                                     const ClusterOptions& options, const StopAt& stop,
                                     int threads = 1);

}  // namespace oddjet
