#include "oddjet/kinematics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace oddjet {
namespace {

// E^2 - p^2 as light-cone products, which keeps more digits of a fast, light particle.
double mass_squared(const FourMomentum& p) {
    return (p.energy + p.pz) * (p.energy - p.pz) - pt_squared(p);
}

}  // namespace

double azimuth(const FourMomentum& p) {
    if (pt_squared(p) == 0.0) return 0.0;
    const double phi = std::atan2(p.py, p.px);
    return phi >= std::numbers::pi ? -std::numbers::pi : phi;
}

double rapidity(const FourMomentum& p) {
    const double effective_mass_squared = std::max(0.0, mass_squared(p));
    const double transverse_mass_squared = pt_squared(p) + effective_mass_squared;
    if (transverse_mass_squared == 0.0) {
        // Far outside any detector, yet different for different particles.
        const double beyond = 1e5 + std::fabs(p.pz);
        return p.pz >= 0.0 ? beyond : -beyond;
    }
    // Stable at large |pz|, where 1/2 log((E + pz) / (E - pz)) loses all digits.
    const double larger_light_cone = p.energy + std::fabs(p.pz);
    const double minus_magnitude =
        0.5 *
        std::log(transverse_mass_squared / (larger_light_cone * larger_light_cone));
    // A factor, not a branch: nobody can predict the side.
    const double sign = p.pz > 0.0 ? -1.0 : 1.0;
    return sign * minus_magnitude;
}

double delta_r_squared(const FourMomentum& a, const FourMomentum& b) {
    const double across = rapidity(a) - rapidity(b);
    const double around = delta_phi(azimuth(a), azimuth(b));
    return across * across + around * around;
}

double mass(const FourMomentum& p) {
    const double squared = mass_squared(p);
    return std::copysign(std::sqrt(std::fabs(squared)), squared);
}

FourMomentum four_momentum(const ColliderMomentum& p) {
    const double pz = p.pt == 0.0 ? 0.0 : p.pt * std::sinh(p.eta);
    const double squared = p.pt * p.pt + pz * pz + p.mass * std::fabs(p.mass);
    return {p.pt * std::cos(p.phi), p.pt * std::sin(p.phi), pz,
            std::sqrt(std::fmax(0.0, squared))};
}

ColliderMomentum collider_momentum(const FourMomentum& p) {
    const double pt = std::sqrt(pt_squared(p));
    double eta = 0.0;
    if (pt > 0.0) {
        eta = std::asinh(p.pz / pt);
    } else if (p.pz != 0.0) {
        eta = std::copysign(std::numeric_limits<double>::infinity(), p.pz);
    }
    return {pt, eta, azimuth(p), mass(p)};
}

}  // namespace oddjet
