"""Tracks: which charged particles are found, and how well they are measured.

The numbers are those of `cards/delphes_card_ATLAS.tcl` of Delphes (modules
*TrackingEfficiency and *MomentumSmearing). There is no solenoid here: a track
keeps the direction of its particle, and the field enters only through the
card's efficiency, which is zero up to pt = 0.1 GeV and beyond |eta| = 2.5.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from oddjet.simulate.particles import ELECTRON, MUON, Particles
from oddjet.simulate.smearing import smear_positive

__all__ = ["find_tracks", "track_efficiency", "track_resolution"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Rows of the tables below: charged hadron, electron, muon.
_HADRON, _ELECTRON, _MUON = range(3)

_EFFICIENCY_ETA_EDGES = (1.5, 2.5)
_EFFICIENCY_PT_EDGES_GEV = (0.1, 1.0, 100.0)
_EFFICIENCY: FloatArray = np.array(
    [
        [[0.0, 0.70, 0.95, 0.95], [0.0, 0.60, 0.85, 0.85], [0.0] * 4],
        [[0.0, 0.73, 0.95, 0.99], [0.0, 0.50, 0.83, 0.90], [0.0] * 4],
        [[0.0, 0.75, 0.99, 0.99], [0.0, 0.70, 0.98, 0.98], [0.0] * 4],
    ]
)  # (species, |eta|, pt)

_RESOLUTION_ETA_EDGES = (0.5, 1.5)
_RESOLUTION_CONSTANT = np.array(
    [[0.06, 0.10, 0.25], [0.03, 0.05, 0.15], [0.01, 0.015, 0.025]]
)  # (species, |eta|)
_RESOLUTION_SLOPE_PER_GEV = np.array(
    [[1.3e-3, 1.7e-3, 3.1e-3], [1.3e-3, 1.7e-3, 3.1e-3], [1.0e-4, 1.5e-4, 3.5e-4]]
)  # (species, |eta|)


def _species(pdg_id: NDArray[np.int32]) -> IntArray:
    """Row of the tables for each charged particle."""
    code = np.abs(pdg_id)
    return np.select([code == ELECTRON, code == MUON], [_ELECTRON, _MUON], _HADRON)


def track_efficiency(particles: Particles) -> FloatArray:
    """Probability that a charged particle is reconstructed as a track.

    Parameters
    ----------
    particles : Particles
        Charged ones. An edge of a bin belongs to the bin below it.

    Returns
    -------
    float64, shape (particles,)
    """
    eta_bin = np.searchsorted(_EFFICIENCY_ETA_EDGES, np.abs(particles.eta))
    pt_bin = np.searchsorted(_EFFICIENCY_PT_EDGES_GEV, particles.pt)
    efficiency: FloatArray = _EFFICIENCY[_species(particles.pdg_id), eta_bin, pt_bin]
    return efficiency


def track_resolution(particles: Particles) -> FloatArray:
    """Relative resolution sigma(pt) / pt of charged particles within |eta| < 2.5.

    Parameters
    ----------
    particles : Particles
        Charged ones.

    Returns
    -------
    float64, shape (particles,)
        At most 1, where Delphes cuts it too.
    """
    eta_bin = np.searchsorted(_RESOLUTION_ETA_EDGES, np.abs(particles.eta))
    species = _species(particles.pdg_id)
    constant: FloatArray = _RESOLUTION_CONSTANT[species, eta_bin]
    slope: FloatArray = _RESOLUTION_SLOPE_PER_GEV[species, eta_bin]
    return np.minimum(np.hypot(constant, slope * particles.pt), 1.0)


def find_tracks(
    particles: Particles, random: np.random.Generator
) -> tuple[Particles, FloatArray]:
    """Decide which visible particles have a track, and measure those.

    Parameters
    ----------
    particles : Particles
        Visible ones, neutral and charged.
    random : Generator
        One uniform number a charged particle and one normal number a track
        are drawn from it.

    Returns
    -------
    tracks : Particles
        In the same order: true direction, charge and identity, smeared pt.
    resolution : float64, shape (tracks,)
        Relative resolution of each.
    """
    charged = particles[particles.charge != 0]
    true = charged[random.random(len(charged)) < track_efficiency(charged)]
    resolution = track_resolution(true)
    measured = smear_positive(true.pt, resolution * true.pt, random)
    return replace(true, pt=measured), resolution
