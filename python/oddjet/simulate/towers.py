"""Calorimeters: geometry, resolution and thresholds of their towers.

The numbers are those of `cards/delphes_card_ATLAS.tcl` of Delphes (modules
ECal and HCal); a strip in eta takes the azimuthal binning of its upper edge,
as Delphes reads such a card.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from oddjet.simulate.particles import ELECTRON, MUON, is_invisible

__all__ = ["ECAL", "HCAL", "Calorimeter", "ecal_fraction", "hcal_fraction"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

PHOTON, NEUTRAL_PION, NEUTRAL_KAON_LONG = 22, 111, 130
# Those that decay inside the calorimeters if they were kept stable.
_NEUTRAL_LONG_LIVED = (310, 3122)


def ecal_fraction(pdg_id: NDArray[np.int32]) -> FloatArray:
    """Fraction of a particle's energy that the electromagnetic part measures."""
    code = np.abs(pdg_id)
    return np.select(
        [
            np.isin(code, (ELECTRON, PHOTON, NEUTRAL_PION)),
            np.isin(code, _NEUTRAL_LONG_LIVED),
        ],
        [1.0, 0.3],
        0.0,
    )


def hcal_fraction(pdg_id: NDArray[np.int32]) -> FloatArray:
    """Fraction of a particle's energy that the hadronic part measures."""
    silent = is_invisible(pdg_id) | (np.abs(pdg_id) == MUON)
    return np.where(silent, 0.0, 1.0 - ecal_fraction(pdg_id))


@dataclass(frozen=True)
class Calorimeter:
    """One calorimeter.

    Attributes
    ----------
    eta_edges : float64, shape (strips + 1,)
        Rising edges of the strips; nothing is measured outside.
    phi_bins : int64, shape (strips,)
        Number of towers around each strip, the first starting at -pi.
    energy_min_gev : float
        Towers below are silent.
    significance_min : float
        Towers with less than so many times their resolution are silent.
    resolution : callable
        (energy [GeV], abs(eta)) -> sigma [GeV].
    fraction : callable
        Particle codes -> fraction of their energy that is deposited here.
    pdg_id : int
        Code given to the energy-flow objects that are towers.
    """

    eta_edges: FloatArray
    phi_bins: IntArray
    energy_min_gev: float
    significance_min: float
    resolution: Callable[[FloatArray, FloatArray], FloatArray]
    fraction: Callable[[NDArray[np.int32]], FloatArray]
    pdg_id: int

    @cached_property
    def first_tower(self) -> IntArray:
        """Number of the first tower of each strip, and the number of towers."""
        return np.concatenate([[0], np.cumsum(self.phi_bins)])

    def tower_at(self, eta: FloatArray, phi: FloatArray) -> IntArray:
        """Find the tower in which a direction lies.

        Parameters
        ----------
        eta, phi : float64, shape (n,)

        Returns
        -------
        int64, shape (n,)
            -1 outside the calorimeter. An edge belongs to the tower below it.
        """
        strip = np.searchsorted(self.eta_edges, eta) - 1
        inside = (strip >= 0) & (strip < len(self.phi_bins))
        strip = np.where(inside, strip, 0)
        phi_bins = self.phi_bins[strip]
        turn = phi / (2 * np.pi) + 0.5
        phi_bin = (np.ceil(turn * phi_bins).astype(np.int64) - 1) % phi_bins
        return np.where(inside, self.first_tower[strip] + phi_bin, -1)

    def tower_edges(
        self, tower: IntArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Look up the edges (low eta, high eta, low phi, high phi) of towers."""
        strip = np.searchsorted(self.first_tower, tower, side="right") - 1
        width = 2 * np.pi / self.phi_bins[strip]
        low_phi = (tower - self.first_tower[strip]) * width - np.pi
        return (
            self.eta_edges[strip],
            self.eta_edges[strip + 1],
            low_phi,
            low_phi + width,
        )


def _ecal_resolution(energy: FloatArray, abs_eta: FloatArray) -> FloatArray:
    central = np.sqrt((0.0017 * energy) ** 2 + 0.101**2 * energy)
    forward = np.sqrt((0.0350 * energy) ** 2 + 0.285**2 * energy)
    return np.where(abs_eta <= 3.2, central, forward)


def _hcal_resolution(energy: FloatArray, abs_eta: FloatArray) -> FloatArray:
    barrel = np.sqrt((0.0302 * energy) ** 2 + 0.5205**2 * energy + 1.59**2)
    endcap = np.sqrt((0.0500 * energy) ** 2 + 0.706**2 * energy)
    forward = np.sqrt((0.0942 * energy) ** 2 + 1.00**2 * energy)
    return np.where(abs_eta <= 1.7, barrel, np.where(abs_eta <= 3.2, endcap, forward))


def _mirrored(edges: list[float]) -> FloatArray:
    """Complete rising positive edges to both sides of zero."""
    positive = np.array(edges)
    return np.concatenate([-positive[::-1], positive])


def _ecal() -> Calorimeter:
    fine = np.arange(-170, 171) * 0.0174
    forward = [3.125, 3.3, 3.475, 3.65, 3.825, 4.0, 4.175, 4.35, 4.525, 4.7, 5.0]
    edges = np.concatenate([-np.array(forward)[::-1], fine, forward])
    is_fine = np.abs(edges[:-1] + edges[1:]) / 2 < fine[-1]
    return Calorimeter(
        eta_edges=edges,
        phi_bins=np.where(is_fine, 360, 36),  # 1 degree and 10 degrees
        energy_min_gev=0.5,
        significance_min=2.0,
        resolution=_ecal_resolution,
        fraction=ecal_fraction,
        pdg_id=PHOTON,
    )


def _hcal() -> Calorimeter:
    central = np.arange(-25, 26) / 10
    forward = [2.6, 2.8, 3.0, 3.2, 3.3, 3.5, 3.7, 3.9, 4.1, 4.3, 4.5, 4.7, 4.9]
    edges = np.concatenate([-np.array(forward)[::-1], central, forward])
    centre = np.abs(edges[:-1] + edges[1:]) / 2
    is_fine = (centre < 2.6) | ((centre > 3.2) & (centre < 3.3))
    return Calorimeter(
        eta_edges=edges,
        phi_bins=np.where(is_fine, 36, 18),  # 10 degrees and 20 degrees
        energy_min_gev=1.0,
        significance_min=2.0,
        resolution=_hcal_resolution,
        fraction=hcal_fraction,
        pdg_id=NEUTRAL_KAON_LONG,
    )


ECAL = _ecal()
HCAL = _hcal()
