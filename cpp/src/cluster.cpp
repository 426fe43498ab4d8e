#include "oddjet/cluster.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <utility>

#include "message.hpp"
#include "oddjet/clustering_history.hpp"
#include "oddjet/parallel.hpp"
#include "pseudo_jets.hpp"

namespace oddjet {
namespace {

/// Jets of one event: their constituents lie one after the other.
struct EventJets {
    std::vector<FourMomentum> momenta;
    std::vector<std::int64_t> num_constituents;
    std::vector<std::int64_t> constituents;
};

struct JetNode {
    double pt_squared;
    std::int64_t node;
    std::int64_t earliest;  // particle
    std::size_t place;      // among the jets of the event, then in their constituents
    std::int64_t count;
};

constexpr std::int32_t kNoJet = -1;

/// The jet of every particle, as its place in `jets`; fills counts and earliest.
std::vector<std::int32_t> jet_of_particles(const ClusteringHistory& history,
                                           std::vector<JetNode>& jets) {
    std::vector<std::int32_t> jet_of_node(history.nodes.size(), kNoJet);
    for (std::size_t j = 0; j < jets.size(); ++j) {
        jet_of_node[static_cast<std::size_t>(jets[j].node)] =
            static_cast<std::int32_t>(j);
    }
    // A node is made of earlier ones.
    for (std::size_t node = history.nodes.size(); node-- > history.num_particles;) {
        if (jet_of_node[node] == kNoJet) continue;
        const ClusteringStep& step = history.origin(static_cast<std::int64_t>(node));
        jet_of_node[static_cast<std::size_t>(step.first)] = jet_of_node[node];
        jet_of_node[static_cast<std::size_t>(step.second)] = jet_of_node[node];
    }
    jet_of_node.resize(history.num_particles);
    for (std::size_t i = history.num_particles; i-- > 0;) {
        if (jet_of_node[i] == kNoJet) continue;
        JetNode& jet = jets[static_cast<std::size_t>(jet_of_node[i])];
        jet.earliest = static_cast<std::int64_t>(i);
        ++jet.count;
    }
    return jet_of_node;
}

struct Constituent {
    double pt;
    std::int64_t particle;
};

// Objects, not functions: sorting calls them in place.
constexpr auto is_harder = [](const Constituent& a, const Constituent& b) {
    return a.pt > b.pt || (a.pt == b.pt && a.particle < b.particle);
};

constexpr auto comes_first = [](const JetNode& a, const JetNode& b) {
    return a.pt_squared > b.pt_squared ||
           (a.pt_squared == b.pt_squared && a.earliest < b.earliest);
};

EventJets jets_of_nodes(const ClusteringHistory& history,
                        const std::vector<std::int64_t>& nodes,
                        const Particles& particles, const ClusterOptions& options) {
    std::vector<JetNode> jets;
    jets.reserve(nodes.size());
    for (const std::int64_t node : nodes) {
        const double squared = pt_squared(history.momentum(node));
        if (squared < options.pt_min_gev * options.pt_min_gev) continue;
        jets.push_back({squared, node, 0, jets.size(), 0});
    }
    const std::vector<std::int32_t> jet_of = jet_of_particles(history, jets);
    std::ranges::sort(jets, comes_first);
    EventJets found;
    found.momenta.reserve(jets.size());
    found.num_constituents.reserve(jets.size());
    std::vector<std::size_t> next(jets.size());  // by the former place of the jet
    std::size_t total = 0;
    for (const JetNode& jet : jets) {
        found.momenta.push_back(history.momentum(jet.node));
        found.num_constituents.push_back(jet.count);
        next[jet.place] = total;
        total += static_cast<std::size_t>(jet.count);
    }
    std::vector<Constituent> constituents(total);
    for (std::size_t i = 0; i < jet_of.size(); ++i) {
        if (jet_of[i] == kNoJet) continue;
        constituents[next[static_cast<std::size_t>(jet_of[i])]++] = {
            particles.pt[i], static_cast<std::int64_t>(i)};
    }
    auto begin = constituents.begin();
    for (const std::int64_t count : found.num_constituents) {
        std::sort(begin, begin + count, is_harder);
        begin += count;
    }
    found.constituents.reserve(total);
    for (const Constituent& c : constituents) found.constituents.push_back(c.particle);
    return found;
}

/// Nodes that the beam takes.
std::vector<std::int64_t> nodes_of_beam(const ClusteringHistory& history) {
    std::vector<std::int64_t> nodes;
    for (const ClusteringStep& step : history.steps) {
        if (step.second == kBeam) nodes.push_back(step.first);
    }
    return nodes;
}

// Enough to make memory once for many, few enough to share the work.
constexpr std::size_t kEventsOfTask = 16;

/// The memory of one worker.
struct Workplace {
    explicit Workplace(const ClusterOptions& options) : pseudo_jets(options) {}

