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

void an_axis_finds_its_minimum() {
    // Three particles of equal pt in a row: the median is the best axis for beta = 1,
    // the mean for beta = 2.
    Particles jet;
    for (const double azimuth : {0.0, 0.1, 0.5}) {
        jet.pt.push_back(1.0);
        jet.momenta.push_back(four_momentum({1.0, 0.0, azimuth, 0.0}));
    }
    const auto tau = [&](double beta) {
        return nsubjettiness(jet, {{1}, 1.0, beta, Axes::kOnePassKt})[0];
    };
    expect(std::fabs(tau(1.0) - 0.5 / 3.0) < 1e-3, "the median");
    expect(std::fabs(tau(2.0) - (0.04 + 0.01 + 0.09) / 3.0) < 1e-9, "the mean");
}

void bad_options_are_refused() {
    expect_refusal([] { (void)axes_from_name("ca"); }, "got 'ca'");
    expect_refusal([] { check_options(NsubjettinessOptions{{0}, 0.8, 1.0}); },
                   "n must be >= 1, got 0");
    expect_refusal([] { check_options(NsubjettinessOptions{{}, 0.8, 1.0}); },
                   "n must not be empty");
    expect_refusal([] { check_options(NsubjettinessOptions{{1}, 0.0, 1.0}); },
                   "radius must be");
    expect_refusal(
        [] { check_options(NsubjettinessOptions{{1}, 0.8, 0.5, Axes::kOnePassKt}); },
        "beta must be >= 1 and <= 2 with axes of one pass, got 0.5");
    expect_refusal([] { check_options(NsubjettinessOptions{{1}, 0.8, 11.0}); },
                   "beta must be");
}

}  // namespace

int main() {
    expect(nsubjettiness(Particles{}, NsubjettinessOptions{}) ==
               std::vector<double>(3, 0.0),
           "nothing has no rays");
    two_particles_by_hand();
    an_axis_finds_its_minimum();
    bad_options_are_refused();
    return failures;
}
