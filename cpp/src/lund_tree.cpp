#include "oddjet/lund_tree.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "message.hpp"
#include "oddjet/clustering_history.hpp"
#include "oddjet/kinematics.hpp"

namespace oddjet {
namespace {

// As in LundNet: coincident branches still have a logarithm.
constexpr double kSmallestDelta = 1e-6;
// A lower end for sums of parallel massless particles, whose mass is rounding.
constexpr double kSmallestMassGev = 1e-6;

// A branch that has yet to be declustered, and the place of its mother's neighbours
// that waits for it.
struct Branch {
    std::int64_t node;
    std::int64_t mother;
    std::size_t place;
    bool primary;
};

// In [0, 2 pi), as in FastJet: an unwrapped difference depends on the range.
double azimuth_from_zero(const FourMomentum& p) {
    const double phi = azimuth(p);
    return phi < 0.0 ? phi + 2.0 * std::numbers::pi : phi;
}

double psi_of(double across, double harder_phi, double softer_phi, LundPsi psi) {
    if (psi == LundPsi::kAtan2) {
        return std::atan2(across, delta_phi(softer_phi, harder_phi));
    }
    const double around = softer_phi - harder_phi;
    return around == 0.0 ? 0.0 : std::atan(across / around);
}

LundNode declustering(const FourMomentum& sum, const FourMomentum& harder,
                      const FourMomentum& softer, const Branch& branch, LundPsi psi) {
    const double softer_pt = std::sqrt(pt_squared(softer));
    const double across = rapidity(softer) - rapidity(harder);
    const double harder_phi = azimuth_from_zero(harder);
    const double softer_phi = azimuth_from_zero(softer);
    const double around = delta_phi(softer_phi, harder_phi);
    const double delta =
        std::max(kSmallestDelta, std::sqrt(across * across + around * around));
    return {softer_pt / (std::sqrt(pt_squared(harder)) + softer_pt),
            delta,
            psi_of(across, harder_phi, softer_phi, psi),
            std::max(kSmallestMassGev, std::fabs(mass(sum))),
            softer_pt * delta,
            {branch.mother, -1, -1},
            branch.primary};
}

LundNode leaf(const FourMomentum& p, const Branch& branch) {
    return {1.0,
            0.0,
            std::numbers::pi / 4.0,
            std::fabs(mass(p)),
            0.0,
            {branch.mother, -1, -1},
            branch.primary};
}

void take_logarithms(std::vector<LundNode>& nodes) {
    for (LundNode& node : nodes) {
        for (double* value : {&node.z, &node.delta, &node.mass, &node.kt}) {
            *value = std::log(*value);
        }
    }
}

void append(std::vector<LundNode>& tree, LundNode node, const Branch& branch) {
    const auto index = static_cast<std::int64_t>(tree.size());
    if (branch.mother >= 0) {
        tree[static_cast<std::size_t>(branch.mother)].neighbours[branch.place] = index;
    }
    tree.push_back(node);
}

/// The declusterings of a node and of what they lead to, in the order of the contract.
std::vector<LundNode> declusterings(const ClusteringHistory& history, std::int64_t jet,
                                    const LundOptions& options) {
    std::vector<LundNode> tree;
    std::vector<Branch> pending = {{jet, -1, 0, true}};
    while (!pending.empty()) {
        const Branch branch = pending.back();
        pending.pop_back();
        const auto end_here = [&] {
            if (options.leaves) {
                append(tree, leaf(history.momentum(branch.node), branch), branch);
            }
        };
        if (history.is_particle(branch.node)) {
            end_here();
            continue;
        }
        const auto& [first, second, distance] = history.origin(branch.node);
        const LundNode node =
            declustering(history.momentum(branch.node), history.momentum(first),
                         history.momentum(second), branch, options.psi);
        if (node.delta < options.delta_min) {
            end_here();
        } else if (node.kt > 0.0 && node.kt >= options.kt_min_gev) {
            const auto mother = static_cast<std::int64_t>(tree.size());
            append(tree, node, branch);
            if (options.plane == LundPlane::kFull) {
                pending.push_back({second, mother, 2, false});
            }
            pending.push_back({first, mother, 1, branch.primary});
        } else if (node.kt == 0.0 || options.below_kt == LundBelowKt::kFollowHarder) {
            pending.push_back({first, branch.mother, branch.place, branch.primary});
        } else {
            end_here();
        }
    }
    return tree;
}

void check_cut(double cut, std::string_view name) {
    if (!(cut >= 0.0 && std::isfinite(cut))) {
        refuse("lund_tree: ", name, " must be >= 0 and finite, got ", cut);
    }
}

}  // namespace

LundPlane lund_plane_from_name(std::string_view name) {
    if (name == "primary") return LundPlane::kPrimary;
    if (name == "full") return LundPlane::kFull;
    refuse("lund_tree: plane must be primary or full, got '", name, "'");
}

LundPsi lund_psi_from_name(std::string_view name) {
    if (name == "arctan") return LundPsi::kArctan;
    if (name == "atan2") return LundPsi::kAtan2;
    refuse("lund_tree: psi must be arctan or atan2, got '", name, "'");
}

LundBelowKt lund_below_kt_from_name(std::string_view name) {
    if (name == "follow_harder") return LundBelowKt::kFollowHarder;
    if (name == "drop_both") return LundBelowKt::kDropBoth;
    refuse("lund_tree: below_kt must be follow_harder or drop_both, got '", name, "'");
}

LundEmpty lund_empty_from_name(std::string_view name) {
    if (name == "nothing") return LundEmpty::kNothing;
    if (name == "zeros") return LundEmpty::kZeros;
    refuse("lund_tree: empty must be nothing or zeros, got '", name, "'");
}

void check_options(const LundOptions& options) {
    check_cut(options.kt_min_gev, "kt_min_gev");
    check_cut(options.delta_min, "delta_min");
    if (options.leaves && options.logarithms) {
        refuse("lund_tree: leaves have kt = 0, so they need logarithms to be off");
    }
}

std::vector<LundNode> lund_tree(const JetClusterings& jet, const LundOptions& options) {
    const ClusteringHistory& history = jet.history(Algorithm::kCambridgeAachen);
    std::vector<LundNode> tree;
    if (history.num_particles > 0) {
        tree = declusterings(history, inclusive_jets(history).front(), options);
    }
    if (options.logarithms) take_logarithms(tree);
    if (tree.empty() && options.empty == LundEmpty::kZeros) {
        tree.push_back({0.0, 0.0, 0.0, 0.0, 0.0, {-1, -1, -1}, true});
    }
    return tree;
}

}  // namespace oddjet
