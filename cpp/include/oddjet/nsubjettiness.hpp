#pragma once

#include <string_view>
#include <vector>

#include "oddjet/jet_clusterings.hpp"

namespace oddjet {

/// The N axes: exclusive kt jets of the E-scheme or, winner takes all, of WTA-pt; or
/// those moved to the minimum of tau_N nearby (Thaler, Van Tilburg, arXiv:1108.2701,
/// section 3): each particle goes to its nearest axis, each axis to the mean of its
/// particles weighted by pt dR^(beta - 2), until on average they move by less than
/// 1e-4.
enum class Axes { kKt, kWinnerTakeAllKt, kOnePassKt, kOnePassWinnerTakeAllKt };

/// "kt", "wta_kt", "onepass_kt" or "onepass_wta_kt"; else std::invalid_argument.
[[nodiscard]] Axes axes_from_name(std::string_view name);

struct NsubjettinessOptions {
    std::vector<int> counts = {1, 2, 3};  // of axes: N of tau_N
    double radius = 0.8;
    double beta = 1.0;
    Axes axes = Axes::kWinnerTakeAllKt;
};

/// Throws std::invalid_argument: no count, a count < 1, radius not in (0, 1000], beta
/// not in (0, 10], or not in [1, 2] with axes of one pass (which finds a minimum
/// there).
void check_options(const NsubjettinessOptions& options);

/// tau_N = sum_i pt_i min_k dR_ik^beta / (sum_i pt_i R^beta) for each count N (Thaler,
/// Van Tilburg, arXiv:1011.2268, equation 2). One kt clustering without a radius serves
/// every N. Zero for N constituents or fewer, and for a jet without pt.
[[nodiscard]] std::vector<double> nsubjettiness(const JetClusterings& jet,
                                                const NsubjettinessOptions& options);

}  // namespace oddjet
