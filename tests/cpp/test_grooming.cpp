#include <algorithm>
#include <cmath>

#include "expect.hpp"
#include "oddjet/grooming.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

Particles massless(const std::vector<std::array<double, 3>>& pt_eta_phi) {
    Particles particles;
    for (const auto& [pt, eta, phi] : pt_eta_phi) {
        particles.momenta.push_back(four_momentum({pt, eta, phi, 0.0}));
        particles.pt.push_back(pt);
    }
    return particles;
}

/// Two hard prongs, and something soft at the edge.
const Particles kTwoProngs =
    massless({{1.0, 0.0, 0.7}, {50.0, 0.2, 0.0}, {40.0, -0.2, 0.0}});

void expect_kept(const Jet& jet, const std::vector<std::int64_t>& constituents,
                 const std::string& what) {
    expect(jet.constituents == constituents, what + ": the constituents");
    FourMomentum total{0.0, 0.0, 0.0, 0.0};
    for (const std::int64_t i : constituents) {
        total = total + kTwoProngs.momenta[static_cast<std::size_t>(i)];
    }
    expect(std::fabs(total.energy - jet.momentum.energy) < 1e-12,
           what + ": the energy");
}

void the_soft_particle_goes() {
    expect_kept(soft_drop(kTwoProngs, {0.1, 0.0, 0.8}), {1, 2}, "soft drop");
    expect_kept(trim(kTwoProngs, {0.2, 0.05}), {1, 2}, "trimming");
    expect_kept(filter(kTwoProngs, {0.2, 2}), {1, 2}, "filtering");
    expect_kept(filter(kTwoProngs, {0.2, 1}), {1}, "filtering");
    expect_kept(mass_drop(kTwoProngs, {0.67, 0.09}), {1, 2}, "mass drop");
    expect_kept(prune(kTwoProngs, {0.1, 0.5}), {1, 2}, "pruning");
}

void beta_makes_narrow_branches_welcome() {
    // z = 0.011 at dR = 0.7, half of R.
    expect_kept(soft_drop(kTwoProngs, {0.02, 2.0, 1.4}), {1, 2, 0}, "beta = 2");
    expect_kept(soft_drop(kTwoProngs, {0.02, 0.0, 1.4}), {1, 2}, "beta = 0");
    // Just above and just below the least z, 0.25 z_cut.
    expect_kept(soft_drop(kTwoProngs, {0.04, 2.0, 1.4}), {1, 2, 0}, "just hard enough");
    expect_kept(soft_drop(kTwoProngs, {0.048, 2.0, 1.4}), {1, 2}, "just too soft");
}

void without_cuts_nothing_goes() {
    expect_kept(soft_drop(kTwoProngs, {0.0, 0.0, 0.8}), {1, 2, 0}, "soft drop");
    expect_kept(trim(kTwoProngs, {0.2, 0.0}), {1, 2, 0}, "trimming");
    expect_kept(filter(kTwoProngs, {0.2, 9}), {1, 2, 0}, "filtering");
    expect_kept(prune(kTwoProngs, {0.0, 0.0}), {1, 2, 0}, "pruning");
}

void jets_of_nothing() {
    for (const Jet& jet :
         {soft_drop(Particles{}, SoftDropOptions{}), trim(Particles{}, TrimOptions{}),
          filter(Particles{}, FilterOptions{}),
          mass_drop(Particles{}, MassDropOptions{}),
          mass_drop(massless({{1.0, 0.0, 0.0}}), MassDropOptions{}),
          prune(Particles{}, PruneOptions{})}) {
        expect(jet.constituents.empty(), "nothing is left");
        expect(jet.momentum.energy == 0.0, "without energy");
    }
}

void bad_options_are_refused() {
    expect_refusal([] { check_options(SoftDropOptions{-0.1}); }, "z_cut must be in");
    expect_refusal([] { check_options(TrimOptions{0.0}); }, "trim: subjet_radius");
    expect_refusal([] { check_options(FilterOptions{0.3, 0}); }, "num_subjets");
    expect_refusal([] { check_options(MassDropOptions{1.1}); }, "mass_drop: mu");
    expect_refusal([] { check_options(PruneOptions{0.5}); }, "prune: z_cut");
}

}  // namespace

int main() {
    the_soft_particle_goes();
    beta_makes_narrow_branches_welcome();
    without_cuts_nothing_goes();
    jets_of_nothing();
    bad_options_are_refused();
    return failures;
}
