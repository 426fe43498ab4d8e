#pragma once

#include <cmath>
#include <numbers>

namespace oddjet {

/// A four-momentum in GeV, always in double precision.
struct FourMomentum {
    double px;
    double py;
    double pz;
    double energy;
};

/// Collider coordinates of a four-momentum: GeV and radians, azimuth in [-pi, pi).
struct ColliderMomentum {
    double pt;
    double eta;
    double phi;
    double mass;
};

[[nodiscard]] inline FourMomentum operator+(const FourMomentum& a,
                                            const FourMomentum& b) {
    return {a.px + b.px, a.py + b.py, a.pz + b.pz, a.energy + b.energy};
}

/// Squared transverse momentum.
[[nodiscard]] inline double pt_squared(const FourMomentum& p) {
    return p.px * p.px + p.py * p.py;
}

/// a - b, wrapped into [-pi, pi), for azimuths a and b less than a full turn apart.
[[nodiscard]] inline double delta_phi(double a, double b) {
    // Chosen constants instead of branches: loops over it become vector instructions.
    constexpr double two_pi = 2.0 * std::numbers::pi;
    const double difference = a - b;
    const double down = difference >= std::numbers::pi ? two_pi : 0.0;
    const double up = difference < -std::numbers::pi ? two_pi : 0.0;
    return difference - down + up;
}

/// Any finite angle, wrapped into [-pi, pi).
[[nodiscard]] inline double wrapped_azimuth(double angle) {
    constexpr double two_pi = 2.0 * std::numbers::pi;
    const bool is_near = std::fabs(angle) < two_pi;  // then no division is needed
    return delta_phi(is_near ? angle : std::remainder(angle, two_pi), 0.0);
}

/// E^2 - p^2 as light-cone products, which keep more digits of a fast, light particle.
[[nodiscard]] inline double mass_squared(const FourMomentum& p) {
    return (p.energy + p.pz) * (p.energy - p.pz) - pt_squared(p);
}

/// Squared transverse mass; a negative squared mass (rounding) is taken as zero.
[[nodiscard]] inline double transverse_mass_squared(const FourMomentum& p) {
    const double squared = mass_squared(p);
    return pt_squared(p) + (squared > 0.0 ? squared : 0.0);
}

/// e^(-2 |rapidity|). Stable at large |pz|, where (E + pz) / (E - pz) loses all digits.
[[nodiscard]] inline double light_cone_ratio(const FourMomentum& p) {
    const double larger_light_cone = p.energy + std::fabs(p.pz);
    return transverse_mass_squared(p) / (larger_light_cone * larger_light_cone);
}

/// Rapidity, given the logarithm of the light-cone ratio.
[[nodiscard]] inline double rapidity_from(double log_ratio, double pz) {
    // A factor, not a branch: nobody can predict the side.
    const double sign = pz > 0.0 ? -1.0 : 1.0;
    return sign * (0.5 * log_ratio);
}

/// Azimuth in [-pi, pi); 0 for a momentum along the beam.
[[nodiscard]] double azimuth(const FourMomentum& p);

/// Rapidity, with a negative squared mass taken as zero (rounding). A massless momentum
/// along the beam gets +-(1e5 + |pz|), as in FastJet: finite, and far from all others.
[[nodiscard]] double rapidity(const FourMomentum& p);

/// The distance in rapidity and azimuth, squared.
[[nodiscard]] double delta_r_squared(const FourMomentum& a, const FourMomentum& b);

/// sign(m^2) sqrt|m^2|: a negative mass marks a space-like momentum (rounding).
[[nodiscard]] double mass(const FourMomentum& p);

/// E^2 = p^2 + m |m|, the inverse of `mass`. May overflow to infinity for |eta| > 710.
[[nodiscard]] FourMomentum four_momentum(const ColliderMomentum& p);

/// A momentum along the beam gets eta = +-infinity, a particle at rest eta = 0.
[[nodiscard]] ColliderMomentum collider_momentum(const FourMomentum& p);

}  // namespace oddjet
