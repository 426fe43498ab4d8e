#pragma once

#include <cstddef>
#include <span>

#include "oddjet/particles.hpp"

namespace oddjet {

/// The pixels of an image, and the steps that come before them, in this order.
struct ImageOptions {
    int bins = 75;            // along eta and along phi
    double half_width = 1.0;  // of the box, in pseudorapidity and radians
    bool center = true;       // the pt-weighted mean to the origin, else the jet axis
    bool rotate = true;       // the principal axis onto the eta axis
    bool flip = true;         // the hardest quadrant to the first, eta, phi >= 0
    bool normalise = false;   // divided by the pt of all constituents
};

/// Throws std::invalid_argument: bins outside [1, 10000], half_width not > 0 and
/// finite.
void check_options(const ImageOptions& options);

/// Add up the pt of each jet's constituents in images[jet, eta, phi], which hold zeros
/// on entry. Bins and quadrants hold their lower edges; outside the box nothing counts.
/// No axis is principal: no rotation; quadrants of equal pt: the one before in the
/// order
/// (+, +), (-, +), (+, -), (-, -). O(constituents).
/// Throws std::invalid_argument: options, columns, offsets, momenta, a jet with pt = 0,
/// a sum beyond single precision.
void jet_images(const MomentumView& jets, const ParticleLists& constituents,
                const ImageOptions& options, std::span<float> images, int threads = 1);

}  // namespace oddjet
