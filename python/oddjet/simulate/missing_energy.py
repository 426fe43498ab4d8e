"""Missing transverse momentum of measured events."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oddjet.simulate.particles import Particles

__all__ = ["missing_transverse_momentum"]

FloatArray = NDArray[np.float64]


def missing_transverse_momentum(
    flow: Particles, num_events: int
) -> tuple[FloatArray, FloatArray]:
    """Transverse momentum that balances all energy-flow objects of an event.

    Muon tracks are part of the energy flow, so this MET contains the muons:
    a recoil is MET plus all identified leptons, without double counting. (The
    MET of stock Delphes cards is made of towers and leaves the muons out.)

    Parameters
    ----------
    flow : Particles
        Tracks and towers.
    num_events : int
        How many events there are, those without any object included.

    Returns
    -------
    pt, phi : float64, shape (num_events,)
        In GeV and radians; phi in [-pi, pi].
    """
    px, py = flow.momentum_sum(num_events)
    return np.hypot(px, py), np.arctan2(-py, -px)
