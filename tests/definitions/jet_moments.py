"""High-level quantities of one jet, term by term."""

from __future__ import annotations

from itertools import combinations
from math import exp, hypot, sqrt


def jet_moments(rapidities, azimuths, log_pt_ratios):
    """The quantities of `oddjet.learn.models.jet_moments.MOMENTS`, in their order."""
    jet = [
        (exp(ratio), y, phi)
        for y, phi, ratio in zip(rapidities, azimuths, log_pt_ratios, strict=True)
    ]
    moments = [
        sqrt(len(jet)),
        sum(z for z, _, _ in jet),
        sum(z * z for z, _, _ in jet),
        sum(z * hypot(y, phi) for z, y, phi in jet),
        sum(z * sqrt(hypot(y, phi)) for z, y, phi in jet),
        sum(z * y * y for z, y, phi in jet),
        sum(z * phi * phi for z, y, phi in jet),
        sum(z * y * phi for z, y, phi in jet),
    ]
    moments += sorted((z for z, _, _ in jet), reverse=True)[:3]
    moments += [0.0] * (11 - len(moments))
    for beta in (1, 2):
        pairs = sum(
            a[0] * b[0] * distance(a, b) ** beta for a, b in combinations(jet, 2)
        )
        triplets = sum(
            a[0]
            * b[0]
            * c[0]
            * (distance(a, b) * distance(b, c) * distance(c, a)) ** beta
            for a, b, c in combinations(jet, 3)
        )
        moments += [pairs**0.5, triplets**0.25]
    return moments


def distance(a, b):
    return hypot(a[1] - b[1], a[2] - b[2])
