"""Grooming and jet substructure, word for word, one jet at a time."""

from __future__ import annotations

import math
from itertools import combinations, count

import numpy as np

from definitions.clustering import PseudoJet, closest
from definitions.kinematics import (
    Momentum,
    azimuth,
    delta_phi,
    delta_r_squared,
    mass,
    mass_squared,
    pt_squared,
    rapidity,
)

NO_RADIUS = 1000.0
NOTHING = (Momentum(0.0, 0.0, 0.0, 0.0), [])


def pt(p):
    return math.sqrt(pt_squared(p))


def sum_of(momenta):
    return sum(momenta, start=Momentum(0.0, 0.0, 0.0, 0.0))


class Node(PseudoJet):
    def __init__(self, momentum, members, power, number, branches=()):
        super().__init__(momentum, members, power)
        self.number = number
        self.branches = branches


def hardest_first(nodes):
    return sorted(nodes, key=lambda node: (-pt_squared(node.momentum), node.number))


def add(earlier, later):
    return earlier + later


def winner_takes_all(earlier, later):
    winner = earlier if pt_squared(earlier) >= pt_squared(later) else later
    if pt(winner) == 0.0:
        return earlier + later
    together = pt(earlier) + pt(later)
    transverse_mass = math.sqrt(together**2 + max(0.0, mass_squared(winner)))
    return Momentum(
        winner.px / pt(winner) * together,
        winner.py / pt(winner) * together,
        transverse_mass * math.sinh(rapidity(winner)),
        transverse_mass * math.cosh(rapidity(winner)),
    )


def nothing_is_pruned(_one, _other):
    return False


def trees(momenta, *, power, radius, until=0, recombine=add, prunes=nothing_is_pruned):
    """(finished jets, what is left when `until` are left), as trees, hardest first."""
    left = [Node(p, [i], power, i) for i, p in enumerate(momenta)]
    numbers = count(len(left))
    finished = []
    while len(left) > until:
        i, j = closest(left, radius)
        if j is None:
            finished.append(left.pop(i))
            continue
        i, j = min(i, j), max(i, j)
        later, earlier = left.pop(j), left[i]
        if prunes(earlier.momentum, later.momentum):
            harder = hardest_first([earlier, later])[0]
            left[i] = Node(harder.momentum, harder.members, power, next(numbers))
            continue
        left[i] = Node(
            recombine(earlier.momentum, later.momentum),
            earlier.members + later.members,
            power,
            next(numbers),
            hardest_first([earlier, later]),
        )
    return hardest_first(finished), hardest_first(left)


def whole_tree(momenta):
    finished, _ = trees(momenta, power=0.0, radius=NO_RADIUS)
    return finished[0] if finished else None


def joined(nodes):
    """The momentum and the sorted members of several nodes."""
    momentum = sum_of(node.momentum for node in nodes)
    return momentum, sorted(i for node in nodes for i in node.members)


def soft_drop(momenta, *, z_cut, beta, radius):
    node = whole_tree(momenta)
    if node is None:
        return NOTHING
    while node.branches:
        harder, softer = (branch.momentum for branch in node.branches)
        angle = np.sqrt(delta_r_squared(harder, softer)) / radius
        with np.errstate(all="ignore"):  # beta < 0 of coincident branches
            least = z_cut * np.float64(angle) ** beta * (pt(harder) + pt(softer))
        if pt(softer) > least:
            break
        node = node.branches[0]
    return joined([node])


def mass_drop(momenta, *, mu, y_cut):
    node = whole_tree(momenta)
    while node is not None and node.branches:
        harder, softer = (branch.momentum for branch in node.branches)
        kt_squared = pt_squared(softer) * delta_r_squared(harder, softer)
        dropped = max(mass(harder), mass(softer)) < mu * mass(node.momentum)
        if dropped and kt_squared > y_cut * mass_squared(node.momentum):
            return joined([node])
        node = node.branches[1 if mass(softer) > mass(harder) else 0]
    return NOTHING


def trim(momenta, *, subjet_radius, pt_fraction, power):
    subjets, _ = trees(momenta, power=power, radius=subjet_radius)
    least = pt_fraction * pt(sum_of(momenta))
    kept = [s for s in subjets if pt_squared(s.momentum) >= least * least]
    return joined(kept)


def filter_jets(momenta, *, subjet_radius, num_subjets, power):
    subjets, _ = trees(momenta, power=power, radius=subjet_radius)
    return joined(subjets[:num_subjets])


