#include "oddjet/grooming.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "message.hpp"
#include "oddjet/clustering_history.hpp"

namespace oddjet {
namespace {

void check_radius(double radius, std::string_view kernel, std::string_view name) {
    if (radius > 0.0 && radius <= kNoRadius) return;
    refuse(kernel, ": ", name, " must be > 0 and <= 1000, got ", radius);
}

void check_fraction(double fraction, std::string_view kernel, std::string_view name) {
    if (fraction >= 0.0 && fraction <= 1.0) return;
    refuse(kernel, ": ", name, " must be in [0, 1], got ", fraction);
}

void check_has_no_power(Algorithm algorithm, std::string_view kernel) {
    if (algorithm != Algorithm::kGeneralisedKt) return;
    refuse(kernel, ": algorithm must be antikt, kt or cambridge_aachen, got genkt");
}

FourMomentum sum(const Particles& jet) {
    FourMomentum whole{0.0, 0.0, 0.0, 0.0};
    for (const FourMomentum& p : jet.momenta) whole = whole + p;
    return whole;
}

/// What these nodes hold together.
Jet jet_of(const Particles& particles, const ClusteringHistory& history,
           std::span<const std::int64_t> nodes) {
    Jet jet{{0.0, 0.0, 0.0, 0.0}, {}};
    for (const std::int64_t node : nodes) {
        jet.momentum = jet.momentum + history.momentum(node);
        const std::vector<std::int64_t> members = particles_of(history, node);
        jet.constituents.insert(jet.constituents.end(), members.begin(), members.end());
    }
    sort_hardest_first(jet.constituents, particles.pt);
    return jet;
}

/// A branching of the tree, harder branch first.
struct Branching {
    FourMomentum whole, harder, softer;

