"""Scored samples, and what one fold of them counts above its threshold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

# k = floor(efficiency N) must not lose one to 0.29 * 100 = 28.999...
_ROUNDING = 1e-9


@dataclass(frozen=True)
class ScoredSample:
    """Scores, folds and weights of the events that have a score.

    Attributes
    ----------
    scores : float64, shape (events,)
        No NaN; infinite scores are scores.
    folds : int64, shape (events,)
    weights : float64, shape (events,)
    num_excluded : int
        Events that had no score.
    """

    scores: NDArray[np.float64]
    folds: NDArray[np.int64]
    weights: NDArray[np.float64]
    num_excluded: int = 0

    @classmethod
    def of(
        cls,
        scores: ArrayLike,
        folds: ArrayLike | None,
        weights: ArrayLike | None,
        where: str,
    ) -> ScoredSample:
        """Leave out events without a score; one fold and weight 1 by default."""
        score = np.asarray(scores, np.float64)
        fold = np.asarray(np.zeros(score.shape) if folds is None else folds, np.int64)
        weight = np.ones(score.shape) if weights is None else np.asarray(weights, float)
        if score.ndim != 1 or not score.shape == fold.shape == weight.shape:
            message = (
                f"counting_test: scores, folds and weights of {where} must be "
                "one-dimensional and equally long, got the shapes "
                f"{score.shape}, {fold.shape}, {weight.shape}"
            )
            raise ValueError(message)
        if not np.isfinite(weight).all():
            message = f"counting_test: the weights of {where} must be finite"
            raise ValueError(message)
        kept = ~np.isnan(score)
        return cls(score[kept], fold[kept], weight[kept], int(np.sum(~kept)))

    @property
    def has_equal_weights(self) -> bool:
        """Tell whether weights are no more than a common positive factor."""
        return not len(self.weights) or (
            self.weights[0] > 0 and bool(np.all(self.weights == self.weights[0]))
        )

    def fold(self, fold: int) -> ScoredSample:
        """Select the events of one fold."""
        chosen = self.folds == fold
        return ScoredSample(
            self.scores[chosen], self.folds[chosen], self.weights[chosen]
        )


@dataclass(frozen=True)
class FoldCount:
    """What one fold contributes.

    Attributes
    ----------
    fold : int
    threshold : float
        The k-th highest control score; scores strictly above it count.
    k : int
    num_above : int
        Signal-region events above the threshold.
    num_sr, num_cr : int
        Scored events.
    q : float
        num_sr / (num_sr + num_cr).
    n_sr, n_expected : float
        Sum of the weights of the events above, and its prediction: the weight of
        the signal region times the weight fraction of the k control events.
    variance_sr, variance_expected : float
        Statistical variances of the two.
    """

    fold: int
    threshold: float
    k: int
    num_above: int
    num_sr: int
    num_cr: int
    q: float
    n_sr: float
    n_expected: float
    variance_sr: float
    variance_expected: float


def above_thresholds(
    counts: Sequence[FoldCount],
    scores: NDArray[np.floating],
    folds: NDArray[np.int64],
    in_control_region: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Mark the events that a counting test counts.

    Parameters
    ----------
    counts : sequence of FoldCount
        Of the test.
    scores : float, shape (events,)
        NaN is not above.
    folds : int64, shape (events,)
    in_control_region : bool, shape (events,)
        The k control events include the one whose score is the threshold; an event of
        the signal region must be strictly above it.

    Returns
    -------
    bool, shape (events,)
    """
    above = np.zeros(len(scores), np.bool_)
    for count in counts:
        passes = (scores > count.threshold) | (
            in_control_region & (scores == count.threshold)
        )
        above |= (folds == count.fold) & passes
    return above


def count_fold(
    fold: int, sr: ScoredSample, cr: ScoredSample, efficiency: float
) -> FoldCount | str:
    """Set the threshold of a fold on control events and count above it.

    With weights, k is the number of highest control events whose weight first
    reaches the fraction `efficiency`. The event that reaches it is included: only
    then is the weight of the k events an unbiased expectation (Wald's identity).

    Parameters
    ----------
    fold : int
        Its name.
    sr, cr : ScoredSample
        The events of this fold.
    efficiency : float
        In (0, 1).

    Returns
    -------
    FoldCount or str
        A sentence if the control events allow no threshold.
    """
    total = float(np.sum(cr.weights))
    if not len(cr.scores):
        return f"fold {fold} has no control-region event with a score"
    if total <= 0:
        return f"the control-region weights of fold {fold} sum to {total}"
    order = np.argsort(-cr.scores, kind="stable")
    weights = cr.weights[order]
    if cr.has_equal_weights:
        k = max(1, math.floor(efficiency * len(weights) + _ROUNDING))
    else:
        reached = efficiency * total * (1 - _ROUNDING)
        k = 1 + int(np.argmax(np.cumsum(weights) >= reached))
    threshold = float(cr.scores[order[k - 1]])
    above = sr.weights[sr.scores > threshold]
    ratio = float(np.sum(sr.weights)) / total
    return FoldCount(
        fold=fold,
        threshold=threshold,
        k=k,
        num_above=len(above),
        num_sr=len(sr.scores),
        num_cr=len(cr.scores),
        q=len(sr.scores) / (len(sr.scores) + len(cr.scores)),
        n_sr=float(np.sum(above)),
        n_expected=ratio * float(np.sum(weights[:k])),
        variance_sr=float(np.sum(above**2)),
        variance_expected=ratio**2 * float(np.sum(weights[:k] ** 2)),
    )
