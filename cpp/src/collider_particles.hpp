#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oddjet/kinematics.hpp"
#include "oddjet/particles.hpp"

namespace oddjet {

/// Momentum i in collider coordinates: those of the columns where they hold them.
[[nodiscard]] ColliderMomentum collider_momentum(const MomentumView& view,
                                                 std::size_t i);

/// The momentum_problem of particle i.
[[nodiscard]] std::optional<std::string> momentum_problem(const MomentumView& view,
                                                          std::size_t i);

/// Replaces `particles` by those of one list. Throws std::invalid_argument for a
/// momentum_problem, as read_list does.
void read_collider_list(const ParticleLists& lists, std::size_t list,
                        std::string_view kernel, ColliderColumns& particles);

}  // namespace oddjet