    [[nodiscard]] bool passes(const SoftDropOptions& options) const {
        const double pt_1 = std::sqrt(pt_squared(harder));
        const double pt_2 = std::sqrt(pt_squared(softer));
        const double angle =
            delta_r_squared(harder, softer) / (options.radius * options.radius);
        return pt_2 >
               options.z_cut * std::pow(angle, 0.5 * options.beta) * (pt_1 + pt_2);
    }
    [[nodiscard]] bool passes(const MassDropOptions& options) const {
        const double heavier = std::max(mass(harder), mass(softer));
        const double kt_squared = pt_squared(softer) * delta_r_squared(harder, softer);
        return heavier < options.mu * mass(whole) &&
               kt_squared > options.y_cut * mass_squared(whole);
    }
};

/// Whether to go down the softer branch of one that does not pass.
bool follows_softer(const Branching&, const SoftDropOptions&) { return false; }
bool follows_softer(const Branching& branching, const MassDropOptions&) {
    return mass(branching.softer) > mass(branching.harder);
}

/// The node of the first branching of the C/A tree that passes, or the particle at the
/// end of the way down; kBeam for a jet of nothing.
template <class Options>
std::int64_t first_that_passes(const ClusteringHistory& history,
                               const Options& options) {
    const std::vector<std::int64_t> trees = inclusive_jets(history);
    if (trees.empty()) return kBeam;
    std::int64_t node = trees.front();
    while (!history.is_particle(node)) {
        const auto& [first, second, _] = history.origin(node);
        const Branching branching{history.momentum(node), history.momentum(first),
                                  history.momentum(second)};
        if (branching.passes(options)) break;
        node = follows_softer(branching, options) ? second : first;
    }
    return node;
}

}  // namespace

void check_options(const SoftDropOptions& options) {
    check_fraction(options.z_cut, "soft_drop", "z_cut");
    if (!std::isfinite(options.beta)) {
        refuse("soft_drop: beta must be finite, got ", options.beta);
    }
    check_radius(options.radius, "soft_drop", "radius");
}

void check_options(const TrimOptions& options) {
    check_radius(options.subjet_radius, "trim", "subjet_radius");
    check_fraction(options.pt_fraction, "trim", "pt_fraction");
    check_has_no_power(options.algorithm, "trim");
}

void check_options(const FilterOptions& options) {
    check_radius(options.subjet_radius, "filter_jets", "subjet_radius");
    if (options.num_subjets < 1) {
        refuse("filter_jets: num_subjets must be >= 1, got ", options.num_subjets);
    }
    check_has_no_power(options.algorithm, "filter_jets");
}

void check_options(const MassDropOptions& options) {
    if (!(options.mu > 0.0 && options.mu <= 1.0)) {
        refuse("mass_drop: mu must be > 0 and <= 1, got ", options.mu);
    }
    if (!(options.y_cut >= 0.0 && std::isfinite(options.y_cut))) {
        refuse("mass_drop: y_cut must be >= 0 and finite, got ", options.y_cut);
    }
}

void check_options(const PruneOptions& options) {
    // Of two equal branches neither is soft, so the harder is always the one to keep.
    if (!(options.z_cut >= 0.0 && options.z_cut < 0.5)) {
        refuse("prune: z_cut must be >= 0 and < 0.5, got ", options.z_cut);
    }
    if (!(options.radius_cut_factor >= 0.0 &&
          std::isfinite(options.radius_cut_factor))) {
        refuse("prune: radius_cut_factor must be >= 0 and finite, got ",
               options.radius_cut_factor);
    }
    if (options.algorithm != Algorithm::kKt &&
        options.algorithm != Algorithm::kCambridgeAachen) {
        refuse("prune: algorithm must be kt or cambridge_aachen");
    }
}

Jet soft_drop(const JetClusterings& jet, const SoftDropOptions& options) {
    const ClusteringHistory& history = jet.history(Algorithm::kCambridgeAachen);
    const std::int64_t node = first_that_passes(history, options);
    if (node == kBeam) return jet_of(jet.particles(), history, {});
    return jet_of(jet.particles(), history, {&node, 1});
}

Jet mass_drop(const JetClusterings& jet, const MassDropOptions& options) {
    const ClusteringHistory& history = jet.history(Algorithm::kCambridgeAachen);
    const std::int64_t node = first_that_passes(history, options);
    const bool none_passes = node == kBeam || history.is_particle(node);
    if (none_passes) return jet_of(jet.particles(), history, {});
    return jet_of(jet.particles(), history, {&node, 1});
}

Jet trim(const JetClusterings& jet, const TrimOptions& options) {
    const ClusteringHistory& history =
        jet.history(options.algorithm, options.subjet_radius);
    std::vector<std::int64_t> subjets = inclusive_jets(history);
    const double least =
        options.pt_fraction * std::sqrt(pt_squared(sum(jet.particles())));
    std::erase_if(subjets, [&](std::int64_t subjet) {
        return pt_squared(history.momentum(subjet)) < least * least;
    });
    return jet_of(jet.particles(), history, subjets);
}

Jet filter(const JetClusterings& jet, const FilterOptions& options) {
    const ClusteringHistory& history =
        jet.history(options.algorithm, options.subjet_radius);
    const std::vector<std::int64_t> subjets = inclusive_jets(history);
    const std::size_t kept =
        std::min(subjets.size(), static_cast<std::size_t>(options.num_subjets));
    return jet_of(jet.particles(), history, std::span(subjets).first(kept));
}

Jet prune(const JetClusterings& jet, const PruneOptions& options) {
    const FourMomentum whole = sum(jet.particles());
    const double pt = std::sqrt(pt_squared(whole));
    // Of a jet without pt nothing is wide.
    const double distance_cut =
        pt > 0.0 ? options.radius_cut_factor * 2.0 * std::max(0.0, mass(whole)) / pt
                 : std::numeric_limits<double>::infinity();
    const Pruning pruning{options.z_cut, distance_cut};
    const ClusteringHistory history = clustering_history(
        jet.particles(),
        {options.algorithm, kNoRadius, 0.0, 0.0, Recombination::kEScheme, pruning});
    const std::vector<std::int64_t> trees = inclusive_jets(history);
    if (trees.empty()) return jet_of(jet.particles(), history, {});
    std::vector<std::int64_t> kept;
    std::vector<std::int64_t> pending = {trees.front()};
    while (!pending.empty()) {
        const std::int64_t node = pending.back();
        pending.pop_back();
        if (history.is_particle(node)) {
            kept.push_back(node);
            continue;
        }
        const auto& [first, second, _] = history.origin(node);
        pending.push_back(first);
        const bool refused =
            pruning.refuses(history.momentum(first), history.momentum(second));
        if (!refused) pending.push_back(second);
    }
    Jet pruned = jet_of(jet.particles(), history, kept);
    pruned.momentum = history.momentum(trees.front());
    return pruned;
}

}  // namespace oddjet
