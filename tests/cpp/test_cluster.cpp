#include <algorithm>
#include <cmath>
#include <limits>

#include "expect.hpp"
#include "oddjet/cluster.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

constexpr std::array kAlgorithms = {Algorithm::kAntiKt, Algorithm::kKt,
                                    Algorithm::kCambridgeAachen,
                                    Algorithm::kGeneralisedKt};

void every_particle_is_in_one_jet(const Particles& particles,
                                  const ClusterOptions& options) {
    std::vector<std::int64_t> seen;
    FourMomentum total{0.0, 0.0, 0.0, 0.0};
    for (const Jet& jet : cluster_event(particles, options)) {
        seen.insert(seen.end(), jet.constituents.begin(), jet.constituents.end());
        total = total + jet.momentum;
    }
    std::ranges::sort(seen);
    expect(seen.size() == particles.pt.size(), "as many constituents as particles");
    for (std::size_t i = 0; i < seen.size(); ++i) {
        expect(seen[i] == static_cast<std::int64_t>(i), "each particle once");
    }
    for (const FourMomentum& p : particles.momenta) total.energy -= p.energy;
    expect(std::fabs(total.energy) < 1e-6, "energy is conserved");
}

void events_of_all_sizes() {
    for (const Algorithm algorithm : kAlgorithms) {
        for (const std::size_t size : {0, 1, 2, 3, 15, 16, 17, 64, 200, 701}) {
            const RandomLists<float> random(1, size, 1);
            const Particles particles = read_list(random.view(), 0, "test");
            every_particle_is_in_one_jet(particles, {algorithm, 0.6, 0.0, 0.5});
        }
    }
}

void coincident_and_resting_particles() {
    Particles particles;
    for (int i = 0; i < 40; ++i) {
        const double pz = i % 2 == 0 ? 0.0 : 5.0;
        const FourMomentum p = i % 3 == 0 ? FourMomentum{1.0, 2.0, 3.0, 4.0}
                                          : FourMomentum{0.0, 0.0, pz, pz};
        particles.momenta.push_back(p);
        particles.pt.push_back(std::sqrt(pt_squared(p)));
    }
    for (const Algorithm algorithm : kAlgorithms) {
        every_particle_is_in_one_jet(particles, {algorithm, 1.0, 0.0, -2.0});
    }
}

void threads_change_nothing() {
    const RandomLists<double> random(50, 40, 2);
    const Jets one = cluster(random.view(), {}, 1);
    const Jets four = cluster(random.view(), {}, 4);
    expect(one.pt == four.pt && one.mass == four.mass, "the same momenta");
    expect(one.constituent_index == four.constituent_index, "the same constituents");
}

void bad_input_is_refused() {
    RandomLists<double> random(2, 3, 3);
    const auto run = [&] { (void)cluster(random.view(), {}, 2); };
    random.columns[1][4] = std::numeric_limits<double>::quiet_NaN();
    expect_refusal(run, "cluster: particle 1 of event 1 has non-finite eta nan");
    random.offsets = {0, 4, 3, 6};
    expect_refusal(run, "offsets must not decrease, got 3 after 4 at index 2");
    random.offsets = {1, 6};
    expect_refusal(run, "offsets must start at 0, got 1");
    random.offsets = {0, 5};
    expect_refusal(run, "offsets must end at the number of particles, 6, got 5");
    random.offsets = {};
    expect_refusal(run, "offsets must not be empty");
    random.columns[2].pop_back();
    expect_refusal(run, "columns must have one length, got 6 and 5");
    expect_refusal([] { (void)algorithm_from_name("cone"); }, "got 'cone'");
    expect_refusal([] { check_options(ClusterOptions{Algorithm::kKt, -1.0}); },
                   "got -1");
}

}  // namespace

int main() {
    events_of_all_sizes();
    coincident_and_resting_particles();
    threads_change_nothing();
    bad_input_is_refused();
    return failures;
}
