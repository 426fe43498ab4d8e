// FastJet beside oddjet, both called from C++ on the same events, one thread each.
//
// usage: fastjet_cluster EVENTS RADIUS REPEATS
//
// EVENTS is a file of doubles: for each event the number of its particles, then px, py,
// pz and energy of each. First all jets are compared, as sets of particles; then the
// two take turns. Written out: the microseconds of CPU time an event of each repeat,
// oddjet's and FastJet's.

#include <algorithm>
#include <cmath>
#include <ctime>
#include <fastjet/ClusterSequence.hh>
#include <fstream>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include "oddjet/cluster.hpp"

namespace {

using Event = std::vector<oddjet::FourMomentum>;
using JetSets = std::set<std::vector<std::int64_t>>;

std::vector<Event> read_events(const char* path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<Event> events;
    double size = 0.0;
    while (file.read(reinterpret_cast<char*>(&size), sizeof size)) {
        Event& event = events.emplace_back(static_cast<std::size_t>(size));
        file.read(
            reinterpret_cast<char*>(event.data()),
            static_cast<std::streamsize>(event.size() * sizeof(oddjet::FourMomentum)));
    }
    return events;
}

std::vector<oddjet::Jet> with_oddjet(const Event& event, double radius) {
    oddjet::Particles particles{event, {}};
    particles.pt.reserve(event.size());
    for (const auto& p : event) particles.pt.push_back(std::sqrt(pt_squared(p)));
    return cluster_event(particles, {oddjet::Algorithm::kAntiKt, radius});
}

std::vector<std::vector<fastjet::PseudoJet>> with_fastjet(const Event& event,
                                                          double radius) {
    std::vector<fastjet::PseudoJet> particles;
    particles.reserve(event.size());
    for (const auto& p : event) {
        particles.emplace_back(p.px, p.py, p.pz, p.energy);
        particles.back().set_user_index(static_cast<int>(particles.size()) - 1);
    }
    const fastjet::JetDefinition definition(fastjet::antikt_algorithm, radius);
    const fastjet::ClusterSequence sequence(particles, definition);
    std::vector<std::vector<fastjet::PseudoJet>> constituents;
    for (const auto& jet : sorted_by_pt(sequence.inclusive_jets())) {
        constituents.push_back(sequence.constituents(jet));
    }
    return constituents;
}

JetSets sets_of(const std::vector<oddjet::Jet>& jets) {
    JetSets sets;
    for (auto jet : jets) {
        std::ranges::sort(jet.constituents);
        sets.insert(jet.constituents);
    }
    return sets;
}

JetSets sets_of(const std::vector<std::vector<fastjet::PseudoJet>>& jets) {
    JetSets sets;
    for (const auto& jet : jets) {
        std::vector<std::int64_t> members;
        for (const auto& particle : jet) members.push_back(particle.user_index());
        std::ranges::sort(members);
        sets.insert(members);
    }
    return sets;
}

template <class Cluster>
double microseconds_an_event(const std::vector<Event>& events, const Cluster& cluster) {
    std::size_t jets = 0;
    const std::clock_t start = std::clock();
    for (const Event& event : events) jets += cluster(event).size();
    const auto ticks = static_cast<double>(std::clock() - start);
    if (jets == 0) std::cerr << "no jets\n";  // the work must not be optimised away
    return 1e6 * ticks / CLOCKS_PER_SEC / static_cast<double>(events.size());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) return 2;
    const std::vector<Event> events = read_events(argv[1]);
    const double radius = std::stod(argv[2]);
    fastjet::ClusterSequence::set_fastjet_banner_stream(nullptr);
    const auto ours = [&](const Event& event) { return with_oddjet(event, radius); };
    const auto theirs = [&](const Event& event) { return with_fastjet(event, radius); };
    std::size_t different = 0;
    for (const Event& event : events) {
        different += sets_of(ours(event)) != sets_of(theirs(event));
    }
    if (different > 0) {
        std::cerr << different << " of " << events.size() << " events differ\n";
        return 1;
    }
    for (int repeat = 0; repeat < std::stoi(argv[3]); ++repeat) {
        const double of_oddjet = microseconds_an_event(events, ours);
        std::cout << of_oddjet << ' ' << microseconds_an_event(events, theirs) << '\n';
    }
}
