#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "oddjet/particles.hpp"

namespace oddjet {

/// fractions[jet, kind] in C order: which share of the sum of the particles' energies
/// electrons, muons, photons and all others (hadrons) carry, by the absolute PDG code
/// of each particle of the lists. Zeros where that sum is zero. Sums in the order of
/// the particles. Throws std::invalid_argument: columns, offsets, momenta, codes.
[[nodiscard]] std::vector<double> energy_fractions(const ParticleLists& jets,
                                                   std::span<const std::int64_t> pdg_id,
                                                   int threads = 1);

}  // namespace oddjet
