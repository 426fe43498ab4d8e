#include <algorithm>
#include <cstdint>

#include "nearest.hpp"

namespace oddjet {
namespace {

constexpr std::size_t kColumnsOfSlots = 8;
constexpr std::size_t kColumnsOfBoxes = 6;
constexpr std::size_t kCacheLine = kLanes * sizeof(double);

std::size_t in_whole(std::size_t count, std::size_t of) {
    return (count + of - 1) / of * of;
}

std::size_t groups_for(std::size_t slots) {
    return in_whole(slots, kSlotsOfGroup) / kSlotsOfGroup;
}

std::size_t group_entries(std::size_t groups) { return in_whole(groups, kLanes); }

std::span<double> take(std::span<double>& rest, std::size_t count, double value) {
    const std::span<double> taken = rest.first(count);
    rest = rest.subspan(count);
    std::ranges::fill(taken, value);
    return taken;
}

Boxes empty_boxes(std::span<double>& rest, std::size_t count) {
    Boxes boxes;
    for (auto* low : {&boxes.rapidity_low, &boxes.azimuth_low, &boxes.smallest}) {
        *low = take(rest, count, kFar);
    }
    for (auto* high : {&boxes.rapidity_high, &boxes.azimuth_high}) {
        *high = take(rest, count, -kFar);
    }
    boxes.reach = take(rest, count, kDeadSeparation);
    return boxes;
}

void keep_first(Boxes& boxes, std::size_t count) {
    for (auto* column : {&boxes.rapidity_low, &boxes.rapidity_high, &boxes.azimuth_low,
                         &boxes.azimuth_high, &boxes.reach, &boxes.smallest}) {
        *column = column->first(count);
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

}  // namespace

void Slots::resize(std::size_t count) {
    const std::size_t groups = groups_for(count);
    const std::size_t size = groups * kSlotsOfGroup;
    const std::size_t boxes = size / kLanes + group_entries(groups);
    memory.resize(kColumnsOfSlots * size + kColumnsOfBoxes * boxes + kLanes);
    // All columns are in whole lanes, so one of them that begins a cache line is
    // enough.
    const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
    const std::size_t to_next_line = (0U - address) % kCacheLine / sizeof(double);
    std::span<double> rest = std::span(memory).subspan(to_next_line);
    rapidity = take(rest, size, kFar);
    azimuth = take(rest, size, 0.0);
    scale = take(rest, size, 0.0);
    number = take(rest, size, 0.0);
    for (std::size_t k = 0; k < size; ++k) number[k] = static_cast<double>(k);
    rank = take(rest, size, kFar);
    neighbour = take(rest, size, kNobody);
    separation = take(rest, size, kDeadSeparation);
    distance = take(rest, size, kFar);
    of_blocks = empty_boxes(rest, size / kLanes);
    of_groups = empty_boxes(rest, group_entries(groups));
}

void Slots::shrink(std::size_t count) {
    const std::size_t groups = groups_for(count);
    const std::size_t size = groups * kSlotsOfGroup;
    for (auto* column : {&rapidity, &azimuth, &scale, &number, &rank, &neighbour,
                         &separation, &distance}) {
        *column = column->first(size);
    }
    keep_first(of_blocks, size / kLanes);
    keep_first(of_groups, group_entries(groups));
}

void Slots::kill(std::size_t slot) {
    rapidity[slot] = kFar;
    neighbour[slot] = kNobody;
    separation[slot] = kDeadSeparation;
    distance[slot] = kFar;
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