def prune(momenta, *, z_cut, radius_cut_factor, power):
    whole = sum_of(momenta)
    if pt(whole) == 0.0:
        return joined(trees(momenta, power=power, radius=NO_RADIUS)[0][:1])
    distance_cut = radius_cut_factor * 2.0 * max(0.0, mass(whole)) / pt(whole)

    def prunes(one, other):
        soft = min(pt(one), pt(other)) < z_cut * pt(one + other)
        return soft and delta_r_squared(one, other) > distance_cut * distance_cut

    found, _ = trees(momenta, power=power, radius=NO_RADIUS, prunes=prunes)
    return joined(found[:1])


def moved(axes, momenta, beta):
    """Each axis (rapidity, azimuth) at the weighted mean of the momenta nearest to it.

    An iteratively reweighted mean: at rest, sum pt dR^beta is stationary.
    """
    sums = np.zeros((len(axes), 3))
    for p in momenta:
        offsets = [
            (rapidity(p) - across, delta_phi(azimuth(p), around))
            for across, around in axes
        ]
        squares = [across**2 + around**2 for across, around in offsets]
        k = squares.index(min(squares))
        weight = pt(p) * (squares[k] + 1e-8) ** (beta / 2 - 1)
        sums[k] += [weight, weight * offsets[k][0], weight * offsets[k][1]]
    return [
        (across + s[1] / s[0], delta_phi(around + s[2] / s[0], 0.0)) if s[0] else axis
        for axis in axes
        for (across, around), s in [(axis, sums[axes.index(axis)])]
    ]


def at_rest(axes, momenta, beta):
    for _ in range(1000):
        before, axes = axes, moved(axes, momenta, beta)
        ways = [
            math.hypot(a[0] - b[0], delta_phi(a[1], b[1]))
            for a, b in zip(axes, before, strict=True)
        ]
        if sum(ways) / len(ways) < 1e-4:
            break
    return axes


def nsubjettiness(momenta, *, n, radius, beta, axes):
    one_pass, axes = axes.startswith("onepass_"), axes.removeprefix("onepass_")
    recombine = {"kt": add, "wta_kt": winner_takes_all}[axes]
    if sum(map(pt, momenta)) == 0.0:
        return 0.0
    _, found = trees(momenta, power=1.0, radius=NO_RADIUS, until=n, recombine=recombine)
    directions = [(rapidity(k.momentum), azimuth(k.momentum)) for k in found]
    weighty = [p for p in momenta if pt(p) > 0.0]
    if n >= len(momenta):
        return 0.0
    if one_pass:
        directions = at_rest(directions, weighty, beta)
    total = 0.0
    for p in weighty:
        nearest = min(
            math.hypot(rapidity(p) - across, delta_phi(azimuth(p), around))
            for across, around in directions
        )
        total += pt(p) * nearest**beta
    return total / (sum(map(pt, momenta)) * radius**beta)


def energy_correlation(momenta, *, beta):
    """e2, e3, C2, D2, N2."""
    particles = [p for p in momenta if pt(p) > 0.0]
    total = sum(map(pt, particles))

    def angle(p, q):
        return math.sqrt(delta_r_squared(p, q)) ** beta

    e2 = sum(pt(p) * pt(q) * angle(p, q) for p, q in combinations(particles, 2))
    e3 = smallest = 0.0
    for triple in combinations(particles, 3):
        weight = math.prod(map(pt, triple))
        angles = sorted(angle(p, q) for p, q in combinations(triple, 2))
        e3 += weight * math.prod(angles)
        smallest += weight * angles[0] * angles[1]
    if e2 == 0.0:
        return 0.0, 0.0, 0.0, 0.0, 0.0
    e2, e3, smallest = e2 / total**2, e3 / total**3, smallest / total**3
    return e2, e3, e3 / e2**2, e3 / e2**3, smallest / e2**2


def jet_shape(momenta):
    """Girth and pt dispersion."""
    total = sum(map(pt, momenta))
    if total == 0.0:
        return 0.0, 0.0
    axis = sum_of(momenta)
    moment = sum(
        pt(p) * math.sqrt(delta_r_squared(p, axis)) for p in momenta if pt(p) > 0.0
    )
    return moment / total, math.sqrt(sum(pt_squared(p) for p in momenta)) / total
