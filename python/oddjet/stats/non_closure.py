"""Correction of a significance for what the method finds where there is nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["NonClosure", "fit_non_closure"]


@dataclass(frozen=True)
class NonClosure:
    """Mean and spread of significances without signal, linear in the mass.

    Attributes
    ----------
    mean, spread : tuple of two float
        Offset at zero and slope per GeV.
    """

    mean: tuple[float, float]
    spread: tuple[float, float]

    def at(self, mass_gev: float) -> tuple[float, float]:
        """Give the fitted mean and spread at a mass."""
        mean, spread = (
            line[0] + line[1] * mass_gev for line in (self.mean, self.spread)
        )
        return mean, spread

    def corrected(self, significance: float, mass_gev: float) -> float:
        """Subtract the mean, never increasing the significance nor crossing zero.

        A deficit is left as it is. The spread is not corrected for; report the
        uncorrected value beside this one.

        Parameters
        ----------
        significance : float
        mass_gev : float
            Centre of the window.

        Returns
        -------
        float

        Examples
        --------
        >>> closure = NonClosure((0.5, 0.0), (1.0, 0.0))
        >>> [closure.corrected(z, 3000.0) for z in (1.5, 0.25, -2.0)]
        [1.0, 0.0, -2.0]
        >>> NonClosure((-0.5, 0.0), (1.0, 0.0)).corrected(1.5, 3000.0)
        1.5
        """
        if significance <= 0:
            return significance
        mean, _ = self.at(mass_gev)
        return max(significance - max(mean, 0.0), 0.0)


def fit_non_closure(mass_gev: ArrayLike, significances: ArrayLike) -> NonClosure:
    """Fit mean and spread of validation samples with a line in the mass each.

    Parameters
    ----------
    mass_gev : float, shape (windows,)
        Centres, two different ones or more.
    significances : float, shape (windows, samples)
        Of samples without signal, two or more; NaN where a window failed.

    Returns
    -------
    NonClosure

    Raises
    ------
    ValueError
        Fewer than two windows with two good samples.

    Examples
    --------
    >>> closure = fit_non_closure([2e3, 3e3], [[0.0, 2.0], [1.0, 3.0]])
    >>> round(closure.at(4000.0)[0], 6)
    3.0
    """
    mass, z = np.asarray(mass_gev, np.float64), np.asarray(significances, np.float64)
    if z.ndim != 2 or mass.shape != z.shape[:1]:
        message = (
            "fit_non_closure: significances must have one row a window, got the shapes "
            f"{mass.shape} and {z.shape}"
        )
        raise ValueError(message)
    good = np.sum(~np.isnan(z), axis=1) >= 2
    if len(np.unique(mass[good])) < 2:
        message = (
            "fit_non_closure: a line needs two windows with two good samples each, "
            f"there are {int(np.sum(good))}"
        )
        raise ValueError(message)
    lines = []
    for values in (np.nanmean(z[good], axis=1), np.nanstd(z[good], axis=1, ddof=1)):
        slope, offset = np.polyfit(mass[good], values, 1)
        lines.append((float(offset), float(slope)))
    return NonClosure(*lines)
