"""Identified leptons: isolated electron and muon tracks.

The numbers are those of `cards/delphes_card_ATLAS.tcl` of Delphes (modules
*Efficiency and *Isolation of electrons and muons).
"""

from __future__ import annotations

import numpy as np
import vector
from numpy.typing import NDArray

from oddjet.simulate.particles import ELECTRON, MUON, Particles, sums_of

__all__ = ["identified_leptons"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_PT_MIN_GEV = 10.0
_EFFICIENCY_ETA_EDGES = (1.5, 2.5)
_EFFICIENCY = np.array([0.95, 0.85, 0.0])

_CONE_RADIUS = 0.5
_CONE_PT_MIN_GEV = 0.5
_ISOLATION_MAX_ELECTRON = 0.12
_ISOLATION_MAX_MUON = 0.25


def identified_leptons(
    flow: Particles, random: np.random.Generator
) -> tuple[Particles, FloatArray]:
    """Find the isolated electrons and muons.

    The leptons also stay in the energy flow.

    Parameters
    ----------
    flow : Particles
        Tracks and towers, sorted by event.
    random : Generator
        One uniform number a lepton track above 10 GeV is drawn from it.

    Returns
    -------
    leptons : Particles
        In the order of `flow`.
    isolation : float64, shape (leptons,)
        Summed pt of the other energy flow, electrons and muons left out, above
        0.5 GeV within Delta R(eta, phi) < 0.5, over the pt of the lepton. Below
        0.12 for the electrons returned, below 0.25 for the muons.
    """
    code = np.abs(flow.pdg_id)
    is_lepton = (code == ELECTRON) | (code == MUON)
    candidates = flow[is_lepton & (flow.pt > _PT_MIN_GEV)]
    eta_bin = np.searchsorted(_EFFICIENCY_ETA_EDGES, np.abs(candidates.eta))
    identified = random.random(len(candidates)) < _EFFICIENCY[eta_bin]
    leptons = candidates[identified]
    isolation = _isolation(leptons, flow[~is_lepton & (flow.pt > _CONE_PT_MIN_GEV)])
    is_electron = np.abs(leptons.pdg_id) == ELECTRON
    limit = np.where(is_electron, _ISOLATION_MAX_ELECTRON, _ISOLATION_MAX_MUON)
    isolated = isolation < limit
    return leptons[isolated], isolation[isolated]


def _isolation(leptons: Particles, others: Particles) -> FloatArray:
    """Relative activity around each lepton, from the other objects of its event."""
    if not len(leptons):
        return np.zeros(0)
    first = np.searchsorted(others.event, leptons.event)
    counts = np.searchsorted(others.event, leptons.event, side="right") - first
    # All pairs of a lepton and an object of the same event, flat.
    lepton = np.repeat(np.arange(len(leptons)), counts)
    start_of_lepton = np.cumsum(counts) - counts
    other = first[lepton] + np.arange(len(lepton)) - start_of_lepton[lepton]
    near = (
        _directions(leptons[lepton]).deltaR(_directions(others[other])) < _CONE_RADIUS
    )
    around = sums_of(near * others.pt[other], lepton, len(leptons))
    return around / leptons.pt


def _directions(particles: Particles) -> vector.MomentumNumpy3D:
    return vector.array(
        {"pt": particles.pt, "eta": particles.eta, "phi": particles.phi}
    )
