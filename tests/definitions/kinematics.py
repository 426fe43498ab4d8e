"""What the kinematic words mean, one number at a time."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np


class Momentum(NamedTuple):
    px: float
    py: float
    pz: float
    energy: float

    def __add__(self, other):
        return Momentum(*(a + b for a, b in zip(self, other, strict=True)))


def from_collider(pt, eta, phi, mass):
    px, py, pz = pt * math.cos(phi), pt * math.sin(phi), pt * math.sinh(eta)
    return Momentum(px, py, pz, math.sqrt(pt**2 + pz**2 + mass * abs(mass)))


def pt_squared(p):
    return p.px * p.px + p.py * p.py


def mass_squared(p):
    return (p.energy + p.pz) * (p.energy - p.pz) - pt_squared(p)


def mass(p):
    return math.copysign(math.sqrt(abs(mass_squared(p))), mass_squared(p))


def rapidity(p):
    """1/2 log((E + pz) / (E - pz)), in a form that is stable for fast particles."""
    transverse = pt_squared(p) + max(0.0, mass_squared(p))
    if transverse == 0.0:
        return math.copysign(1e5 + abs(p.pz), p.pz + 0.0)
    toward_plus = -0.5 * math.log(transverse / (p.energy + abs(p.pz)) ** 2)
    return toward_plus if p.pz > 0.0 else -toward_plus


def azimuth(p):
    if pt_squared(p) == 0.0:
        return 0.0
    phi = math.atan2(p.py, p.px)
    return -math.pi if phi >= math.pi else phi


def delta_phi(a, b):
    """The representative of a - b in [-pi, pi)."""
    difference = a - b
    if difference >= math.pi:
        return difference - 2 * math.pi
    if difference < -math.pi:
        return difference + 2 * math.pi
    return difference


def delta_r_squared(p, q):
    across = rapidity(p) - rapidity(q)
    around = delta_phi(azimuth(p), azimuth(q))
    return across * across + around * around


def momenta_of(columns):
    """Rows of px, py, pz, energy as a list of Momentum."""
    return [Momentum(*map(float, row)) for row in np.asarray(columns)]
