"""Median discovery significances of a counting experiment, by Asimov data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["asimov_significance", "simple_significance"]


def asimov_significance(
    signal: ArrayLike, background: ArrayLike, background_variance: ArrayLike
) -> NDArray[np.float64]:
    """Give the median significance of a signal over an uncertain background.

    Cowan's formula, of a Poisson count with a background that an auxiliary count
    measures to the given variance; without variance sqrt(2 ((s + b) ln(1 + s/b) - s)).
    Element by element.

    Parameters
    ----------
    signal, background, background_variance : float, of shapes that broadcast

    Returns
    -------
    float64
        In sigma; 0 where the signal is not positive, NaN where the background is not
        positive or its variance negative.

    References
    ----------
    G. Cowan, "Discovery sensitivity for a counting experiment with background
    uncertainty" (2012), equation 20.

    Examples
    --------
    >>> asimov_significance([10.0, 10.0], 100.0, [0.0, 100.0]).round(3)
    array([0.984, 0.69 ])
    """
    s, b, variance = np.broadcast_arrays(
        *(np.asarray(v, np.float64) for v in (signal, background, background_variance))
    )
    defined = (b > 0) & (variance >= 0)
    s = np.where(defined, np.maximum(s, 0.0), 0.0)
    b, variance = np.where(defined, b, 1.0), np.where(defined, variance, 0.0)
    # With t = s/b and r = variance/b the formula divides by variance twice; log1p and
    # xlog1py / r keep it exact down to r = 0, where the second term becomes -s.
    t, r = s / b, variance / b
    shared = np.log1p(t / (1 + r + t * r))
    second = np.where(r > 0, np.log1p(r * t / (1 + r)) / np.where(r > 0, r, 1.0), t)
    squared = 2 * b * ((1 + t) * shared - second)
    # The terms cancel to t^2 of their size. Below 1e-4 the series to third order is
    # closer: its next term is t^2 of the first.
    series = b * t**2 / (1 + r) * (1 - t * (2 * r + 1) / (3 * (1 + r)))
    squared = np.where(t < 1e-4, series, squared)
    return np.where(defined, np.sqrt(np.maximum(squared, 0.0)), np.nan)


def simple_significance(
    signal: ArrayLike, background: ArrayLike, non_closure: ArrayLike
) -> NDArray[np.float64]:
    """Give s / sqrt(b + s + |non_closure| b), element by element.

    Parameters
    ----------
    signal, background, non_closure : float, of shapes that broadcast

    Returns
    -------
    float64
        NaN where the root is of nothing.

    References
    ----------
    J. Janik et al., talk, 12 Jan 2026, the formulas of its working points.

    Examples
    --------
    >>> simple_significance([50.0], 100.0, 0.5).round(3)
    array([3.536])
    """
    s, b = np.asarray(signal, np.float64), np.asarray(background, np.float64)
    inside = np.asarray(b + s + np.abs(non_closure) * b)
    positive = inside > 0
    return np.where(positive, s / np.sqrt(np.where(positive, inside, 1.0)), np.nan)
