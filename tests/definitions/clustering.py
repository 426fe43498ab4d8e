"""The generalised-kt algorithms, word for word: all distances, every time.

For |p| and E up to LARGEST_MOMENTUM: pt^2 R^2 of every pseudo-jet is then finite, and
the smallest distance is always that of a pair or of a jet.
"""

from __future__ import annotations

import math

from definitions.kinematics import azimuth, delta_phi, pt_squared, rapidity

#: [GeV]
LARGEST_MOMENTUM = 1e140

POWERS = {"antikt": -1.0, "kt": 1.0, "cambridge_aachen": 0.0}


def scale(p, power):
    """pt^2p, kept finite: zero momenta get the far end of the floating-point range."""
    if power == 0.0:
        return 1.0
    if power == 1.0:
        return pt_squared(p)
    if power == -1.0:
        return 1.0 / pt_squared(p) if pt_squared(p) > 1e-300 else 1e300
    return min(math.pow(max(pt_squared(p), 1e-300), power), 1e300)


def azimuth_from_zero(p):
    """In [0, 2 pi): rounding decides between equally distant calorimeter cells."""
    phi = azimuth(p)
    return phi + 2 * math.pi if phi < 0 else phi


class PseudoJet:
    def __init__(self, momentum, members, power):
        self.momentum = momentum
        self.members = members
        self.rapidity = rapidity(momentum)
        self.azimuth = azimuth_from_zero(momentum)
        self.scale = scale(momentum, power)

    def separation(self, other):
        across = other.rapidity - self.rapidity
        around = delta_phi(other.azimuth, self.azimuth)
        return across * across + around * around


def closest(pseudo_jets, radius):
    """Who goes next: (i, j) to merge, or (i, None) for a jet.

    Each pseudo-jet i in turn has its nearest j within the radius among those of no
    smaller scale, the first of equally near ones; the smallest d_ij (or d_iB) of these
    decides, the first of equal ones.
    """
    best = (math.inf, None, None)
    for i, a in enumerate(pseudo_jets):
        near = [
            (a.separation(b), j)
            for j, b in enumerate(pseudo_jets)
            if j != i and b.scale >= a.scale and a.separation(b) < radius * radius
        ]
        separation, j = min(near, default=(radius * radius, None))
        if separation * a.scale < best[0]:
            best = (separation * a.scale, i, j)
    return best[1:]


def closest_of_all_pairs(pseudo_jets, radius):
    """The textbook rule: the smallest of all d_ij and d_iB."""
    candidates = [(a.scale, i, None) for i, a in enumerate(pseudo_jets)]
    for i, a in enumerate(pseudo_jets):
        for j, b in enumerate(pseudo_jets[:i]):
            distance = min(a.scale, b.scale) * a.separation(b) / radius**2
            candidates.append((distance, j, i))
    return min(candidates, key=lambda candidate: candidate[0])[1:]


def cluster(momenta, *, power, radius, rule=closest):
    """Jets as (momentum, members), members in increasing order, in order of merging."""
    pseudo_jets = [PseudoJet(p, [i], power) for i, p in enumerate(momenta)]
    jets = []
    while pseudo_jets:
        i, j = rule(pseudo_jets, radius)
        if j is None:
            jet = pseudo_jets.pop(i)
            jets.append((jet.momentum, sorted(jet.members)))
            continue
        i, j = min(i, j), max(i, j)
        gone = pseudo_jets.pop(j)
        kept = pseudo_jets[i]
        pseudo_jets[i] = PseudoJet(
            kept.momentum + gone.momentum, kept.members + gone.members, power
        )
    return jets


def hardest_first(jets):
    return sorted(jets, key=lambda jet: (-pt_squared(jet[0]), jet[1][0]))
