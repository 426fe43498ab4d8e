"""Masses for a template: what the spectrum of the signal region is without signal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oddjet.runs.errors import UserError
from oddjet.runs.seeds import derive_seed
from oddjet.stats.fit_functions import LADDER
from oddjet.stats.spectrum_fit import SpectrumFit

__all__ = [
    "FunctionSpectrum",
    "KernelSpectrum",
    "MassSpectrum",
    "SampleSpectrum",
    "fitted_spectrum",
]

Floats = NDArray[np.float64]

# Of the signal region; a spectrum that falls tenfold bends by 1e-6 within one.
_CELLS = 2000


class MassSpectrum(Protocol):
    """A distribution of masses in a signal region."""

    def draw(self, number: int, *, seed: int) -> Floats:
        """Draw masses, shape (number,)."""


class KernelSpectrum:
    """A kernel density of given masses, in the logit of their place in the region.

    Parameters
    ----------
    mass_gev : float, shape (events,)
        Those outside [low, high) are left out.
    low_gev, high_gev : float
    weights : float, shape (events,), optional
    bandwidth : float
        Of the normal kernel, in the logit; 0.01 in CATHODE.

    Raises
    ------
    UserError
        No mass in the region, or a weight that is negative or sums to 0.
    """

    def __init__(
        self,
        mass_gev: ArrayLike,
        low_gev: float,
        high_gev: float,
        *,
        weights: ArrayLike | None = None,
        bandwidth: float = 0.01,
    ) -> None:
        mass = np.asarray(mass_gev, np.float64)
        weight = np.ones(len(mass)) if weights is None else np.asarray(weights)
        inside = (mass >= low_gev) & (mass < high_gev)
        chosen = weight[inside]
        if np.any(chosen < 0) or not np.sum(chosen) > 0:
            message = (
                f"the {int(np.sum(inside))} events with {low_gev:g} <= mass < "
                f"{high_gev:g} GeV have weights that sum to {np.sum(chosen):g}, the "
                f"least is {np.min(chosen, initial=0):g}: no spectrum to draw from; "
                "give the fitted one"
            )
            raise UserError(message)
        share = (mass[inside] - low_gev) / (high_gev - low_gev)
        share = np.clip(share, 1e-9, 1 - 1e-9)
        self._logits = np.log(share / (1 - share))
        self._probabilities = chosen / np.sum(chosen)
        self._low, self._width, self._bandwidth = low_gev, high_gev - low_gev, bandwidth

    def draw(self, number: int, *, seed: int) -> Floats:
        """Draw masses.

        Parameters
        ----------
        number, seed : int

        Returns
        -------
        float64, shape (number,)
        """
        random = np.random.default_rng(derive_seed(seed, "masses"))
        centres = random.choice(self._logits, number, p=self._probabilities)
        logits = centres + self._bandwidth * random.normal(size=number)
        return np.asarray(self._low + self._width / (1 + np.exp(-logits)))


class SampleSpectrum:
    """The masses of given events, with replacement.

    Parameters
    ----------
    mass_gev : float, shape (events,)
    weights : float, shape (events,)
        None negative, of positive sum.
    """

    def __init__(self, mass_gev: Floats, weights: Floats) -> None:
        self._mass, self._probabilities = mass_gev, weights / np.sum(weights)

    def draw(self, number: int, *, seed: int) -> Floats:
        """Draw masses.

        Parameters
        ----------
        number, seed : int

        Returns
        -------
        float64, shape (number,)
        """
        random = np.random.default_rng(derive_seed(seed, "masses"))
        return random.choice(self._mass, number, p=self._probabilities)


class FunctionSpectrum:
    """A function of the mass, for example one fitted to the sidebands.

    Parameters
    ----------
    function : callable
        Takes float64 masses in GeV, gives a density of any normalisation.
    low_gev, high_gev : float

    Raises
    ------
    UserError
        A value that is negative or not finite, or a function that is 0 everywhere.
    """

    def __init__(
        self, function: Callable[[Floats], ArrayLike], low_gev: float, high_gev: float
    ) -> None:
        self._edges = np.linspace(low_gev, high_gev, _CELLS + 1)
        centres = (self._edges[1:] + self._edges[:-1]) / 2
        values = np.asarray(function(centres), np.float64)
        if not (np.isfinite(values).all() and np.all(values >= 0) and values.any()):
            message = (
                f"the mass spectrum between {low_gev:g} and {high_gev:g} GeV is "
                "negative, not finite or 0 everywhere: nothing to draw from"
            )
            raise UserError(message)
        self._below = np.concatenate([[0.0], np.cumsum(values) / np.sum(values)])

    def draw(self, number: int, *, seed: int) -> Floats:
        """Draw masses.

        Parameters
        ----------
        number, seed : int

        Returns
        -------
        float64, shape (number,)
        """
        random = np.random.default_rng(derive_seed(seed, "masses"))
        return np.interp(random.uniform(size=number), self._below, self._edges)


def fitted_spectrum(
    fit: SpectrumFit,
    low_gev: float,
    high_gev: float,
    *,
    collision_energy_gev: float = 13_000.0,
) -> FunctionSpectrum:
    """Give the spectrum of a masked fit in its signal region.

    Parameters
    ----------
    fit : SpectrumFit
    low_gev, high_gev : float
    collision_energy_gev : float
        The one that was fitted with.

    Returns
    -------
    FunctionSpectrum

    Raises
    ------
    UserError
        The fit failed.
    """
    if fit.status != "ok":
        message = (
            f"the spectrum fit failed, so there is none to draw from: {fit.reason}"
        )
        raise UserError(message)
    function = next(one for one in LADDER if one.name == fit.function)
    return FunctionSpectrum(
        lambda mass: function(mass / collision_energy_gev, fit.parameters),
        low_gev,
        high_gev,
    )
