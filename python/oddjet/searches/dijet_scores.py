"""The scores of the events of a window, as a task writes and others read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.learn.ensemble import fold_thresholds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.stats.bump_hunt import Window

    Floats = NDArray[np.float64]
    # What `oddjet.learn.ensemble.histograms_above` and `shared_fraction` take.
    Selection = tuple[
        NDArray[np.float32], NDArray[np.int64], NDArray[np.int64], Mapping[int, Floats]
    ]

__all__ = ["WindowScores"]

_FILE = "scores.npz"


@dataclass(frozen=True)
class WindowScores:
    """Events of a window with its sidebands, scored by networks that never saw them.

    Attributes
    ----------
    scores : float32, shape (networks, events)
        Networks of a fold; those of all folds one after another are one network.
    folds : int64, shape (events,)
    mass : float64, shape (events,)
        [GeV]
    weights : float64, shape (events,)
    """

    scores: NDArray[np.float32]
    folds: NDArray[np.int64]
    mass: Floats
    weights: Floats

    def write(self, directory: Path) -> None:
        """Write them into the directory of a task."""
        np.savez(directory / _FILE, **vars(self))

    @classmethod
    def read(cls, directory: Path) -> WindowScores:
        """Read what `write` wrote."""
        with np.load(directory / _FILE) as stored:
            return cls(**{name: stored[name] for name in stored.files})

    def thresholds(self, window: Window, efficiency: float) -> dict[int, Floats]:
        """Give the cuts that keep a fraction of the signal region, of each fold."""
        inside = window.holds(self.mass)
        return fold_thresholds(self.scores, self.folds, inside, efficiency=efficiency)

    def selection(self, window: Window, cuts: Mapping[int, Floats]) -> Selection:
        """Give what histograms of the events above the cuts are made of."""
        bins = np.digitize(self.mass, window.edges_gev) - 1
        bins[~window.covers(self.mass)] = -1
        return self.scores, self.folds, bins, cuts
