#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "oddjet/particles.hpp"

namespace oddjet {

/// Whose random numbers are drawn: they follow from the seed, the copy, the number of
/// the list, the place of the particle in it and the purpose, and from nothing else.
/// Copy 0 is the original, which nothing changes.
struct Draws {
    std::uint64_t seed = 0;
    std::int64_t copy = 1;                   // below 2^24
    std::span<const std::uint64_t> numbers;  // one a list; equal ones draw alike
};

/// Resolutions of hadronic calorimeters as Delphes' cards have them, in GeV of energy.
enum class Resolution {
    kCmsHcal,         // sqrt((0.050 E)^2 + 1.50^2 E)
    kCmsHcalLiteral,  // sqrt(0.052 E^2 + 1.502 E), the squares lost in print
    kAtlasHcal,       // sqrt((0.0302 E)^2 + 0.5205^2 E + 1.59^2)
};

/// "cms_hcal", "cms_hcal_literal", "atlas_hcal"; else std::invalid_argument.
[[nodiscard]] Resolution resolution_from_name(std::string_view name);

/// Standard deviation [GeV] at an energy or pt [GeV].
[[nodiscard]] double deviation(Resolution resolution, double pt_gev);

// All of these: Gaussians by Box-Muller, in double; azimuths in [-pi, pi) where
// changed. They throw std::invalid_argument: draws, columns, offsets, momenta, a
// particle with momentum along the beam (its eta is infinite) and a result that is not
// finite.

/// Each list turned about the beam by a uniform angle.
[[nodiscard]] ColliderColumns rotate_events(const ParticleLists& events,
                                            const Draws& draws, int threads = 1);

/// Each list turned about its jet's axis, in the plane of pseudorapidity and azimuth,
/// by a uniform angle. Also throws for a jet without an axis (pt = 0).
[[nodiscard]] ColliderColumns rotate_jets(const MomentumView& jets,
                                          const ParticleLists& constituents,
                                          const Draws& draws, int threads = 1);

/// eta and phi from Gaussians of deviation scale_gev / pt around them; unchanged where
/// pt = 0. Also throws unless scale_gev >= 0 and finite.
[[nodiscard]] ColliderColumns smear_directions(const ParticleLists& lists,
                                               const Draws& draws, double scale_gev,
                                               int threads = 1);

/// pt from a Gaussian of the resolution's deviation around it: also below zero, which
/// is the caller's to treat.
[[nodiscard]] ColliderColumns smear_pt(const ParticleLists& lists, const Draws& draws,
                                       Resolution resolution, int threads = 1);

}  // namespace oddjet
