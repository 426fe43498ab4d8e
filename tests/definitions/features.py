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


def kept(constituents, num_constituents):
    """Momenta of the hardest; constituents are (given pt, momentum)."""
    order = sorted(range(len(constituents)), key=lambda i: (-constituents[i][0], i))
    return [constituents[i][1] for i in order[:num_constituents]]


def features(jet, constituents, names, num_constituents):
    """(values, mask) of one jet."""
    values = np.zeros((num_constituents, len(names)))
    mask = np.zeros(num_constituents, bool)
    for slot, p in enumerate(kept(constituents, num_constituents)):
        values[slot] = [DEFINITIONS[name](p, jet) for name in names]
        mask[slot] = True
    return values, mask


def event_features(jets, names, num_constituents):
    """(values, mask, found) of one event; jets are (momentum, constituents).

    Not found, and zero: without a jet that has pt, or where one of the constituents
    that the hardest jet keeps has none.
    """
    for jet, constituents in jets[:1]:
        momenta = [jet, *kept(constituents, num_constituents)]
        if all(pt_squared(p) > 0.0 for p in momenta):
            return *features(jet, constituents, names, num_constituents), True
    nothing = np.zeros((num_constituents, len(names)))
    return nothing, np.zeros(num_constituents, bool), False


def energy_fractions(energies, codes):
    """Shares of electrons, muons, photons and hadrons; zeros without energy."""
    shares = [0.0, 0.0, 0.0, 0.0]
    for energy, code in zip(energies, codes, strict=True):
        shares[{11: 0, 13: 1, 22: 2}.get(abs(code), 3)] += energy
    total = sum(shares)
    return [share / total if total > 0 else 0.0 for share in shares]
