#include "oddjet/kinematics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace oddjet {

double azimuth(const FourMomentum& p) {
    if (pt_squared(p) == 0.0) return 0.0;
    const double phi = std::atan2(p.py, p.px);
    return phi >= std::numbers::pi ? -std::numbers::pi : phi;
}

double rapidity(const FourMomentum& p) {
    if (transverse_mass_squared(p) == 0.0) {
        // Far outside any detector, yet different for different particles.
        const double beyond = 1e5 + std::fabs(p.pz);
        return p.pz >= 0.0 ? beyond : -beyond;
    }
    return rapidity_from(std::log(light_cone_ratio(p)), p.pz);
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
