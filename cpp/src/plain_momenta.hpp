#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "oddjet/particles.hpp"

namespace oddjet {

/// Whether none of these momenta has a momentum_problem. False may be a false alarm:
/// then they are looked at one by one.
[[nodiscard]] bool all_plain(Coordinates coordinates,
                             const std::array<std::vector<double>, 4>& columns);

}  // namespace oddjet
