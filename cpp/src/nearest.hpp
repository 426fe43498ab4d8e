#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "oddjet/kinematics.hpp"

namespace oddjet {

/// Slots come in blocks of this many, and blocks in groups of as many, on every path.
inline constexpr std::size_t kLanes = 8;
inline constexpr std::size_t kSlotsOfGroup = kLanes * kLanes;

/// Up to so many blocks (512 slots) are looked through one by one; of more, groups
/// first.
inline constexpr std::size_t kMostBlocksOfOneLevel = 64;

/// No node: the neighbour of who is alone.
inline constexpr double kNobody = -1.0;

/// Its neighbour has to be looked for, not nearer than its separation.
inline constexpr double kUnknown = -2.0;

inline constexpr double kFar = std::numeric_limits<double>::infinity();

/// What is known of some slots together, one entry for each set of them: a box that
/// holds the live ones and the range of their scales (both may be too large, never too
/// small), the largest of their separations and the smallest of their distances.
struct Boxes {
    std::span<double> rapidity_low, rapidity_high, azimuth_low, azimuth_high;
    std::span<double> scale_low, scale_high;
    std::span<double> reach, smallest;
};

/// Columns with an entry a slot, in whole groups. Nodes and ranks are exact as doubles,
/// so that all columns have the same lanes. A dead slot has infinite rapidity and
/// distance, and a separation that no dR^2 is below.
///
/// The neighbour of a slot is the nearest one of no smaller scale. It may have changed
/// or gone since: then the separation and the distance are bounds that no pair of the
/// slot is below.
struct Slots {
    Slots() = default;
    Slots(const Slots&) = delete;
    Slots& operator=(const Slots&) = delete;

    /// Make room for so many, in the memory of former ones where it is enough. What is
    /// in the slots up to `count` has to be set; those beyond are dead.
    void resize(std::size_t count);

    [[nodiscard]] std::size_t num_blocks() const { return of_blocks.reach.size(); }
    [[nodiscard]] bool has_one_level() const {
        return num_blocks() <= kMostBlocksOfOneLevel;
    }

    /// Only the first slots count from now on: those of as many groups as `count` need.
    void shrink(std::size_t count);

    void kill(std::size_t slot);

    /// Set the boxes and the ranges of scales of the first slots, which are alive.
    void enclose(std::size_t alive);

    /// Bring the reach and the smallest distance of a block, or of all, up to date.
    void refresh(std::size_t block);
    void refresh_all();

    std::span<double> rapidity, azimuth;  // azimuth in [0, 2 pi]
    std::span<double> scale;              // pt^2p
    std::span<double> node;               // changes with the pseudo-jet
    std::span<double> rank;               // decides between equals, the lowest first
    std::span<double> neighbour;          // a node, kNobody or kUnknown
    std::span<double> separation;         // dR^2 to it, or R^2
    std::span<double> distance;           // R^2 times d_ij, or d_iB
    Boxes of_blocks;
    Boxes of_groups;  // in whole lanes: the last are empty

  private:
    void kill_from(std::size_t count);

    std::vector<double> memory_;
};

inline constexpr double kDeadSeparation = -1.0;

/// A node and how far it is, or kNobody.
struct Nearest {
    double separation;
    double node;
};

/// What a merging makes of the slots `kept` and `gone`.
struct Merged {
    std::size_t kept;
    std::size_t gone;
    double rapidity, azimuth, scale, rank, node;
};

/// Where momenta point, a column each; azimuths in [0, 2 pi].
struct Places {
    std::span<double> rapidity, azimuth;
};

/// One implementation of the inner loops. All give the same bits: dR^2 is rounded in
/// one way only, no operation is fused, and boxes leave nothing out.
///
/// The dR^2 to the nearest point of a box is computed with the operations of dR^2.
/// Each of them is monotonic, rounded or not, so it is never above the dR^2 to a slot
/// in the box.
struct NearestPath {
    std::string_view name;

    /// The places of momenta.
    void (*place)(std::span<const FourMomentum> momenta, const Places& places);

    /// Give every slot its neighbour: the nearest other slot of no smaller scale with
    /// dR^2 below `limit`. Where there is none, or several, it is not yet known.
    void (*begin)(Slots& slots, double limit);

    /// The neighbour of one slot: dR^2 is below `limit`, of equally near ones the
    /// lowest rank; or nobody and `limit`.
    Nearest (*nearest)(const Slots& slots, std::size_t slot, double limit);

    /// Make what was merged the neighbour of all those of no larger scale to which it
    /// is nearer than theirs. Returns its own neighbour, as above. Writes nothing to
    /// the two slots that it was merged of.
    Nearest (*meet)(Slots& slots, const Merged& merged, double limit);

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
