#include <cmath>

#include "expect.hpp"
#include "oddjet/nsubjettiness.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

void two_particles_by_hand() {
    Particles jet;
    for (const double azimuth : {0.0, 0.4}) {
        jet.pt.push_back(azimuth == 0.0 ? 3.0 : 1.0);
        jet.momenta.push_back(four_momentum({jet.pt.back(), 0.0, azimuth, 0.0}));
    }
    const std::vector<double> taus = nsubjettiness(jet, {{1, 2, 3}, 0.8, 1.0});
    expect(std::fabs(taus[0] - 0.125) < 1e-12, "tau_1 from the axis of the winner");
    expect(taus[1] == 0.0 && taus[2] == 0.0, "two rays");
}

void threads_change_nothing() {
    const RandomLists<float> random(40, 20, 5);
    const NsubjettinessOptions options{{1, 2, 3, 4}, 0.8, 2.0, Axes::kKt};
    expect(nsubjettiness(random.view(), options, 1) ==
               nsubjettiness(random.view(), options, 4),
           "the same values");
}

void bad_options_are_refused() {
    expect_refusal([] { (void)axes_from_name("ca"); }, "got 'ca'");
    expect_refusal([] { check_options({{0}, 0.8, 1.0}); }, "n must be >= 1, got 0");
    expect_refusal([] { check_options({{}, 0.8, 1.0}); }, "n must not be empty");
    expect_refusal([] { check_options({{1}, 0.0, 1.0}); }, "radius must be");
    expect_refusal([] { check_options({{1}, 0.8, 11.0}); }, "beta must be");
}

}  // namespace

int main() {
    expect(nsubjettiness(Particles{}, NsubjettinessOptions{}) ==
               std::vector<double>(3, 0.0),
           "nothing has no rays");
    two_particles_by_hand();
    threads_change_nothing();
    bad_options_are_refused();
    return failures;
}
