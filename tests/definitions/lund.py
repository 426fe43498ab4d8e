"""The Lund tree, word for word: all distances at every step, then a recursion."""

from __future__ import annotations

import math
from typing import NamedTuple

from definitions.clustering import PseudoJet, azimuth_from_zero
from definitions.kinematics import azimuth, delta_phi, mass, pt_squared, rapidity


class Node(NamedTuple):
    z: float
    delta: float
    psi: float
    mass: float
    kt: float
    neighbours: list
    primary: bool


def history(momenta):
    """The one Cambridge/Aachen tree: (pseudo-jet, None or (harder, softer), order)."""
    trees = [(PseudoJet(p, [i], 0.0), None, i) for i, p in enumerate(momenta)]
    order = len(trees)
    while len(trees) > 1:
        pairs = [
            (trees[i][0].separation(trees[j][0]), i, j)
            for j in range(len(trees))
            for i in range(j)
        ]
        _, i, j = min(pairs)
        a, b = trees[i], trees.pop(j)
        pair = sorted((a, b), key=lambda t: (-pt_squared(t[0].momentum), t[2]))
        merged = PseudoJet(a[0].momentum + b[0].momentum, [], 0.0)
        trees[i] = (merged, tuple(pair), order)
        order += 1
    return trees[0]


def split(harder, softer, total, psi):
    across = rapidity(softer) - rapidity(harder)
    around = delta_phi(azimuth(softer), azimuth(harder))
    delta = max(1e-6, math.hypot(across, around))
    soft, hard = math.sqrt(pt_squared(softer)), math.sqrt(pt_squared(harder))
    if psi == "atan2":
        angle = math.atan2(across, around)
    else:
        unwrapped = azimuth_from_zero(softer) - azimuth_from_zero(harder)
        angle = math.atan(across / unwrapped) if unwrapped else 0.0
    return soft / (soft + hard), delta, angle, max(1e-6, abs(mass(total))), soft * delta


def lund_tree(
    momenta,
    *,
    plane="full",
    kt_min_gev=0.0,
    delta_min=0.0,
    psi="arctan",
    below_kt="follow_harder",
    leaves=False,
    empty="nothing",
):
    nodes = []

    def visit(tree, mother, primary):
        """The place of the node that stands for this branch, or -1."""
        pseudo_jet, pair, _ = tree
        if pair is not None:
            harder, softer = pair
            momenta_of_pair = harder[0].momentum, softer[0].momentum
            values = split(*momenta_of_pair, pseudo_jet.momentum, psi)
            if values[1] >= delta_min:
                kt = values[-1]
                if kt > 0 and kt >= kt_min_gev:
                    return add(values, mother, primary, pair)
                if kt == 0 or below_kt == "follow_harder":
                    return visit(harder, mother, primary)
        if not leaves:
            return -1
        leaf = (1.0, 0.0, math.pi / 4, abs(mass(pseudo_jet.momentum)), 0.0)
        return add(leaf, mother, primary, None)

    def add(values, mother, primary, pair):
        place = len(nodes)
        nodes.append(Node(*values, [mother, -1, -1], primary))
        if pair is not None:
            nodes[place].neighbours[1] = visit(pair[0], place, primary)
            if plane == "full":
                nodes[place].neighbours[2] = visit(pair[1], place, False)
        return place

    if momenta:
        visit(history(momenta), -1, True)
    if not nodes and empty == "zeros":
        nodes.append(Node(0.0, 0.0, 0.0, 0.0, 0.0, [-1, -1, -1], True))
    return nodes
