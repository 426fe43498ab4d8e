"""The calorimeters of the Delphes ATLAS card, literally: one tower after the other.

Geometry, fractions, resolutions and thresholds are written down a second time, in the
form of cards/delphes_card_ATLAS.tcl (a list of eta edges for each azimuthal binning).
"""

from __future__ import annotations

import math
from bisect import bisect_left


def eta_phi_bins(blocks):
    """Edges in eta, and for each the azimuthal edges of the strip below it."""
    table = {}
    for phi_bins, eta_edges in blocks:
        width = 2 * math.pi / phi_bins
        edges = [-math.pi + width * i for i in range(phi_bins + 1)]
        table.update({round(eta, 4): edges for eta in eta_edges})
    return sorted(table), table


ECAL_BLOCKS = [
    (
        36,
        [s * e for s in (-1, 1) for e in (5, 4.7, 4.525, 4.35, 4.175, 4)]
        + [s * e for s in (-1, 1) for e in (3.825, 3.65, 3.475, 3.3, 3.125)]
        + [-2.958],
    ),
    (360, [i * 0.0174 for i in range(-85, 87)]),
    (360, [-2.958 + i * 0.0174 for i in range(1, 85)]),
    (360, [1.4964 + i * 0.0174 for i in range(1, 85)]),
]
HCAL_BLOCKS = [
    (36, [-3.2, *[i / 10 for i in range(-25, 27)], 3.3]),
    (18, [-4.9, -4.7, -4.5, -4.3, -4.1, -3.9, -3.7, -3.5, -3.3, -3, -2.8, -2.6]),
    (18, [2.8, 3, 3.2, 3.5, 3.7, 3.9, 4.1, 4.3, 4.5, 4.7, 4.9]),
]
SILENT = {12, 13, 14, 16}
CALORIMETERS = {
    "ECAL": {
        "bins": eta_phi_bins(ECAL_BLOCKS),
        "fractions": {11: 1.0, 22: 1.0, 111: 1.0, 310: 0.3, 3122: 0.3},
        "other": 0.0,
        "energy_min": 0.5,
        "terms": [(3.2, 0.0017, 0.101, 0.0), (4.9, 0.035, 0.285, 0.0)],
    },
    "HCAL": {
        "bins": eta_phi_bins(HCAL_BLOCKS),
        "fractions": {11: 0.0, 22: 0.0, 111: 0.0, 310: 0.7, 3122: 0.7},
        "other": 1.0,
        "energy_min": 1.0,
        "terms": [
            (1.7, 0.0302, 0.5205, 1.59),
            (3.2, 0.05, 0.706, 0.0),
            (4.9, 0.0942, 1.0, 0.0),
        ],
    },
}


def fraction(name, code):
    """How much of its energy a visible particle leaves in a calorimeter."""
    calorimeter = CALORIMETERS[name]
    if abs(code) in SILENT:
        return 0.0
    return calorimeter["fractions"].get(abs(code), calorimeter["other"])


def resolution(name, energy, eta):
    """Sigma of a tower, by the centre of its strip."""
    for upper, a, b, c in CALORIMETERS[name]["terms"]:
        if abs(eta) <= upper:
            return math.sqrt((a * energy) ** 2 + b**2 * energy + c**2)
    message = f"no resolution at {eta}"
    raise ValueError(message)


def tower_edges(name, eta, phi):
    """Edges of the tower in a direction, None outside."""
    edges, table = CALORIMETERS[name]["bins"]
    i = bisect_left(edges, eta)
    if i in {0, len(edges)}:
        return None
    phi_edges = table[edges[i]]
    j = bisect_left(phi_edges, phi)
    return (edges[i - 1], edges[i], phi_edges[j - 1], phi_edges[j])


def log_normal(mean, sigma, normal):
    """A positive number of given mean and sigma, from a standard normal one."""
    b = math.sqrt(math.log(1 + sigma**2 / mean**2))
    return math.exp(math.log(mean) - 0.5 * b**2 + b * normal)


def measure(name, particles, tracks, random):
    """One event: particles (energy, eta, phi, code), tracks (pt, energy, ..., sigma).

    Returns the factors of the tracks, and the neutral objects (pt, eta, phi).
    """
    energy_min = CALORIMETERS[name]["energy_min"]
    towers = {}
    for energy, eta, phi, code in particles:
        edges = tower_edges(name, eta, phi)
        deposit = energy * fraction(name, code)
        if edges is not None and deposit > 0:
            towers[edges] = towers.get(edges, 0.0) + deposit
    order = sorted(towers)
    normals = random.standard_normal(len(order))
    points = zip(random.random(len(order)), random.random(len(order)), strict=True)
    factors, neutrals = [1.0] * len(tracks), []
    for edges, normal, (u, v) in zip(order, normals, points, strict=True):
        centre = (edges[0] + edges[1]) / 2
        energy = log_normal(
            towers[edges], resolution(name, towers[edges], centre), normal
        )
        sigma = resolution(name, energy, centre)
        if energy < energy_min or energy < 2 * sigma:
            energy = 0.0
        inside = [
            i
            for i, (_, eta, phi, code, _) in enumerate(tracks)
            if tower_edges(name, eta, phi) == edges and fraction(name, code) > 0
        ]
        charged = sum(tracks[i][0] for i in inside)
        charged_sigma = math.sqrt(sum(tracks[i][4] ** 2 for i in inside))
        neutral = max(energy - charged, 0.0)
        both = math.hypot(charged_sigma, sigma)
        if neutral > energy_min and neutral / both > 2:
            eta = edges[0] + (edges[1] - edges[0]) * u
            phi = edges[2] + (edges[3] - edges[2]) * v
            neutrals.append((neutral / math.cosh(eta), eta, phi))
        elif inside:
            w_track, w_tower = 1 / charged_sigma**2, 1 / sigma**2
            best = (w_track * charged + w_tower * energy) / (w_track + w_tower)
            for i in inside:
                factors[i] = best / charged
    return factors, neutrals
