// No include guard: each path of vector instructions includes this text once, in its
// own unnamed namespace, after it has defined ODDJET_LOOP (its target attribute),
// Vector, Mask, kWidth and the operations on them. One text for all paths is one order
// of operations, and so the same bits.

/// One position in all lanes.
struct Position {
    Vector rapidity, azimuth;
};

/// The nearest so far, in each lane for itself; `tied` where another was as near as one
/// of them, and so the rank may decide.
struct NearestLanes {
    Vector separation, node;
    Mask tied;
};

/// A box in all lanes.
struct ProbeBox {
    Vector rapidity_low, rapidity_high, azimuth_low, azimuth_high;
};

/// Who looks for a neighbour: no node of its own, and one of no smaller scale.
struct Seeker {
    Position its;
    Vector scale, own, other_own;
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

ODDJET_LOOP NearestLanes nobody_within(double limit) {
    return {fill(limit), fill(kNobody), less(fill(limit), fill(limit))};
}

/// Slots that a seeker may take, some distance away: is one nearer?
ODDJET_LOOP void take_nearer(const Mask& may_be, const Vector& separation,
                             const Vector& node, NearestLanes& best) {
    const Mask nearer = both(may_be, less(separation, best.separation));
    best.tied = either(best.tied, both(may_be, equal(separation, best.separation)));
    best.separation = pick(nearer, separation, best.separation);
    best.node = pick(nearer, node, best.node);
}

/// How far the slots from `at` on are; own ones are out of reach.
template <bool holds_own>
ODDJET_LOOP Vector separations_from(const Slots& slots, std::size_t at,
                                    const Seeker& seeker, const Vector& nodes) {
    const Vector separation =
        separations({load(&slots.rapidity[at]), load(&slots.azimuth[at])}, seeker.its);
    if constexpr (!holds_own) return separation;
    const Mask own = either(equal(nodes, seeker.own), equal(nodes, seeker.other_own));
    return pick(own, fill(kFar), separation);
}

template <bool holds_own>
ODDJET_LOOP void look_into_block(const Slots& slots, std::size_t block,
                                 const Seeker& seeker, NearestLanes& best) {
    const std::size_t begin = block * kLanes;
    for (std::size_t at = begin; at < begin + kLanes; at += kWidth) {
        const Vector nodes = load(&slots.node[at]);
        take_nearer(less_equal(seeker.scale, load(&slots.scale[at])),
                    separations_from<holds_own>(slots, at, seeker, nodes), nodes, best);
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

ODDJET_LOOP ProbeBox point_of(const Position& its) {
    return {its.rapidity, its.rapidity, its.azimuth, its.azimuth};
}

/// `bound` for sets of slots that may hold a neighbour by their scales.
ODDJET_LOOP Vector bound_of_neighbour(const Boxes& boxes, std::size_t at,
                                      const Vector& scale, const Vector& bound) {
    return pick(less_equal(scale, load(&boxes.scale_high[at])), bound,
                fill(kDeadSeparation));
}

/// Of those that are exactly so far away the node of the lowest rank.
ODDJET_LOOP double first_at(const Slots& slots, const Seeker& seeker,
                            double separation) {
    const Vector exactly = fill(separation);
    double node = kNobody;
    double rank = kFar;
    for_each_block_near(
        slots, point_of(seeker.its),
        [&](const Boxes&, std::size_t) ODDJET_LAMBDA { return exactly; },
        [&](std::size_t block) ODDJET_LAMBDA {
            const std::size_t begin = block * kLanes;
            unsigned there = bits_of_eight([&](std::size_t half) ODDJET_LAMBDA {
                const std::size_t at = begin + half;
                const Vector nodes = load(&slots.node[at]);
                const Vector found = separations_from<true>(slots, at, seeker, nodes);
                return both(less_equal(seeker.scale, load(&slots.scale[at])),
                            equal(found, exactly));
            });
            for (; there != 0; there &= there - 1) {
                const std::size_t k =
                    begin + static_cast<std::size_t>(std::countr_zero(there));
                if (slots.rank[k] >= rank) continue;
                rank = slots.rank[k];
                node = slots.node[k];
            }
        });
    return node;
}

ODDJET_LOOP Nearest nearest_of_lanes(const Slots& slots, const Seeker& seeker,
                                     const NearestLanes& best, double limit) {
    const double separation = smallest_lane(best.separation);
    const unsigned there = bits(equal(best.separation, fill(separation)));
    if (separation == limit) return {limit, kNobody};
    if ((there & (there - 1)) != 0 || bits(best.tied) != 0) {
        return {separation, first_at(slots, seeker, separation)};
    }
    double nodes[kWidth];
    store(nodes, best.node);
    return {separation, nodes[std::countr_zero(there)]};
}

ODDJET_ENTRY Nearest nearest(const Slots& slots, std::size_t slot, double limit) {
    const Vector node = fill(slots.node[slot]);
    const Seeker seeker{position_of(slots, slot), fill(slots.scale[slot]), node, node};
    NearestLanes best = nobody_within(limit);
    const std::size_t home = slot / kLanes;
    look_into_block<true>(slots, home, seeker, best);
    const Vector bound = fill(smallest_lane(best.separation));
    for_each_block_near(
        slots, point_of(seeker.its),
        [&](const Boxes& boxes, std::size_t at) ODDJET_LAMBDA {
            return bound_of_neighbour(boxes, at, seeker.scale, bound);
        },
        [&](std::size_t block) ODDJET_LAMBDA {
            if (block != home) look_into_block<false>(slots, block, seeker, best);
        });
    return nearest_of_lanes(slots, seeker, best, limit);
}

/// The seeker becomes the neighbour of slots from `at` on to which it is nearer. Who
/// has another as near has to look again: the rank decides, and that may have gone.
ODDJET_LOOP void become_neighbour(Slots& slots, std::size_t at, const Mask& near,
                                  const Vector& separation, const Vector& node) {
    const Vector before = load(&slots.separation[at]);
    const Mask nearer = both(near, less(separation, before));
    const Vector found = pick(near, fill(kUnknown), load(&slots.neighbour[at]));
    store(&slots.neighbour[at], pick(nearer, node, found));
    store(&slots.separation[at], pick(nearer, separation, before));
    const Vector distance = multiply(separation, load(&slots.scale[at]));
    store(&slots.distance[at], pick(nearer, distance, load(&slots.distance[at])));
}

/// Looks into a block that may also hold slots of no larger scale than the seeker,
/// which will be `node`.
template <bool holds_own>
ODDJET_LOOP void meet_block(Slots& slots, std::size_t block, const Seeker& seeker,
                            const Vector& node, NearestLanes& best) {
    const std::size_t begin = block * kLanes;
    bool changed = false;
    for (std::size_t at = begin; at < begin + kLanes; at += kWidth) {
        const Vector nodes = load(&slots.node[at]);
        const Vector scale = load(&slots.scale[at]);
        const Vector separation = separations_from<holds_own>(slots, at, seeker, nodes);
        take_nearer(less_equal(seeker.scale, scale), separation, nodes, best);
        const Mask near = both(less_equal(scale, seeker.scale),
                               less_equal(separation, load(&slots.separation[at])));
        if (bits(near) == 0) continue;  // nearly always
        become_neighbour(slots, at, near, separation, node);
        changed = true;
    }
    if (changed) slots.refresh(block);
}

ODDJET_ENTRY Nearest meet(Slots& slots, const Merged& merged, double limit) {
    const Seeker seeker{{fill(merged.rapidity), fill(merged.azimuth)},
                        fill(merged.scale),
                        fill(slots.node[merged.kept]),
                        fill(slots.node[merged.gone])};
    const Vector node = fill(merged.node);
    NearestLanes best = nobody_within(limit);
    const std::size_t home = merged.kept / kLanes;
    const std::size_t other_home = merged.gone / kLanes;
    meet_block<true>(slots, home, seeker, node, best);
    if (other_home != home) meet_block<true>(slots, other_home, seeker, node, best);
    const Vector bound = fill(smallest_lane(best.separation));
    for_each_block_near(
        slots, point_of(seeker.its),
        [&](const Boxes& boxes, std::size_t at) ODDJET_LAMBDA {
            const Vector reach =
                pick(less_equal(load(&boxes.scale_low[at]), seeker.scale),
                     load(&boxes.reach[at]), fill(kDeadSeparation));
            return larger(bound_of_neighbour(boxes, at, seeker.scale, bound), reach);
        },
        [&](std::size_t block) ODDJET_LAMBDA {
            if (block == home || block == other_home) return;
            if (slots.of_blocks.scale_low[block] > merged.scale) {
                look_into_block<false>(slots, block, seeker, best);
            } else {
                meet_block<false>(slots, block, seeker, node, best);
            }
        });
    return nearest_of_lanes(slots, seeker, best, limit);
}

/// All slots of another block, one after the other, with those in the lanes at once.
ODDJET_LOOP void look_at_each(const Slots& slots, std::size_t other,
                              const Seeker& seekers, NearestLanes& best) {
    for (std::size_t k = other * kLanes; k < (other + 1) * kLanes; ++k) {
        const Vector node = fill(slots.node[k]);
        const Vector separation = separations(seekers.its, position_of(slots, k));
        take_nearer(less_equal(seekers.scale, fill(slots.scale[k])),
                    pick(equal(seekers.own, node), fill(kFar), separation), node, best);
    }
}

/// The neighbours of as many slots as a vector holds.
ODDJET_LOOP void begin_lanes(Slots& slots, std::size_t at, double limit) {
    const std::size_t home = at / kLanes;
    const Vector node = load(&slots.node[at]);
    const Seeker seekers{{load(&slots.rapidity[at]), load(&slots.azimuth[at])},
                         load(&slots.scale[at]),
                         node,
                         node};
    NearestLanes best = nobody_within(limit);
    look_at_each(slots, home, seekers, best);
    for_each_block_near(
        slots, box_of(slots.of_blocks, home),
        [&](const Boxes&, std::size_t)
            ODDJET_LAMBDA { return fill(largest_lane(best.separation)); },
        [&](std::size_t block) ODDJET_LAMBDA {
            if (block != home) look_at_each(slots, block, seekers, best);
        });
    const Mask alive = less(seekers.its.rapidity, fill(kFar));
    const Mask found = both(alive, less(best.separation, fill(limit)));
    // Who has found nobody, or several, has to look again.
    store(&slots.neighbour[at],
          pick(found, pick(best.tied, fill(kUnknown), best.node), fill(kUnknown)));
    store(&slots.separation[at], pick(alive, best.separation, fill(kDeadSeparation)));
    store(&slots.distance[at],
          pick(alive, multiply(best.separation, seekers.scale), fill(kFar)));
}

ODDJET_ENTRY void begin(Slots& slots, double limit) {
    for (std::size_t at = 0; at < slots.rapidity.size(); at += kWidth) {
        if (slots.rapidity[at] < kFar) begin_lanes(slots, at, limit);
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
