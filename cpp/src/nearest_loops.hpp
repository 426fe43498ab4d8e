// No include guard: each path of vector instructions includes this text once, in its
// own unnamed namespace, after it has defined ODDJET_LOOP (its target attribute),
// Vector, Mask, kWidth and the operations on them. One text for all paths is one order
// of operations, and so the same bits.

/// One position in all lanes.
struct Position {
    Vector rapidity, azimuth;
};

/// The nearest so far, in each lane for itself.
struct NearestLanes {
    Vector separation, rank, slot;
};

/// A box in all lanes.
struct ProbeBox {
    Vector rapidity_low, rapidity_high, azimuth_low, azimuth_high;
};

ODDJET_LOOP Position position_of(const Slots& slots, std::size_t slot) {
    return {fill(slots.rapidity[slot]), fill(slots.azimuth[slot])};
}

ODDJET_LOOP ProbeBox box_of(const Boxes& boxes, std::size_t i) {
    return {fill(boxes.rapidity_low[i]), fill(boxes.rapidity_high[i]),
            fill(boxes.azimuth_low[i]), fill(boxes.azimuth_high[i])};
}

/// dR^2, with the azimuth around the shorter way.
ODDJET_LOOP Vector separations(const Position& one, const Position& other) {
    const Vector across = subtract(one.rapidity, other.rapidity);
    const Vector direct = magnitude(subtract(one.azimuth, other.azimuth));
    const Vector around =
        smaller(subtract(fill(2.0 * std::numbers::pi), direct), direct);
    return add(multiply(across, across), multiply(around, around));
}

/// No dR^2 between a slot of the probe and one of the box is smaller.
ODDJET_LOOP Vector box_separations(const Boxes& boxes, const ProbeBox& probe,
                                   std::size_t at) {
    const Vector none = fill(0.0);
    const Vector across =
        larger(larger(subtract(load(&boxes.rapidity_low[at]), probe.rapidity_high),
                      subtract(probe.rapidity_low, load(&boxes.rapidity_high[at]))),
               none);
    const Vector low = load(&boxes.azimuth_low[at]);
    const Vector high = load(&boxes.azimuth_high[at]);
    const Vector least = larger(
        larger(subtract(low, probe.azimuth_high), subtract(probe.azimuth_low, high)),
        none);
    const Vector most =
        larger(subtract(high, probe.azimuth_low), subtract(probe.azimuth_high, low));
    const Vector around = smaller(subtract(fill(2.0 * std::numbers::pi), most), least);
    return add(multiply(across, across), multiply(around, around));
}

/// Eight lanes, of which the first is the least significant.
template <class Test>
ODDJET_LOOP unsigned bits_of_eight(const Test& test) {
    unsigned mask = 0;
    for (std::size_t half = 0; half < kLanes; half += kWidth) {
        mask |= bits(test(half)) << half;
    }
    return mask;
}

ODDJET_LOOP void take_nearer(const Vector& separation, const Vector& rank,
                             const Vector& slot, NearestLanes& best) {
    const Mask nearer =
        either(less(separation, best.separation),
               both(equal(separation, best.separation), less(rank, best.rank)));
    best.separation = pick(nearer, separation, best.separation);
    best.rank = pick(nearer, rank, best.rank);
    best.slot = pick(nearer, slot, best.slot);
}

ODDJET_LOOP NearestLanes in_all_lanes(const Nearest& nearest) {
    return {fill(nearest.separation), fill(nearest.rank), fill(nearest.slot)};
}

ODDJET_LOOP Nearest best_lane(const NearestLanes& lanes) {
    double ranks[kWidth];
    double slots[kWidth];
    store(ranks, lanes.rank);
    store(slots, lanes.slot);
    const double separation = smallest_lane(lanes.separation);
    unsigned nearest = bits(equal(lanes.separation, fill(separation)));
    auto best = static_cast<std::size_t>(std::countr_zero(nearest));
    // More lanes only where there is nobody, or where ranks decide.
    for (nearest &= nearest - 1; nearest != 0; nearest &= nearest - 1) {
        const auto lane = static_cast<std::size_t>(std::countr_zero(nearest));
        if (ranks[lane] < ranks[best]) best = lane;
    }
    return {separation, ranks[best], slots[best]};
}

