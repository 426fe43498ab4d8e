#include "oddjet/cluster.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "message.hpp"
#include "oddjet/clustering_history.hpp"
#include "oddjet/parallel.hpp"

namespace oddjet {
namespace {

std::vector<Jet> jets_of_nodes(const ClusteringHistory& history,
                               const std::vector<std::int64_t>& nodes,
                               const Particles& particles,
                               const ClusterOptions& options) {
    std::vector<Jet> jets;
    for (const std::int64_t node : nodes) {
        const FourMomentum& momentum = history.momentum(node);
        if (pt_squared(momentum) < options.pt_min_gev * options.pt_min_gev) continue;
        jets.push_back({momentum, particles_of(history, node)});
    }
    // A jet's constituents still start with its earliest, which decides between equals.
    std::ranges::sort(jets, [](const Jet& a, const Jet& b) {
        const double pt_a = pt_squared(a.momentum);
        const double pt_b = pt_squared(b.momentum);
        return pt_a > pt_b || (pt_a == pt_b && a.constituents[0] < b.constituents[0]);
    });
    for (Jet& jet : jets) sort_hardest_first(jet.constituents, particles.pt);
    return jets;
}

void check_stop(const StopAt& stop) {
    if (stop.num_jets.has_value() == stop.d_cut_gev2.has_value()) {
        refuse("exclusive_jets: give either num_jets or d_cut_gev2");
    }
    if (stop.num_jets.value_or(0) < 0) {
        refuse("exclusive_jets: num_jets must be >= 0, got ", *stop.num_jets);
    }
    if (!(stop.d_cut_gev2.value_or(0.0) >= 0.0)) {
        refuse("exclusive_jets: d_cut_gev2 must be >= 0, got ", *stop.d_cut_gev2);
    }
}

}  // namespace

bool Pruning::refuses(const FourMomentum& a, const FourMomentum& b) const {
    const double softer = std::sqrt(std::min(pt_squared(a), pt_squared(b)));
    return softer < z_cut * std::sqrt(pt_squared(a + b)) &&
           delta_r_squared(a, b) > distance_cut * distance_cut;
}

Algorithm algorithm_from_name(std::string_view name) {
    if (name == "antikt") return Algorithm::kAntiKt;
    if (name == "kt") return Algorithm::kKt;
    if (name == "cambridge_aachen" || name == "ca") return Algorithm::kCambridgeAachen;
    if (name == "genkt") return Algorithm::kGeneralisedKt;
    refuse(
        "cluster: algorithm must be antikt, kt, cambridge_aachen (or ca) or genkt, got "
        "'",
        name, "'");
}

Recombination recombination_from_name(std::string_view name) {
    if (name == "E") return Recombination::kEScheme;
    if (name == "WTA_pt") return Recombination::kWinnerTakeAllPt;
    refuse("cluster: recombination must be E or WTA_pt, got '", name, "'");
}

void check_options(const ClusterOptions& options) {
    // Beyond 1000 all particles merge anyway, and squares would overflow.
    if (!(options.radius > 0.0 && options.radius <= 1000.0)) {
        refuse("cluster: radius must be > 0 and <= 1000, got ", options.radius);
    }
    if (!(options.pt_min_gev >= 0.0 && std::isfinite(options.pt_min_gev))) {
        refuse("cluster: pt_min_gev must be >= 0 and finite, got ", options.pt_min_gev);
    }
    if (!std::isfinite(options.power)) {
        refuse("cluster: power must be finite, got ", options.power);
    }
}

Jets flat_columns(const std::vector<std::vector<Jet>>& events) {
    Jets flat;
    flat.event_offsets.push_back(0);
    flat.constituent_offsets.push_back(0);
    for (const std::vector<Jet>& jets : events) {
        for (const Jet& jet : jets) {
            const ColliderMomentum p = collider_momentum(jet.momentum);
            flat.pt.push_back(p.pt);
            flat.eta.push_back(p.eta);
            flat.phi.push_back(p.phi);
            flat.mass.push_back(p.mass);
            flat.constituent_index.insert(flat.constituent_index.end(),
                                          jet.constituents.begin(),
                                          jet.constituents.end());
            flat.constituent_offsets.push_back(
                static_cast<std::int64_t>(flat.constituent_index.size()));
        }
        flat.event_offsets.push_back(static_cast<std::int64_t>(flat.pt.size()));
    }
    return flat;
}

std::vector<Jet> cluster_event(const Particles& particles,
                               const ClusterOptions& options) {
    const ClusteringHistory history = clustering_history(particles, options);
    return jets_of_nodes(history, inclusive_jets(history), particles, options);
}

Jets cluster(const ParticleLists& events, const ClusterOptions& options, int threads) {
    check_options(options);
    check_lists(events, "cluster");
    check_threads(threads, "cluster");
    std::vector<std::vector<Jet>> jets(events.size());
    for_each_index(events.size(), threads, [&](std::size_t event) {
        jets[event] = cluster_event(read_list(events, event, "cluster"), options);
    });
    return flat_columns(jets);
}

Jets cluster_exclusive(const ParticleLists& events, const ClusterOptions& options,
                       const StopAt& stop, int threads) {
    check_options(options);
    check_stop(stop);
    check_lists(events, "exclusive_jets");
    check_threads(threads, "exclusive_jets");
    std::vector<std::vector<Jet>> jets(events.size());
    for_each_index(events.size(), threads, [&](std::size_t event) {
        const Particles particles = read_list(events, event, "exclusive_jets");
        const ClusteringHistory history = clustering_history(particles, options);
        const auto nodes =
            stop.num_jets
                ? exclusive_jets(history, static_cast<std::size_t>(*stop.num_jets))
                : exclusive_jets_up_to(history, *stop.d_cut_gev2);
        jets[event] = jets_of_nodes(history, nodes, particles, options);
    });
    return flat_columns(jets);
}

}  // namespace oddjet
