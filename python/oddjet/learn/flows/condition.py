"""Events and their mass, scaled for a model, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oddjet.learn.flows.scaling import FeatureScaling, Floats
from oddjet.runs.errors import UserError

__all__ = ["ConditionalSampler", "EventScaling", "scaled_events"]


class ConditionalSampler(Protocol):
    """A model of p(features | mass)."""

    def sample(self, mass_gev: ArrayLike, *, seed: int) -> NDArray[np.float64]:
        """Draw the features of one event for each mass."""


@dataclass(frozen=True)
class EventScaling:
    """The scaling of features and of the mass that they depend on.

    Attributes
    ----------
    features : FeatureScaling
    mean_gev, scale_gev : float
        The mass is standardised.
    """

    features: FeatureScaling
    mean_gev: float
    scale_gev: float

    def mass(self, mass_gev: ArrayLike) -> Floats:
        """Scale masses; shape (events, 1)."""
        mass = np.asarray(mass_gev, np.float64)
        return np.asarray((mass[:, None] - self.mean_gev) / self.scale_gev)


def scaled_events(
    features: ArrayLike,
    mass_gev: ArrayLike,
    ranges: Sequence[tuple[float, float] | None] | None,
    what: str,
) -> tuple[EventScaling, Floats, Floats]:
    """Learn the scaling of a training sample and apply it.

    Parameters
    ----------
    features : float, shape (events, features)
    mass_gev : float, shape (events,)
    ranges : sequence of (low, high) or None, optional
        As `FeatureScaling.learn`.
    what : str
        Named in messages.

    Returns
    -------
    scaling : EventScaling
    features : float64, shape (events, features)
    mass : float64, shape (events, 1)

    Raises
    ------
    UserError
        No events, a value that is not finite (its row is named), or as
        `FeatureScaling.learn`.
    """
    table, mass = np.asarray(features, np.float64), np.asarray(mass_gev, np.float64)
    if not len(table):
        message = f"{what}: there are no events to train on"
        raise UserError(message)
    bad = ~(np.isfinite(table).all(axis=1) & np.isfinite(mass))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        message = f"{what}: a feature or the mass of row {row} is not finite"
        raise UserError(message)
    spread = float(mass.std())
    scaling = EventScaling(
        FeatureScaling.learn(table, ranges), float(mass.mean()), spread or 1.0
    )
    return scaling, scaling.features.forward(table), scaling.mass(mass)
