#include <algorithm>
#include <cmath>

#include "expect.hpp"
#include "oddjet/event_tensors.hpp"
#include "oddjet/leading_jet.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

bool same(const FourMomentum& a, const FourMomentum& b) {
    return a.px == b.px && a.py == b.py && a.pz == b.pz && a.energy == b.energy;
}

/// One finder for all: nothing of an event may be left for the next.
void it_is_the_first_of_all_jets() {
    for (const auto algorithm :
         {Algorithm::kAntiKt, Algorithm::kKt, Algorithm::kCambridgeAachen}) {
        for (const auto recombination :
             {Recombination::kEScheme, Recombination::kWinnerTakeAllPt}) {
            for (const double radius : {0.2, 0.8, 3.0}) {
                for (const double pt_min_gev : {0.0, 40.0, 1e9}) {
                    const ClusterOptions options{algorithm, radius, pt_min_gev, -1.0,
                                                 recombination};
                    LeadingJet leading(options);
                    for (const std::size_t size : {0, 1, 2, 30, 90}) {
                        const RandomLists<double> random(8, size, 17);
                        const ParticleLists events = random.view();
                        for (std::size_t i = 0; i < events.size(); ++i) {
                            const Particles particles = read_list(events, i, "test");
                            const auto jets = cluster_event(particles, options);
                            const bool found = leading.find(particles);
                            expect(found == !jets.empty(), "whether there is a jet");
                            if (!found) continue;
                            expect(same(leading.momentum(), jets[0].momentum),
                                   "momentum of the leading jet");
                            expect(std::ranges::equal(
                                       leading.constituents(particles, 1000),
                                       jets[0].constituents),
                                   "constituents of the leading jet");
                            const auto& two = leading.constituents(particles, 2);
                            expect(
                                std::ranges::equal(two, std::span(jets[0].constituents)
                                                            .first(two.size())) &&
                                    two.size() == std::min<std::size_t>(
                                                      2, jets[0].constituents.size()),
                                "its two hardest");
                        }
                    }
                }
            }
        }
    }
}

/// Of jets with equal pt the one with the earliest particle comes first.
void equal_jets_keep_their_order() {
    Particles particles;
    for (const double azimuth : {2.0, -1.0, 0.5}) {
        particles.momenta.push_back(four_momentum({10.0, 0.0, azimuth, 0.0}));
        particles.pt.push_back(10.0);
    }
    // Exactly equal and opposite: the same pt to the last bit.
    particles.momenta[2] = particles.momenta[1];
    particles.momenta[2].px = -particles.momenta[1].px;
    particles.momenta[2].py = -particles.momenta[1].py;
    particles.momenta[0] = {1.0, 0.0, 0.0, 1.0};
    const ClusterOptions options{Algorithm::kAntiKt, 0.4};
    LeadingJet leading(options);
    expect(leading.find(particles), "there is a jet");
    expect(leading.constituents(particles, 9).front() ==
               cluster_event(particles, options).front().constituents.front(),
           "the earlier of equal jets");
}

/// Clustering must go on where soft jets may still add up to a harder one.
void what_is_left_may_become_the_hardest() {
    Particles particles;
    particles.momenta.push_back(four_momentum({10.0, 0.0, 0.0, 0.0}));
    for (int i = 0; i < 6; ++i) {
        particles.momenta.push_back(
            four_momentum({4.0, 3.0 + 0.2 * (i % 2), 0.2 * i, 0.0}));
    }
    for (const auto& p : particles.momenta)
        particles.pt.push_back(std::hypot(p.px, p.py));
    const ClusterOptions options{Algorithm::kAntiKt, 0.8};
    LeadingJet leading(options);
    expect(leading.find(particles), "there is a jet");
    expect(pt_squared(leading.momentum()) > 144.0, "six soft particles are harder");
    expect(same(leading.momentum(), cluster_event(particles, options)[0].momentum),
           "and they are the first jet");
}

void a_bad_event_can_be_flagged() {
    RandomLists<double> random(5, 20, 3);
    const ClusterOptions clustering{Algorithm::kAntiKt, 0.8};
    const FeatureOptions features{{Feature::kLogPt, Feature::kDeltaR}, 6};
    const EventTensors fine = event_tensors(random.view(), clustering, features);
    expect(fine.problems.empty(), "no problems without being asked");
    random.columns[1][2 * 20 + 7] = std::nan("");
    expect_refusal([&] { (void)event_tensors(random.view(), clustering, features); },
                   "particle 7 of event 2 has non-finite eta");
    const EventTensors flagged =
        event_tensors(random.view(), clustering, features, 2, BadEvent::kFlag);
    for (std::size_t i = 0; i < 5; ++i) {
        expect(flagged.problems[i].empty() == (i != 2), "who has a problem");
        const auto row = [&](const EventTensors& t) {
            return std::span(t.tensor.values).subspan(i * 12, 12);
        };
        if (i == 2) {
            expect(flagged.found[i] == 0, "a bad event is not found");
            expect(std::ranges::all_of(row(flagged), [](float v) { return v == 0; }),
                   "and has a row of zeros");
        } else {
            expect(std::ranges::equal(row(flagged), row(fine)), "others do not change");
        }
    }
    expect(flagged.problems[2].find("non-finite eta") != std::string::npos, "named");
}

}  // namespace

int main() {
    it_is_the_first_of_all_jets();
    equal_jets_keep_their_order();
    what_is_left_may_become_the_hardest();
    a_bad_event_can_be_flagged();
    return failures;
}