template <bool holds_itself>
ODDJET_LOOP void look_into_block(const Slots& slots, std::size_t block,
                                 const Position& its, std::size_t slot,
                                 NearestLanes& best) {
    const std::size_t begin = block * kLanes;
    for (std::size_t at = begin; at < begin + kLanes; at += kWidth) {
        const Vector others = load(&slots.number[at]);
        Vector separation =
            separations({load(&slots.rapidity[at]), load(&slots.azimuth[at])}, its);
        if constexpr (holds_itself) {
            const Mask itself = equal(others, fill(static_cast<double>(slot)));
            separation = pick(itself, fill(kFar), separation);
        }
        take_nearer(separation, load(&slots.rank[at]), others, best);
    }
}

template <class Within>
ODDJET_LOOP unsigned near_of_eight(const Boxes& boxes, const ProbeBox& probe,
                                   std::size_t first, const Within& within) {
    return bits_of_eight([&](std::size_t half) ODDJET_LAMBDA {
        return less_equal(box_separations(boxes, probe, first + half),
                          within(boxes, first + half));
    });
}

/// Calls visit(block) for the blocks in reach of a box: those with a slot that may be
/// nearer to it than within(boxes, at) says.
template <class Within, class Visit>
ODDJET_LOOP void for_each_block_near(const Slots& slots, const ProbeBox& probe,
                                     const Within& within, const Visit& visit) {
    if (slots.has_one_level()) {
        // One loop over all that are near has one end to mispredict.
        std::uint64_t near = 0;
        for (std::size_t first = 0; first < slots.num_blocks(); first += kLanes) {
            near |= std::uint64_t{near_of_eight(slots.of_blocks, probe, first, within)}
                    << first;
        }
        for (; near != 0; near &= near - 1) {
            visit(static_cast<std::size_t>(std::countr_zero(near)));
        }
        return;
    }
    for (std::size_t g = 0; g < slots.of_groups.reach.size(); g += kLanes) {
        unsigned groups = near_of_eight(slots.of_groups, probe, g, within);
        for (; groups != 0; groups &= groups - 1) {
            const std::size_t first =
                (g + static_cast<std::size_t>(std::countr_zero(groups))) * kLanes;
            unsigned blocks = near_of_eight(slots.of_blocks, probe, first, within);
            for (; blocks != 0; blocks &= blocks - 1) {
                visit(first + static_cast<std::size_t>(std::countr_zero(blocks)));
            }
        }
    }
}

ODDJET_ENTRY Nearest nearest(const Slots& slots, std::size_t slot, double limit) {
    const Position its = position_of(slots, slot);
    const ProbeBox point{its.rapidity, its.rapidity, its.azimuth, its.azimuth};
    NearestLanes best = in_all_lanes({limit, kNobody, kNobody});
    const std::size_t home = slot / kLanes;
    look_into_block<true>(slots, home, its, slot, best);
    const Vector bound = fill(smallest_lane(best.separation));
    for_each_block_near(
        slots, point, [&](const Boxes&, std::size_t) ODDJET_LAMBDA { return bound; },
        [&](std::size_t block) ODDJET_LAMBDA {
            if (block != home) look_into_block<false>(slots, block, its, slot, best);
        });
    return best_lane(best);
}

/// As d_ij times R^2 of slots with their neighbour, both scales given.
ODDJET_LOOP Vector distances(const Vector& separation, const Vector& scale,
                             const Vector& scale_of_neighbour) {
    return multiply(separation, smaller(scale, scale_of_neighbour));
}

struct Meeting {
    Position its;
    Vector slot, gone, scale;
    NearestLanes best;
};

