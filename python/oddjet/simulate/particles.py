"""Flat lists of particles of many events, and what their identities mean."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ELECTRON",
    "MUON",
    "Particles",
    "heaviest_quark",
    "is_dark",
    "is_heavy_hadron",
    "is_invisible",
    "sums_of",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

ELECTRON = 11
MUON = 13
NEUTRINOS = (12, 14, 16)
# Stand-ins for dark matter of spin 0 and 1 that hidden-valley cards decay to.
DARK_MATTER = (51, 53)
# All hidden-valley codes: 49000nn fundamental particles, 49nnnnn hadrons.
HIDDEN_VALLEY = (4_900_000, 5_000_000)


@dataclass(frozen=True)
class Particles:
    """Particles of many events, one flat column a quantity.

    Attributes
    ----------
    event : int64, shape (particles,)
        Index of the event, non-decreasing unless said otherwise.
    pt, eta, phi, mass : float64, shape (particles,)
        Momentum [GeV, radians]; `phi` in [-pi, pi).
    charge : int8, shape (particles,)
        In units of the positron's.
    pdg_id : int32, shape (particles,)
    """

    event: IntArray
    pt: FloatArray
    eta: FloatArray
    phi: FloatArray
    mass: FloatArray
    charge: NDArray[np.int8]
    pdg_id: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.event)

    def __getitem__(self, selection: BoolArray | IntArray | slice) -> Particles:
        """Select by mask, index or slice."""
        return Particles(
            **{
                field.name: getattr(self, field.name)[selection]
                for field in fields(self)
            }
        )

    @property
    def energy(self) -> FloatArray:
        """Energy [GeV]."""
        return np.hypot(self.pt * np.cosh(self.eta), self.mass)

    @staticmethod
    def concatenate(*parts: Particles) -> Particles:
        """Put lists one behind the other; the result is not sorted by event."""
        return Particles(
            **{
                field.name: np.concatenate(
                    [getattr(part, field.name) for part in parts]
                )
                for field in fields(Particles)
            }
        )

    def hardest_first(self) -> Particles:
        """Sort by event, and within one by falling pt; equal pt keep their order."""
        return self[np.lexsort((-self.pt, self.event))]

    def momentum_sum(self, num_events: int) -> tuple[FloatArray, FloatArray]:
        """Add the transverse momenta of each event.

        Parameters
        ----------
        num_events : int
            How many events there are, those without particles included.

        Returns
        -------
        px, py : float64, shape (num_events,)
            In GeV; 0 for an event without particles.
        """
        px = sums_of(self.pt * np.cos(self.phi), self.event, num_events)
        py = sums_of(self.pt * np.sin(self.phi), self.event, num_events)
        return px, py


def sums_of(values: FloatArray, place: IntArray, num_places: int) -> FloatArray:
    """Add the values that belong to the same place, such as an event or a tower.

    Parameters
    ----------
    values : float64, shape (n,)
    place : int64, shape (n,)
        In [0, num_places).
    num_places : int

    Returns
    -------
    float64, shape (num_places,)
        0 where nothing was added.
    """
    # The result is int64 for no values at all.
    return np.bincount(place, values, num_places).astype(np.float64)


def is_dark(pdg_id: NDArray[np.int32]) -> BoolArray:
    """Tell the hidden-valley particles, by code."""
    code = np.abs(pdg_id)
    return (code >= HIDDEN_VALLEY[0]) & (code < HIDDEN_VALLEY[1])


def is_invisible(pdg_id: NDArray[np.int32]) -> BoolArray:
    """Tell the particles that leave no energy and no track in a detector.

    Neutrinos, dark matter and everything of a hidden valley. (Stock Delphes
    cards give unknown stable particles their full energy in the hadronic
    calorimeter, dark hadrons included.)
    """
    return np.isin(np.abs(pdg_id), NEUTRINOS + DARK_MATTER) | is_dark(pdg_id)


def heaviest_quark(pdg_id: NDArray[np.int32]) -> NDArray[np.int32]:
    """Give the code of the heaviest quark of hadrons."""
    code = np.abs(pdg_id)
    heaviest: NDArray[np.int32] = np.maximum(code // 100 % 10, code // 1000 % 10)
    return heaviest


def is_heavy_hadron(pdg_id: NDArray[np.int32]) -> BoolArray:
    """Tell the hadrons with a bottom or charm quark, by code."""
    code = np.abs(pdg_id)
    # Below 100 there are no hadrons; hidden valleys and nuclei have long codes.
    hadrons: BoolArray = (code > 100) & (code < 1_000_000)
    return hadrons & np.isin(heaviest_quark(pdg_id), (4, 5))
