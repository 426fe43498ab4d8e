"""What the resolutions of the Delphes ATLAS card imply for MET, in closed form.

Tower by tower, without random numbers: what tracks and tower measure, combined as the
energy flow combines them, with the mean and variance of each case. Which particles
have tracks is taken as given.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from oddjet.simulate.calorimetry import hit_towers

# Terms of sigma^2 = (a E)^2 + b^2 E + c^2, by |eta| up to the edge.
TERMS = {
    22: ((3.2, 0.0017, 0.101, 0.0), (4.9, 0.035, 0.285, 0.0)),
    130: (
        (1.7, 0.0302, 0.5205, 1.59),
        (3.2, 0.05, 0.706, 0.0),
        (4.9, 0.0942, 1.0, 0.0),
    ),
}


@dataclass(frozen=True)
class Expectation:
    """Mean and variance of the measured visible momentum of each event."""

    px: np.ndarray
    py: np.ndarray
    variance_px: np.ndarray
    variance_py: np.ndarray
    sum_pt: np.ndarray


def threshold(energy_min, a, b, c):
    """Energy that is twice its resolution, if that is above the least energy."""
    square = 1 - 4 * a**2
    root = np.sqrt(16 * b**4 + 16 * c**2 * square)
    return max(energy_min, (4 * b**2 + root) / (2 * square))


def cut_lognormal(mean, sigma, cut):
    """Mean and variance of a log-normal number that is 0 below a threshold."""
    s = np.sqrt(np.log1p((sigma / mean) ** 2))
    distance = np.log(mean / cut) / s
    first = mean * norm.cdf(distance + 0.5 * s)
    second = mean**2 * np.exp(s**2) * norm.cdf(distance + 1.5 * s)
    return first, second - first**2


def by_region(terms, energy, abs_eta, energy_min):
    """Resolution and threshold of every tower."""
    sigma, cut = np.zeros(len(energy)), np.zeros(len(energy))
    lower = 0.0
    for upper, a, b, c in terms:
        here = (abs_eta > lower) & (abs_eta <= upper)
        sigma[here] = np.sqrt((a * energy[here]) ** 2 + b**2 * energy[here] + c**2)
        cut[here] = threshold(energy_min, a, b, c)
        lower = upper
    return sigma, cut


def tower_energy(calorimeter, energy, charged, charged_variance, abs_eta):
    """Mean and variance of the energy that the flow gives to each tower."""
    terms, energy_min = TERMS[calorimeter.pdg_id], calorimeter.energy_min_gev
    sigma, cut = by_region(terms, energy, abs_eta, energy_min)
    mean, variance = cut_lognormal(energy, sigma, cut)
    # Neutral energy that stands out: the tower decides.
    neutral = energy - charged
    both = np.sqrt(charged_variance + sigma**2)
    stands_out = norm.cdf((neutral - np.maximum(2 * both, energy_min)) / both)
    # Else the weighted mean with the tracks, which misses what is neutral.
    weight = sigma**2 / (sigma**2 + charged_variance)
    mixed = weight * charged + (1 - weight) * mean
    mixed_variance = weight**2 * charged_variance + (1 - weight) ** 2 * variance
    p = np.where(charged > 0, stands_out, 1.0)
    total = p * mean + (1 - p) * mixed
    spread = p * variance + (1 - p) * mixed_variance + p * (1 - p) * (mean - mixed) ** 2
    return total, spread


def expected_visible(particles, tracks, resolution, *, calorimeters, num_events):
    """Add up all towers, and the tracks that leave nothing in them.

    `tracks` are given with the momenta of their particles.
    """

    def total(event, values):
        return np.bincount(event, values, num_events)

    silent = tracks[np.abs(tracks.pdg_id) == 13]
    px = total(silent.event, silent.pt * np.cos(silent.phi))
    py = total(silent.event, silent.pt * np.sin(silent.phi))
    sum_pt = total(silent.event, silent.pt)
    var_x, var_y = np.zeros(num_events), np.zeros(num_events)
    for calorimeter in calorimeters:
        towers = hit_towers(calorimeter, particles, tracks)
        pointing = towers.of_track >= 0
        place, energy = towers.of_track[pointing], tracks.energy[pointing]
        size = len(towers.energy)
        charged = np.bincount(place, energy, size)
        charged_variance = np.bincount(
            place, (resolution[pointing] * energy) ** 2, size
        )
        low, high, low_phi, high_phi = calorimeter.tower_edges(towers.tower)
        eta, phi = (low + high) / 2, (low_phi + high_phi) / 2
        mean, variance = tower_energy(
            calorimeter, towers.energy, charged, charged_variance, np.abs(eta)
        )
        x, y = np.cos(phi) / np.cosh(eta), np.sin(phi) / np.cosh(eta)
        px += total(towers.event, mean * x)
        py += total(towers.event, mean * y)
        sum_pt += total(towers.event, mean / np.cosh(eta))
        var_x += total(towers.event, variance * x**2)
        var_y += total(towers.event, variance * y**2)
    return Expectation(px, py, var_x, var_y, sum_pt)