/// Slots as near to the changed one as to their neighbour take who comes first.
inline void take_equals(Slots& slots, const Change& change, std::size_t at,
                        unsigned equals) {
    for (; equals != 0; equals &= equals - 1) {
        const std::size_t k = at + static_cast<std::size_t>(std::countr_zero(equals));
        const double neighbour = slots.neighbour[k];
        if (neighbour == kNobody) continue;
        if (!(change.rank < slots.rank[static_cast<std::size_t>(neighbour)])) continue;
        slots.neighbour[k] = static_cast<double>(change.slot);
        slots.distance[k] =
            slots.separation[k] * std::min(slots.scale[k], change.scale);
    }
}

template <bool holds_parts>
ODDJET_LOOP void meet_block(Slots& slots, std::size_t block, const Change& change,
                            Meeting& meeting, Orphans& orphans) {
    const std::size_t begin = block * kLanes;
    bool changed = false;
    for (std::size_t at = begin; at < begin + kLanes; at += kWidth) {
        const Vector others = load(&slots.number[at]);
        Vector separation = separations(
            {load(&slots.rapidity[at]), load(&slots.azimuth[at])}, meeting.its);
        const Vector neighbour = load(&slots.neighbour[at]);
        unsigned lost = bits(
            either(equal(neighbour, meeting.slot), equal(neighbour, meeting.gone)));
        if constexpr (holds_parts) {
            const Mask parts =
                either(equal(others, meeting.slot), equal(others, meeting.gone));
            separation = pick(parts, fill(kFar), separation);
            lost &= ~bits(parts);
        }
        take_nearer(separation, load(&slots.rank[at]), others, meeting.best);
        const Vector before = load(&slots.separation[at]);
        // Nearly always no slot is as near.
        if (const unsigned near = bits(less_equal(separation, before)); near != 0) {
            const Mask nearer = less(separation, before);
            lost &= ~bits(nearer);
            const Vector distance =
                distances(separation, load(&slots.scale[at]), meeting.scale);
            store(&slots.separation[at], pick(nearer, separation, before));
            store(&slots.neighbour[at], pick(nearer, meeting.slot, neighbour));
            store(&slots.distance[at],
                  pick(nearer, distance, load(&slots.distance[at])));
            take_equals(slots, change, at, near & ~bits(nearer) & ~lost);
            changed = true;
        }
        orphans.first[orphans.count] = static_cast<std::uint32_t>(at);
        orphans.mask[orphans.count] = lost;
        orphans.count += lost != 0 ? 1U : 0U;
    }
    if (changed) slots.refresh(block);
}

ODDJET_ENTRY Nearest meet(Slots& slots, const Change& change, double limit,
                          Orphans& orphans) {
    Meeting meeting{{fill(change.rapidity), fill(change.azimuth)},
                    fill(static_cast<double>(change.slot)),
                    fill(static_cast<double>(change.gone)),
                    fill(change.scale),
                    in_all_lanes({limit, kNobody, kNobody})};
    const std::size_t home = change.slot / kLanes;
    const std::size_t other_home = change.gone / kLanes;
    orphans.count = 0;
    meet_block<true>(slots, home, change, meeting, orphans);
    if (other_home != home) {
        meet_block<true>(slots, other_home, change, meeting, orphans);
    }
    const Vector bound = fill(smallest_lane(meeting.best.separation));
    const ProbeBox probe{fill(change.rapidity_low), fill(change.rapidity_high),
                         fill(change.azimuth_low), fill(change.azimuth_high)};
    for_each_block_near(
        slots, probe,
        [&](const Boxes& boxes, std::size_t at)
            ODDJET_LAMBDA { return larger(load(&boxes.reach[at]), bound); },
        [&](std::size_t block) ODDJET_LAMBDA {
            if (block == home || block == other_home) return;
            meet_block<false>(slots, block, change, meeting, orphans);
        });
    return best_lane(meeting.best);
}

/// All slots of another block, one after the other, with those in the lanes at once.
ODDJET_LOOP void look_at_each(const Slots& slots, std::size_t other, std::size_t at,
                              const Position& its, NearestLanes& best) {
    for (std::size_t k = other * kLanes; k < (other + 1) * kLanes; ++k) {
        Vector separation = separations(its, position_of(slots, k));
        if (k >= at && k < at + kWidth) {
            const Mask itself =
                equal(lane_numbers(), fill(static_cast<double>(k - at)));
            separation = pick(itself, fill(kFar), separation);
        }
        take_nearer(separation, fill(slots.rank[k]), fill(static_cast<double>(k)),
                    best);
    }
}

