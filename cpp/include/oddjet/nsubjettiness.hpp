#pragma once

#include <string_view>
#include <vector>

#include "oddjet/particles.hpp"

namespace oddjet {

/// The N axes: exclusive kt jets of the E-scheme or, winner takes all, of WTA-pt.
enum class Axes { kKt, kWinnerTakeAllKt };

/// "kt" or "wta_kt"; else std::invalid_argument.
[[nodiscard]] Axes axes_from_name(std::string_view name);

struct NsubjettinessOptions {
    std::vector<int> counts = {1, 2, 3};  // of axes: N of tau_N
    double radius = 0.8;
    double beta = 1.0;
    Axes axes = Axes::kWinnerTakeAllKt;
};

/// Throws std::invalid_argument: no count, a count < 1, radius not in (0, 1000], beta
/// not in (0, 10].
void check_options(const NsubjettinessOptions& options);

/// tau_N = sum_i pt_i min_k dR_ik^beta / (sum_i pt_i R^beta) for each count N (Thaler,
/// Van Tilburg, arXiv:1011.2268, equation 2). One kt clustering without a radius serves
/// every N. Zero for N constituents or fewer, and for a jet without pt.
[[nodiscard]] std::vector<double> nsubjettiness(const Particles& jet,
                                                const NsubjettinessOptions& options);

/// The same as values[list, count] in C order. Throws std::invalid_argument: options,
/// offsets, momenta, threads < 1.
[[nodiscard]] std::vector<double> nsubjettiness(const ParticleLists& jets,
                                                const NsubjettinessOptions& options,
                                                int threads = 1);

}  // namespace oddjet
