#include <algorithm>
#include <array>

#include "nearest.hpp"

namespace oddjet {
namespace {

// In four lanes, which become what vectors every machine has.
double smallest_of(const double* values) {
    std::array<double, 4> lanes;
    for (std::size_t k = 0; k < 4; ++k) {
        lanes[k] = values[k + 4] < values[k] ? values[k + 4] : values[k];
    }
    return std::min(std::min(lanes[0], lanes[1]), std::min(lanes[2], lanes[3]));
}

// Only the blocks from the first to the last that hold the minimum are looked at twice.
Smallest smallest_below(const Slots& slots, const std::vector<double>& values,
                        Window window, double limit) {
    Smallest best{kNobody, limit};
    Window holds{0, 0};
    for (std::size_t begin = window.begin; begin < window.end; begin += kLanes) {
        const double of_block = smallest_of(values.data() + begin);
        if (of_block < best.value) {
            best.value = of_block;
            holds.begin = begin;
        }
        if (of_block == best.value) holds.end = begin + kLanes;
    }
    if (!(best.value < limit)) return best;
    for (std::size_t k = holds.begin; k < holds.end; ++k) {
        if (values[k] == best.value) take_lowest_rank(slots, k, 1U, best);
    }
    return best;
}

// No branches and no aliases: this loop becomes vector instructions.
void fill_row(Slots& slots, std::size_t slot, Window window) {
    const double its_rapidity = slots.rapidity[slot];
    const double its_azimuth = slots.azimuth[slot];
    const double* rapidity = slots.rapidity.data();
    const double* azimuth = slots.azimuth.data();
    double* row = slots.row.data();
    for (std::size_t k = window.begin; k < window.end; ++k) {
        row[k] =
            separation_squared(rapidity[k] - its_rapidity, azimuth[k] - its_azimuth);
    }
    row[slot] = kFar;
}

Smallest nearest(Slots& slots, std::size_t slot, Window window, double limit) {
    fill_row(slots, slot, window);
    return smallest_below(slots, slots.row, window, limit);
}

Smallest meet(Slots& slots, std::size_t slot, std::int32_t gone, Window window,
              double limit, Concerned& found) {
    fill_row(slots, slot, window);
    const auto self = static_cast<std::int32_t>(slot);
    std::size_t count = 0;
    for (std::size_t k = window.begin; k < window.end; ++k) {
        found.slots[count] = static_cast<std::int32_t>(k);
        found.separations[count] = slots.row[k];
        const bool nearer = slots.row[k] <= slots.separation[k];
        const bool its_own = slots.neighbour[k] == self;
        const bool orphan = slots.neighbour[k] == gone;
        count += static_cast<std::size_t>(nearer | its_own | orphan);
    }
    found.count = count;
    return smallest_below(slots, slots.row, window, limit);
}

Smallest closest(const Slots& slots) {
    const std::vector<double>& blocks = slots.smallest_of_block;
    Smallest best{kNobody, kFar};
    for (std::size_t b = 0; b < blocks.size(); b += kLanes) {
        best.value = std::min(best.value, smallest_of(blocks.data() + b));
    }
    for (std::size_t b = 0; b < blocks.size(); ++b) {
        if (blocks[b] != best.value) continue;
        for (std::size_t k = b * kLanes; k < (b + 1) * kLanes; ++k) {
            if (slots.distance[k] == best.value) take_lowest_rank(slots, k, 1U, best);
        }
    }
    return best;
}

}  // namespace

const NearestPath& scalar_path() {
    static const NearestPath path{"scalar", nearest, meet, closest};
    return path;
}

}  // namespace oddjet