/// The neighbours of as many slots as a vector holds.
ODDJET_LOOP void begin_lanes(Slots& slots, std::size_t at, double limit) {
    const std::size_t home = at / kLanes;
    const Position its{load(&slots.rapidity[at]), load(&slots.azimuth[at])};
    NearestLanes best = in_all_lanes({limit, kNobody, kNobody});
    look_at_each(slots, home, at, its, best);
    for_each_block_near(
        slots, box_of(slots.of_blocks, home),
        [&](const Boxes&, std::size_t)
            ODDJET_LAMBDA { return fill(largest_lane(best.separation)); },
        [&](std::size_t block) ODDJET_LAMBDA {
            if (block != home) look_at_each(slots, block, at, its, best);
        });
    const Mask alive = less(its.rapidity, fill(kFar));
    store(&slots.neighbour[at], best.slot);
    store(&slots.separation[at], pick(alive, best.separation, fill(kDeadSeparation)));
    const Vector scale = load(&slots.scale[at]);
    store(&slots.distance[at],
          pick(alive, multiply(best.separation, scale), fill(kFar)));
}

ODDJET_ENTRY void begin(Slots& slots, double limit) {
    const std::size_t size = slots.rapidity.size();
    for (std::size_t at = 0; at < size; at += kWidth) {
        if (slots.rapidity[at] < kFar) begin_lanes(slots, at, limit);
    }
    for (std::size_t k = 0; k < size; ++k) {
        if (slots.neighbour[k] == kNobody) continue;
        const auto other = static_cast<std::size_t>(slots.neighbour[k]);
        slots.distance[k] =
            slots.separation[k] * std::min(slots.scale[k], slots.scale[other]);
    }
}

ODDJET_LOOP unsigned equal_of_eight(const double* values, double value) {
    return bits_of_eight([&](std::size_t half) ODDJET_LAMBDA {
        return equal(load(values + half), fill(value));
    });
}

/// Takes the slots of a block whose distance has that value, if their rank is lower.
ODDJET_LOOP void take_first(const Slots& slots, std::size_t block, double value,
                            std::size_t& best, double& best_rank) {
    const std::size_t begin = block * kLanes;
    unsigned in_slots = equal_of_eight(&slots.distance[begin], value);
    for (; in_slots != 0; in_slots &= in_slots - 1) {
        const std::size_t k =
            begin + static_cast<std::size_t>(std::countr_zero(in_slots));
        const bool first = slots.rank[k] < best_rank;
        best = first ? k : best;
        best_rank = first ? slots.rank[k] : best_rank;
    }
}

ODDJET_ENTRY std::size_t closest(const Slots& slots) {
    const bool one_level = slots.has_one_level();
    const Boxes& boxes = one_level ? slots.of_blocks : slots.of_groups;
    const double* const smallest = boxes.smallest.data();
    const std::size_t count = boxes.smallest.size();
    Vector lanes = fill(kFar);
    for (std::size_t i = 0; i < count; i += kWidth) {
        lanes = smaller(load(smallest + i), lanes);
    }
    const double value = smallest_lane(lanes);
    std::size_t best = 0;
    double best_rank = kFar;
    for (std::size_t i = 0; i < count; i += kLanes) {
        unsigned holding = equal_of_eight(smallest + i, value);
        for (; holding != 0; holding &= holding - 1) {
            const std::size_t one =
                i + static_cast<std::size_t>(std::countr_zero(holding));
            if (one_level) {
                take_first(slots, one, value, best, best_rank);
                continue;
            }
            unsigned blocks =
                equal_of_eight(&slots.of_blocks.smallest[one * kLanes], value);
            for (; blocks != 0; blocks &= blocks - 1) {
                const auto block = static_cast<std::size_t>(std::countr_zero(blocks));
                take_first(slots, one * kLanes + block, value, best, best_rank);
            }
        }
    }
    return best;
}
