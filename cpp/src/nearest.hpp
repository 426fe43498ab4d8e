#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <string_view>
#include <vector>

namespace oddjet {

/// The inner loops of clustering come in blocks of this many slots, on every path.
inline constexpr std::size_t kLanes = 8;

/// No slot: the neighbour of who is alone.
inline constexpr std::int32_t kNobody = -1;

inline constexpr double kFar = std::numeric_limits<double>::infinity();

[[nodiscard]] constexpr std::size_t whole_lanes(std::size_t size) {
    return (size + kLanes - 1) / kLanes * kLanes;
}

/// Consecutive slots, in whole blocks: both ends are multiples of kLanes.
struct Window {
    std::size_t begin;
    std::size_t end;
};

/// Columns with an entry a slot, of whole blocks. Dead slots have infinite rapidity and
/// distance; `rank` decides between equals, the lowest first.
struct Slots {
    std::vector<double> rapidity, azimuth;  // azimuth in [0, 2 pi)
    std::vector<double> separation;         // dR^2 to the neighbour
    std::vector<double> distance;
    std::vector<double>
        smallest_of_block;  // of the distances; infinite ones at the end
    std::vector<std::int32_t> neighbour, rank;
    std::vector<double> row;  // scratch space: dR^2 to one slot
};

/// dR^2 of two differences, rounded in one way only: each path does these operations,
/// none of them fused.
[[nodiscard]] inline double separation_squared(double across, double difference) {
    constexpr double two_pi = 2.0 * std::numbers::pi;
    const double direct = std::fabs(difference);
    const double around = two_pi - direct < direct ? two_pi - direct : direct;
    return across * across + around * around;
}

/// The slot of the smallest value of a search, and that value.
struct Smallest {
    std::int32_t slot;
    double value;
};

/// The slot among those of the mask, counted from `begin`, if its rank is the lowest.
inline void take_lowest_rank(const Slots& slots, std::size_t begin, unsigned mask,
                             Smallest& best) {
    for (; mask != 0; mask &= mask - 1) {
        const std::size_t slot =
            begin + static_cast<std::size_t>(std::countr_zero(mask));
        if (best.slot == kNobody ||
            slots.rank[slot] < slots.rank[static_cast<std::size_t>(best.slot)]) {
            best.slot = static_cast<std::int32_t>(slot);
        }
    }
}

/// Slots that a changed pseudo-jet concerns, with their dR^2 to it.
struct Concerned {
    std::size_t count = 0;
    std::vector<std::int32_t> slots;  // as long as there are slots
    std::vector<double> separations;
};

/// One implementation of the three inner loops. All give the same bits.
struct NearestPath {
    std::string_view name;

    /// The nearest other slot of the window with dR^2 below `limit`, or kNobody and
    /// `limit`. Of equally near ones the lowest rank.
    Smallest (*nearest)(Slots& slots, std::size_t slot, Window window, double limit);

    /// The same, and in the same pass lists the other slots that are at least as near
    /// to the slot as to their neighbour, or whose neighbour is the slot or `gone`.
    Smallest (*meet)(Slots& slots, std::size_t slot, std::int32_t gone, Window window,
                     double limit, Concerned& found);

    /// The slot of the smallest distance, of equal ones that of the lowest rank.
    Smallest (*closest)(const Slots& slots);
};

/// The fastest path of this machine, or that which the environment's ODDJET_SIMD names:
/// scalar, avx2 or avx512. Throws std::invalid_argument for another name, or a path
/// that the machine cannot run. Chosen on the first call.
[[nodiscard]] const NearestPath& nearest_path();

/// Paths of machines that have them; never called on others.
[[nodiscard]] const NearestPath& scalar_path();
#if defined(__x86_64__) && defined(__GNUC__)
[[nodiscard]] const NearestPath& avx2_path();
[[nodiscard]] const NearestPath& avx512_path();
#endif

}  // namespace oddjet
