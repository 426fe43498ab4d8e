#pragma once

#include <cstddef>
#include <numbers>
#include <span>

#include "nearest.hpp"
#include "oddjet/kinematics.hpp"
#include "settled_angles.hpp"

namespace oddjet {

/// In [0, 2 pi], as in FastJet. Cells of a calorimeter are often equally far apart, and
/// then the rounding of their azimuths decides: it has to be the same.
[[nodiscard]] inline double from_zero(double azimuth) {
    return azimuth + (azimuth < 0.0 ? 2.0 * std::numbers::pi : 0.0);
}

/// The places of momenta with the bits of the C library, for functions that are
/// compiled for fused multiplication and vectors.
inline __attribute__((always_inline)) void settle_places(
    std::span<const FourMomentum> momenta, const Places& places) {
    double* const rapidities = places.rapidity.data();
    double* const azimuths = places.azimuth.data();
    const std::size_t size = momenta.size();
    for (std::size_t i = 0; i < size; ++i) {
        const FourMomentum& p = momenta[i];
        rapidities[i] = rapidity_from(settled_logarithm(light_cone_ratio(p)), p.pz);
    }
    for (std::size_t i = 0; i < size; ++i) {
        const double angle = settled_azimuth(momenta[i].py, momenta[i].px);
        azimuths[i] = from_zero(angle >= std::numbers::pi ? -std::numbers::pi : angle);
    }
    for (std::size_t i = 0; i < size; ++i) {
        if (rapidities[i] != rapidities[i]) rapidities[i] = rapidity(momenta[i]);
        if (azimuths[i] != azimuths[i]) azimuths[i] = from_zero(azimuth(momenta[i]));
    }
}

}  // namespace oddjet
