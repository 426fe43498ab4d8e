"""What the score figures show, as arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ScoreHistogram", "flat_null", "score_edges", "score_histogram"]

_BIN_WIDTH = 0.25
_LAST_EDGE = 10.0


@dataclass(frozen=True)
class ScoreHistogram:
    """Calibrated scores of one region in bins.

    Attributes
    ----------
    edges : float64, shape (bins + 1,)
        Bin edges of the calibrated score.
    values : float64, shape (bins,)
        Sum of weights.
    variances : float64, shape (bins,)
        Sum of squared weights.
    not_scorable : int
        Events whose score is NaN; they are in no bin.
    """

    edges: NDArray[np.float64]
    values: NDArray[np.float64]
    variances: NDArray[np.float64]
    not_scorable: int = 0

    @property
    def total(self) -> float:
        """Sum of weights of all scored events."""
        return float(self.values.sum())

    def scaled(self, factor: float) -> ScoreHistogram:
        """Multiply every weight by a factor."""
        return ScoreHistogram(
            self.edges,
            self.values * factor,
            self.variances * factor**2,
            self.not_scorable,
        )


def score_edges(
    scores: Sequence[NDArray[np.floating]], threshold: float | None
) -> NDArray[np.float64]:
    """Choose bins that hold every score and have the threshold as an edge.

    An edge at the threshold makes the bins to its right add up to the selected jets.
    The width is as near to 0.25 as that allows, and a threshold below half of that
    or beyond 10 is left out of account. Scores beyond 10, one jet in 10^10,
    go to the last bin.

    Parameters
    ----------
    scores : sequence of float arrays
        Calibrated scores; what is not finite is ignored.
    threshold : float or None
        Calibrated score of the threshold.

    Returns
    -------
    float64, shape (bins + 1,)
        Edges from 0 upwards, at least two bins beyond the threshold.

    Examples
    --------
    >>> score_edges([np.array([0.1, 1.3])], threshold=1.0)
    array([0.  , 0.25, 0.5 , 0.75, 1.  , 1.25, 1.5 ])
    """
    # A threshold that nearly everything passes would make the bins too narrow.
    lowest = 0.5 * _BIN_WIDTH
    inner = threshold if threshold and lowest < threshold < _LAST_EDGE else None
    width = _BIN_WIDTH
    if inner is not None:
        width = inner / max(1, round(inner / _BIN_WIDTH))
    highest = max(
        (float(array[np.isfinite(array)].max(initial=0.0)) for array in scores),
        default=0.0,
    )
    highest = min(max(highest, (inner or 0.0) + 2 * width), _LAST_EDGE)
    # The small addend keeps a threshold that is a multiple of the width from
    # gaining a bin by rounding.
    bins = math.ceil(highest / width - 1e-9)
    edges: NDArray[np.float64] = width * np.arange(bins + 1, dtype=np.float64)
    return edges


def score_histogram(
    scores: NDArray[np.floating],
    edges: NDArray[np.float64],
    weights: NDArray[np.floating] | None = None,
) -> ScoreHistogram:
    """Fill a histogram that loses no score.

    A bin holds its lower edge. Scores outside the edges count in the first or the
    last bin; NaN is counted apart.

    Parameters
    ----------
    scores : float array, shape (events,)
        Calibrated scores.
    edges : float64, shape (bins + 1,)
        From `score_edges`.
    weights : float array, shape (events,), optional
        Event weights; one each if absent.

    Returns
    -------
    ScoreHistogram
        Sums of weights and of squared weights.
    """
    scored = ~np.isnan(scores)
    bins = len(edges) - 1
    index = np.searchsorted(edges, scores[scored].astype(np.float64), side="right") - 1
    index = np.clip(index, 0, bins - 1)
    weight = np.ones(len(scores)) if weights is None else weights.astype(np.float64)
    weight = weight[scored]

    def fill(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(index, weights=values, minlength=bins).astype(np.float64)

    return ScoreHistogram(
        edges=edges,
        values=fill(weight),
        variances=fill(weight**2),
        not_scorable=int(np.count_nonzero(~scored)),
    )


def flat_null(
    scores: NDArray[np.float64], *, total: float, width: float
) -> NDArray[np.float64]:
    """Expect so many jets in a bin if the two regions are alike.

    The fraction 10^-s of the control region lies above the calibrated score s, by its
    definition; so a bin centred at s holds total (10^-(s - w/2) - 10^-(s + w/2)).

    Parameters
    ----------
    scores : float64, any shape
        Centres of bins.
    total : float
        Number of jets of the region.
    width : float
        Width w of the bins.

    Returns
    -------
    float64, shape of `scores`
        Expected jets in each bin.
    """
    half = 0.5 * width
    expected: NDArray[np.float64] = total * (
        10.0 ** -(scores - half) - 10.0 ** -(scores + half)
    )
    return expected
