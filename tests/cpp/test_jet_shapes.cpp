#include <cmath>

#include "expect.hpp"
#include "oddjet/jet_shapes.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

void expect_near(double found, double expected, const std::string& what) {
    expect(std::fabs(found - expected) < 1e-12, what);
}

void three_particles_by_hand() {
    Particles jet;
    const std::array<double, 3> azimuths = {0.0, 0.3, -0.4};
    for (const double azimuth : azimuths) {
        jet.pt.push_back(azimuth == 0.0 ? 2.0 : 1.0);
        jet.momenta.push_back(four_momentum({jet.pt.back(), 0.0, azimuth, 0.0}));
    }
    const EnergyCorrelation found = energy_correlation(jet, {1.0});
    const double e2 = 0.125 * 0.3 + 0.125 * 0.4 + 0.0625 * 0.7;
    const double e3 = 0.03125 * 0.3 * 0.4 * 0.7;
    expect_near(found.e2, e2, "e2");
    expect_near(found.e3, e3, "e3");
    expect_near(found.c2, e3 / (e2 * e2), "C2");
    expect_near(found.d2, e3 / (e2 * e2 * e2), "D2");
    expect_near(found.n2, 0.03125 * 0.3 * 0.4 / (e2 * e2), "N2");
    const double axis =
        std::atan2(std::sin(0.3) - std::sin(0.4), 2.0 + std::cos(0.3) + std::cos(0.4));
    const double girth = (-2.0 * axis + (0.3 - axis) + (0.4 + axis)) / 4.0;
    expect_near(jet_shape(jet).girth, girth, "girth");
    expect_near(jet_shape(jet).pt_dispersion, std::sqrt(6.0) / 4.0, "pt dispersion");
}

void particles_along_the_beam_have_no_weight() {
    Particles jet;
    jet.momenta = {{1.0, 0.0, 0.0, 1.0}, {0.0, 0.0, 1e139, 1e139}};
    jet.pt = {1.0, 0.0};
    const EnergyCorrelation found = energy_correlation(jet, {10.0});
    expect(found.e2 == 0.0 && found.d2 == 0.0, "one particle has no pair");
    expect(jet_shape(jet).pt_dispersion == 1.0, "nor is its pt shared");
}

}  // namespace

int main() {
    expect(energy_correlation(Particles{}, {1.0}).e2 == 0.0, "nothing");
    expect(jet_shape(Particles{}).girth == 0.0, "nothing");
    three_particles_by_hand();
    particles_along_the_beam_have_no_weight();
    expect_refusal([] { check_options(EnergyCorrelationOptions{0.0}); },
                   "energy_correlation: beta must be > 0 and <= 10, got 0");
    return failures;
}
