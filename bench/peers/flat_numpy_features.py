"""Constituent features with flat NumPy: one sort, then whole columns at a time."""

from __future__ import annotations

import awkward as ak
import numpy as np


def flat_numpy_features(jets, num_constituents):
    """Return (values, mask) with the seven features in float32, computed in double."""
    counts = ak.to_numpy(ak.num(jets.constituents))
    flat = ak.flatten(jets.constituents)
    pt, eta, phi, mass = (ak.to_numpy(flat[n]) for n in ("pt", "eta", "phi", "mass"))
    jet_pt, jet_eta, jet_phi, jet_mass = (
        ak.to_numpy(jets[name]) for name in ("pt", "eta", "phi", "mass")
    )
    starts = np.cumsum(counts) - counts

    # Constituents are sorted only where they are not yet.
    jet_of = np.repeat(np.arange(len(counts)), counts)
    falls = pt[1:] <= pt[:-1]
    if not np.all(falls | (jet_of[1:] != jet_of[:-1])):
        order = np.lexsort((-pt, jet_of))
        pt, eta, phi, mass = pt[order], eta[order], phi[order], mass[order]
    slot = np.arange(len(pt)) - np.repeat(starts, counts)
    kept = slot < num_constituents
    jet_of, slot = jet_of[kept], slot[kept]
    pt, eta, phi, mass = pt[kept], eta[kept], phi[kept], mass[kept]

    jet_energy, jet_rapidity = _energy_rapidity(jet_pt, jet_eta, jet_mass)
    energy, rapidity = _energy_rapidity(pt, eta, mass)
    delta_rapidity = rapidity - jet_rapidity[jet_of]
    delta_azimuth = phi - jet_phi[jet_of]
    delta_azimuth -= 2 * np.pi * np.floor((delta_azimuth + np.pi) / (2 * np.pi))
    log_pt, log_energy = np.log(pt), np.log(energy)

    values = np.zeros((len(counts), num_constituents, 7), np.float32)
    mask = np.arange(num_constituents) < counts[:, np.newaxis]
    values[jet_of, slot] = np.stack(
        [
            delta_rapidity,
            delta_azimuth,
            log_pt,
            log_pt - np.log(jet_pt)[jet_of],
            log_energy,
            log_energy - np.log(jet_energy)[jet_of],
            np.sqrt(delta_rapidity**2 + delta_azimuth**2),
        ],
        axis=-1,
    )
    return values, mask


def _energy_rapidity(pt, eta, mass):
    longitudinal = pt * np.sinh(eta)
    transverse = np.sqrt(pt * pt + mass * mass)
    energy = np.sqrt(transverse * transverse + longitudinal * longitudinal)
    return energy, np.arcsinh(longitudinal / transverse)
