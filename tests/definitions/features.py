"""What each constituent feature means."""

from __future__ import annotations

import math

import numpy as np

from definitions.kinematics import azimuth, delta_phi, pt_squared, rapidity

DEFINITIONS = {
    "delta_rapidity": lambda p, jet: rapidity(p) - rapidity(jet),
    "delta_azimuth": lambda p, jet: delta_phi(azimuth(p), azimuth(jet)),
    "log_pt": lambda p, _: math.log(math.sqrt(pt_squared(p))),
    "log_pt_ratio": lambda p, jet: math.log(
        math.sqrt(pt_squared(p)) / math.sqrt(pt_squared(jet))
    ),
    "log_energy": lambda p, _: math.log(p.energy),
    "log_energy_ratio": lambda p, jet: math.log(p.energy / jet.energy),
    "delta_r": lambda p, jet: math.hypot(
        rapidity(p) - rapidity(jet), delta_phi(azimuth(p), azimuth(jet))
    ),
}


def features(jet, constituents, names, num_constituents):
    """(values, mask) of one jet; constituents are (given pt, momentum)."""
    order = sorted(range(len(constituents)), key=lambda i: (-constituents[i][0], i))
    values = np.zeros((num_constituents, len(names)))
    mask = np.zeros(num_constituents, bool)
    for slot, i in enumerate(order[:num_constituents]):
        values[slot] = [DEFINITIONS[name](constituents[i][1], jet) for name in names]
        mask[slot] = True
    return values, mask
