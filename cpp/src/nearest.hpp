#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

namespace oddjet {

/// Slots come in blocks of this many, and blocks in groups of as many, on every path.
inline constexpr std::size_t kLanes = 8;
inline constexpr std::size_t kSlotsOfGroup = kLanes * kLanes;

/// Up to so many blocks (512 slots) are looked through one by one; of more, groups
/// first.
inline constexpr std::size_t kMostBlocksOfOneLevel = 64;

/// No slot: the neighbour of who is alone.
inline constexpr double kNobody = -1.0;

inline constexpr double kFar = std::numeric_limits<double>::infinity();

/// What is known of some slots together, one entry for each set of them: a box that
/// holds the live ones (it may be too large, never too small), the largest of their
/// separations and the smallest of their distances.
struct Boxes {
    std::span<double> rapidity_low, rapidity_high, azimuth_low, azimuth_high;
    std::span<double> reach, smallest;
};

/// Columns with an entry a slot, in whole groups. Slot numbers and ranks are exact as
/// doubles, so that all columns have the same lanes. A dead slot has infinite rapidity
/// and distance, and a separation that no dR^2 is below.
struct Slots {
    Slots() = default;
    Slots(const Slots&) = delete;
    Slots& operator=(const Slots&) = delete;

    /// Make room for so many, all dead, in the memory of former ones where it is
    /// enough.
    void resize(std::size_t count);

    [[nodiscard]] std::size_t num_blocks() const { return of_blocks.reach.size(); }
    [[nodiscard]] bool has_one_level() const {
        return num_blocks() <= kMostBlocksOfOneLevel;
    }

    /// Only the first slots count from now on: those of as many groups as `count` need.
    void shrink(std::size_t count);

    void kill(std::size_t slot);

    /// Bring the reach and the smallest distance of a block, or of all, up to date.
    void refresh(std::size_t block);
    void refresh_all();

    std::vector<double> memory;
    std::span<double> rapidity, azimuth;  // azimuth in [0, 2 pi]
    std::span<double> scale;              // pt^2p
    std::span<double> number;             // of the slot itself
    std::span<double> rank;               // decides between equals, the lowest first
    std::span<double> neighbour;          // a slot, or kNobody
    std::span<double> separation;         // dR^2 to it, or R^2
    std::span<double> distance;           // R^2 times d_ij, or d_iB
    Boxes of_blocks;
    Boxes of_groups;  // in whole lanes: the last are empty
};

inline constexpr double kDeadSeparation = -1.0;

/// The nearest so far; `slot` and `rank` are kNobody where there is none.
struct Nearest {
    double separation;
    double rank;
    double slot;
};

/// A pseudo-jet that is about to change: what becomes of `slot` and `gone` together, or
/// infinitely far away if nothing does. The box holds all positions that were or are.
struct Change {
    std::size_t slot;
    std::size_t gone;
    double rapidity, azimuth, scale, rank;
    double rapidity_low, rapidity_high, azimuth_low, azimuth_high;
};

/// Slots that lost their neighbour, as masks of some slots from the first of them on.
struct Orphans {
    std::size_t count = 0;
    std::vector<std::uint32_t> first, mask;  // as long as there are slots
};

/// One implementation of the inner loops. All give the same bits: dR^2 is rounded in
/// one way only, no operation is fused, and boxes leave nothing out.
///
/// The dR^2 to the nearest point of a box is computed with the operations of dR^2.
/// Each of them is monotonic, rounded or not, so it is never above the dR^2 to a slot
/// in the box.
struct NearestPath {
    std::string_view name;

    /// Give every slot its neighbour: the nearest other slot with dR^2 below `limit`,
    /// of equally near ones the lowest rank.
    void (*begin)(Slots& slots, double limit);

    /// The neighbour of one slot: dR^2 is below `limit`, or nobody and `limit`.
    Nearest (*nearest)(const Slots& slots, std::size_t slot, double limit);

    /// Make a changed slot the neighbour of all those to which it is nearer than
    /// theirs, and list the others whose neighbour was part of the change. Returns the
    /// neighbour of the changed slot, as above. Writes nothing to slots that change.
    Nearest (*meet)(Slots& slots, const Change& change, double limit, Orphans& orphans);

    /// The slot of the smallest distance, of equal ones that of the lowest rank.
    std::size_t (*closest)(const Slots& slots);
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
