#include <cmath>

#include "expect.hpp"
#include "oddjet/kinematics.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

constexpr double kPi = std::numbers::pi;

void azimuth_differences_wrap() {
    expect(delta_phi(0.5, 0.25) == 0.25, "a small difference stays");
    expect(delta_phi(-kPi, 0.0) == -kPi, "-pi belongs to the range");
    expect(delta_phi(0.0, -kPi) == -kPi, "pi does not");
    expect(std::fabs(delta_phi(3.0, -3.0) - (6.0 - 2.0 * kPi)) < 1e-15, "over the top");
    expect(std::fabs(delta_phi(-3.0, 3.0) + (6.0 - 2.0 * kPi)) < 1e-15,
           "the other way");
    expect(azimuth({-1.0, 0.0, 0.0, 1.0}) == -kPi, "azimuths are below pi");
    expect(azimuth({-0.0, -0.0, 1.0, 1.0}) == 0.0, "zero along the beam");
}

void any_angle_is_wrapped() {
    for (const double angle : {0.0, 3.0, -kPi, 3.1415, -3.0}) {
        for (const double turns : {-3.0, -1.0, 0.0, 1.0, 2.0}) {
            const double wrapped = wrapped_azimuth(angle + turns * 2.0 * kPi);
            expect(std::fabs(std::remainder(wrapped - angle, 2.0 * kPi)) < 1e-14,
                   "the same direction");
            expect(wrapped >= -kPi && wrapped < kPi, "in [-pi, pi)");
        }
    }
    expect(wrapped_azimuth(kPi) == -kPi, "pi does not belong to the range");
}

void coordinates_round_trip() {
    for (const double eta : {-4.0, -0.1, 0.0, 2.5}) {
        const ColliderMomentum p{12.0, eta, -2.0, 1.5};
        const ColliderMomentum q = collider_momentum(four_momentum(p));
        expect(std::fabs(q.pt / p.pt - 1.0) < 1e-14, "pt");
        expect(std::fabs(q.eta - p.eta) < 1e-14, "eta");
        expect(std::fabs(q.phi - p.phi) < 1e-14, "phi");
        expect(std::fabs(q.mass - p.mass) < 1e-9, "mass");
    }
    expect(four_momentum({0.0, 1e4, 0.0, 2.0}).energy == 2.0, "no pt, no pz");
}

void momenta_along_the_beam_are_far_away() {
    expect(rapidity({0.0, 0.0, 3.0, 3.0}) == 1e5 + 3.0, "forward");
    expect(rapidity({0.0, 0.0, -3.0, 3.0}) == -1e5 - 3.0, "backward");
    expect(std::isinf(collider_momentum({0.0, 0.0, 3.0, 3.0}).eta), "infinite eta");
    expect(std::isfinite(rapidity({1e-170, 0.0, 0.0, 1e-170})), "underflow");
}

}  // namespace

int main() {
    azimuth_differences_wrap();
    any_angle_is_wrapped();
    coordinates_round_trip();
    momenta_along_the_beam_are_far_away();
    return failures;
}