    PseudoJets pseudo_jets;
    ClusteringHistory history;
};

EventJets inclusive_jets_of(const Particles& particles, const ClusterOptions& options,
                            Workplace& workplace) {
    record(particles, workplace.pseudo_jets, workplace.history);
    return jets_of_nodes(workplace.history, nodes_of_beam(workplace.history), particles,
                         options);
}

/// Calls act(begin, end) for parts of all events, in parallel.
void for_each_part(std::size_t num_events, int threads,
                   const std::function<void(std::size_t, std::size_t)>& act) {
    const std::size_t parts = (num_events + kEventsOfTask - 1) / kEventsOfTask;
    for_each_index(parts, threads, [&](std::size_t part) {
        const std::size_t begin = part * kEventsOfTask;
        act(begin, std::min(begin + kEventsOfTask, num_events));
    });
}

/// Where the jets of each event begin, and their constituents, and where all end.
struct Begins {
    std::vector<std::int64_t> jets = {0};
    std::vector<std::int64_t> constituents = {0};
};

Begins begins_of(const std::vector<EventJets>& events) {
    Begins begins;
    for (const EventJets& jets : events) {
        const auto after = [](std::int64_t begin, std::size_t count) {
            return begin + static_cast<std::int64_t>(count);
        };
        begins.jets.push_back(after(begins.jets.back(), jets.momenta.size()));
        begins.constituents.push_back(
            after(begins.constituents.back(), jets.constituents.size()));
    }
    return begins;
}

void fill_columns(const EventJets& jets, std::size_t first_jet,
                  std::int64_t first_constituent, Jets& flat) {
    for (std::size_t i = 0; i < jets.momenta.size(); ++i) {
        const std::size_t j = first_jet + i;
        const ColliderMomentum p = collider_momentum(jets.momenta[i]);
        flat.pt[j] = p.pt;
        flat.eta[j] = p.eta;
        flat.phi[j] = p.phi;
        flat.mass[j] = p.mass;
        flat.constituent_offsets[j + 1] =
            (i == 0 ? first_constituent : flat.constituent_offsets[j]) +
            jets.num_constituents[i];
    }
    std::ranges::copy(jets.constituents,
                      flat.constituent_index.begin() + first_constituent);
}

Jets flat_columns(const std::vector<EventJets>& events, int threads) {
    Begins begins = begins_of(events);
    const auto num_jets = static_cast<std::size_t>(begins.jets.back());
    Jets flat;
    for (auto* column : {&flat.pt, &flat.eta, &flat.phi, &flat.mass}) {
        column->resize(num_jets);
    }
    flat.constituent_offsets.resize(num_jets + 1);
    flat.constituent_index.resize(static_cast<std::size_t>(begins.constituents.back()));
    for_each_part(events.size(), threads, [&](std::size_t begin, std::size_t end) {
        for (std::size_t event = begin; event < end; ++event) {
            fill_columns(events[event], static_cast<std::size_t>(begins.jets[event]),
                         begins.constituents[event], flat);
        }
    });
    flat.event_offsets = std::move(begins.jets);
    return flat;
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
    std::vector<EventJets> flat(events.size());
    for (std::size_t event = 0; event < events.size(); ++event) {
        for (const Jet& jet : events[event]) {
            flat[event].momenta.push_back(jet.momentum);
            flat[event].num_constituents.push_back(
                static_cast<std::int64_t>(jet.constituents.size()));
            flat[event].constituents.insert(flat[event].constituents.end(),
                                            jet.constituents.begin(),
                                            jet.constituents.end());
        }
    }
    return flat_columns(flat, 1);
}

std::vector<Jet> cluster_event(const Particles& particles,
                               const ClusterOptions& options) {
    check_options(options);
    Workplace workplace(options);
    const EventJets found = inclusive_jets_of(particles, options, workplace);
    std::vector<Jet> jets;
    jets.reserve(found.momenta.size());
    auto begin = found.constituents.begin();
    for (std::size_t j = 0; j < found.momenta.size(); ++j) {
        const auto end = begin + found.num_constituents[j];
        jets.push_back({found.momenta[j], {begin, end}});
        begin = end;
    }
    return jets;
}

Jets cluster(const ParticleLists& events, const ClusterOptions& options, int threads) {
    check_options(options);
    check_lists(events, "cluster");
    check_threads(threads, "cluster");
    std::vector<EventJets> jets(events.size());
    for_each_part(events.size(), threads, [&](std::size_t begin, std::size_t end) {
        Workplace workplace(options);
        for (std::size_t event = begin; event < end; ++event) {
            jets[event] = inclusive_jets_of(read_list(events, event, "cluster"),
                                            options, workplace);
        }
    });
    return flat_columns(jets, threads);
}

Jets cluster_exclusive(const ParticleLists& events, const ClusterOptions& options,
                       const StopAt& stop, int threads) {
    check_options(options);
    check_stop(stop);
    check_lists(events, "exclusive_jets");
    check_threads(threads, "exclusive_jets");
    std::vector<EventJets> jets(events.size());
    for_each_part(events.size(), threads, [&](std::size_t begin, std::size_t end) {
        Workplace workplace(options);
        for (std::size_t event = begin; event < end; ++event) {
            const Particles particles = read_list(events, event, "exclusive_jets");
            const ClusteringHistory& history = workplace.history;
            record(particles, workplace.pseudo_jets, workplace.history);
            const auto nodes =
                stop.num_jets
                    ? exclusive_jets(history, static_cast<std::size_t>(*stop.num_jets))
                    : exclusive_jets_up_to(history, *stop.d_cut_gev2);
            jets[event] = jets_of_nodes(history, nodes, particles, options);
        }
    });
    return flat_columns(jets, threads);
}

}  // namespace oddjet
