#include <algorithm>
#include <cstdint>

#include "nearest.hpp"

namespace oddjet {
namespace {

constexpr std::size_t kColumnsOfSlots = 8;
constexpr std::size_t kColumnsOfBoxes = 8;
constexpr std::size_t kCacheLine = kLanes * sizeof(double);

std::size_t in_whole(std::size_t count, std::size_t of) {
    return (count + of - 1) / of * of;
}

std::size_t groups_for(std::size_t slots) {
    return in_whole(slots, kSlotsOfGroup) / kSlotsOfGroup;
}

std::size_t group_entries(std::size_t groups) { return in_whole(groups, kLanes); }

std::span<double> take(std::span<double>& rest, std::size_t count) {
    const std::span<double> taken = rest.first(count);
    rest = rest.subspan(count);
    return taken;
}

template <class Act>
void for_each_column(Boxes& boxes, const Act& act) {
    for (auto* column : {&boxes.rapidity_low, &boxes.rapidity_high, &boxes.azimuth_low,
                         &boxes.azimuth_high, &boxes.scale_low, &boxes.scale_high,
                         &boxes.reach, &boxes.smallest}) {
        act(*column);
    }
}

// In pairs, and one number at a time: they have just been written, and a processor
// hands over what was written in this size at once, but a whole vector of them late.
double smallest_of_eight(const double* v) {
    const auto smaller = [](double a, double b) { return a < b ? a : b; };
    return smaller(smaller(smaller(v[0], v[1]), smaller(v[2], v[3])),
                   smaller(smaller(v[4], v[5]), smaller(v[6], v[7])));
}

double largest_of_eight(const double* v) {
    const auto larger = [](double a, double b) { return a > b ? a : b; };
    return larger(larger(larger(v[0], v[1]), larger(v[2], v[3])),
                  larger(larger(v[4], v[5]), larger(v[6], v[7])));
}

double smallest_of(const double* v, std::size_t count) {
    if (count == kLanes) return smallest_of_eight(v);
    return count == 0 ? kFar : *std::min_element(v, v + count);
}

double largest_of(const double* v, std::size_t count) {
    if (count == kLanes) return largest_of_eight(v);
    return count == 0 ? -kFar : *std::max_element(v, v + count);
}

}  // namespace

void Slots::resize(std::size_t count) {
    const std::size_t groups = groups_for(count);
    const std::size_t size = groups * kSlotsOfGroup;
    const std::size_t boxes = size / kLanes + group_entries(groups);
    const std::size_t needed =
        kColumnsOfSlots * size + kColumnsOfBoxes * boxes + kLanes;
    if (memory_.size() < needed) memory_.resize(needed);
    // All columns are in whole lanes, so one of them that begins a cache line is
    // enough.
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
    const std::size_t to_next_line = (0U - address) % kCacheLine / sizeof(double);
    std::span<double> rest = std::span(memory_).subspan(to_next_line);
    for (auto* column : {&rapidity, &azimuth, &scale, &node, &rank, &neighbour,
                         &separation, &distance}) {
        *column = take(rest, size);
    }
    for_each_column(of_blocks,
                    [&](auto& column) { column = take(rest, size / kLanes); });
    for_each_column(of_groups,
                    [&](auto& column) { column = take(rest, group_entries(groups)); });
    kill_from(count);
}

void Slots::shrink(std::size_t count) {
    const std::size_t groups = groups_for(count);
    const std::size_t size = groups * kSlotsOfGroup;
    for (auto* column : {&rapidity, &azimuth, &scale, &node, &rank, &neighbour,
                         &separation, &distance}) {
        *column = column->first(size);
    }
    for_each_column(of_blocks,
                    [&](auto& column) { column = column.first(size / kLanes); });
    for_each_column(
        of_groups, [&](auto& column) { column = column.first(group_entries(groups)); });
    kill_from(count);
}

void Slots::kill(std::size_t slot) {
    rapidity[slot] = kFar;
    neighbour[slot] = kNobody;
    separation[slot] = kDeadSeparation;
    distance[slot] = kFar;
}

/// All slots from `count` on.
void Slots::kill_from(std::size_t count) {
    for (std::size_t slot = count; slot < rapidity.size(); ++slot) {
        kill(slot);
        azimuth[slot] = scale[slot] = 0.0;
        node[slot] = kNobody;
        rank[slot] = kFar;
    }
}

void Slots::enclose(std::size_t alive) {
    for (std::size_t block = 0; block < num_blocks(); ++block) {
        const std::size_t begin = block * kLanes;
        const std::size_t count = alive > begin ? std::min(alive - begin, kLanes) : 0;
        of_blocks.rapidity_low[block] = smallest_of(&rapidity[begin], count);
        of_blocks.rapidity_high[block] = largest_of(&rapidity[begin], count);
        of_blocks.azimuth_low[block] = smallest_of(&azimuth[begin], count);
        of_blocks.azimuth_high[block] = largest_of(&azimuth[begin], count);
        of_blocks.scale_low[block] = smallest_of(&scale[begin], count);
        of_blocks.scale_high[block] = largest_of(&scale[begin], count);
    }
    if (has_one_level()) return;
    for (std::size_t group = 0; group < of_groups.reach.size(); ++group) {
        const std::size_t begin = group * kLanes;
        const std::size_t count = begin < num_blocks() ? kLanes : 0;
        of_groups.rapidity_low[group] =
            smallest_of(&of_blocks.rapidity_low[begin], count);
        of_groups.rapidity_high[group] =
            largest_of(&of_blocks.rapidity_high[begin], count);
        of_groups.azimuth_low[group] =
            smallest_of(&of_blocks.azimuth_low[begin], count);
        of_groups.azimuth_high[group] =
            largest_of(&of_blocks.azimuth_high[begin], count);
        of_groups.scale_low[group] = smallest_of(&of_blocks.scale_low[begin], count);
        of_groups.scale_high[group] = largest_of(&of_blocks.scale_high[begin], count);
        of_groups.smallest[group] = kFar;  // of those that hold no blocks
        of_groups.reach[group] = kDeadSeparation;
    }
}

void Slots::refresh(std::size_t block) {
    of_blocks.smallest[block] = smallest_of_eight(&distance[block * kLanes]);
    of_blocks.reach[block] = largest_of_eight(&separation[block * kLanes]);
    if (has_one_level()) return;
    const std::size_t group = block / kLanes;
    of_groups.smallest[group] = smallest_of_eight(&of_blocks.smallest[group * kLanes]);
    of_groups.reach[group] = largest_of_eight(&of_blocks.reach[group * kLanes]);
}

void Slots::refresh_all() {
    for (std::size_t block = 0; block < num_blocks(); ++block) refresh(block);
}

}  // namespace oddjet
