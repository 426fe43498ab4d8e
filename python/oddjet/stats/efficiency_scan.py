"""Several thresholds instead of one, paid for with a trial factor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oddjet.stats.counting import counting_test
from oddjet.stats.fold_counts import ScoredSample
from oddjet.stats.negative_binomial import sum_log_tails
from oddjet.stats.sigma import sigma_from_log_p

__all__ = ["ScanPoint", "ScanResult", "efficiency_scan"]


@dataclass(frozen=True)
class ScanPoint:
    """The counting test at one efficiency."""

    efficiency: float
    n_sr: float | None
    n_expected: float | None
    log10_p: float | None
    significance: float | None


@dataclass(frozen=True)
class ScanResult:
    """The best of several thresholds.

    Attributes
    ----------
    points : tuple of ScanPoint
    best : ScanPoint
        Of the smallest p-value.
    global_p : float
        Probability that the best of these thresholds is as good without a signal.
    global_significance : float
        The same in sigma. Pseudo-experiments end at 1 / (1 + their number): an
        observation beyond all of them has at least this significance.
    trial_factor : float
        global_p over the best local p; a lower p than any pseudo-experiment's gives
        an upper limit of it.
    pseudo_experiments : int
    """

    points: tuple[ScanPoint, ...]
    best: ScanPoint
    global_p: float
    global_significance: float
    trial_factor: float
    pseudo_experiments: int


def efficiency_scan(
    sr_scores: ArrayLike,
    cr_scores: ArrayLike,
    *,
    efficiencies: Sequence[float],
    seed: int,
    sr_folds: ArrayLike | None = None,
    cr_folds: ArrayLike | None = None,
    sr_weights: ArrayLike | None = None,
    cr_weights: ArrayLike | None = None,
    pseudo_experiments: int = 2000,
) -> ScanResult:
    """Test at several efficiencies and correct for having looked at all of them.

    In pseudo-experiments the regions of the scored events are permuted within each
    fold, which keeps everything but a difference of the regions: also how the
    thresholds are correlated. Unequal weights belong to a region and cannot be
    permuted with it; then both regions are drawn from the weighted control region, with
    replacement, and the test is the one with effective numbers (an approximation).

    Parameters
    ----------
    sr_scores, cr_scores : float, shape (events,)
        As in `counting_test`.
    efficiencies : sequence of float
        Fractions of the control region above the threshold.
    seed : int
        Of the pseudo-experiments.
    sr_folds, cr_folds : int, shape (events,), optional
    sr_weights, cr_weights : float, shape (events,), optional
        One each by default.
    pseudo_experiments : int
        >= 1.

    Returns
    -------
    ScanResult

    Raises
    ------
    ValueError
        No efficiency, or none at which the test is determined.
    """
    sr = ScoredSample.of(sr_scores, sr_folds, sr_weights, "sr")
    cr = ScoredSample.of(cr_scores, cr_folds, cr_weights, "cr")
    points = tuple(_point(sr, cr, value) for value in efficiencies)
    determined = [point for point in points if point.log10_p is not None]
    if not determined:
        message = (
            "efficiency_scan: the counting test is determined at none of the "
            f"efficiencies {', '.join(map(str, efficiencies)) or '(none given)'}"
        )
        raise ValueError(message)
    best = min(determined, key=_log10_p)
    kept = [point.efficiency for point in determined]
    exact = sr.has_equal_weights and cr.has_equal_weights
    null = _Layout.of(sr, cr, kept) if exact else _Weighted(sr, cr, kept)
    random = np.random.default_rng(seed)
    lowest = np.array([null.lowest_log10_p(random) for _ in range(pseudo_experiments)])
    # Equal counts give equal p-values up to rounding, which must not break a tie.
    as_good = np.count_nonzero(lowest <= _log10_p(best) + 1e-9)
    global_p = float(1 + as_good) / (1 + pseudo_experiments)
    return ScanResult(
        points=points,
        best=best,
        global_p=global_p,
        global_significance=sigma_from_log_p(math.log(global_p)),
        trial_factor=global_p / max(10.0 ** _log10_p(best), 1e-300),
        pseudo_experiments=pseudo_experiments,
    )


def _log10_p(point: ScanPoint) -> float:
    assert point.log10_p is not None
    return point.log10_p


def _point(sr: ScoredSample, cr: ScoredSample, efficiency: float) -> ScanPoint:
    test = counting_test(
        sr.scores,
        cr.scores,
        efficiency=efficiency,
        sr_folds=sr.folds,
        cr_folds=cr.folds,
        sr_weights=sr.weights,
        cr_weights=cr.weights,
    )
    return ScanPoint(
        efficiency, test.n_sr, test.n_expected, test.log10_p, test.significance
    )


class _Weighted:
    """Regions without a difference, drawn from a weighted control region."""

    def __init__(
        self, sr: ScoredSample, cr: ScoredSample, efficiencies: Sequence[float]
    ) -> None:
        self._efficiencies = efficiencies
        self._folds = [
            (fold, sr.fold(fold), cr.fold(fold))
            for fold in np.union1d(sr.folds, cr.folds).tolist()
        ]

    def lowest_log10_p(self, random: np.random.Generator) -> float:
        """Give the smallest p-value of one pseudo-experiment."""
        drawn = [self._draw(*parts, random) for parts in self._folds]
        sr, cr = (_joined([pair[side] for pair in drawn]) for side in (0, 1))
        points = [_point(sr, cr, efficiency) for efficiency in self._efficiencies]
        # Weights that leave no expectation leave no excess either.
        return min(point.log10_p or 0.0 for point in points)

    @staticmethod
    def _draw(
        fold: int, sr: ScoredSample, cr: ScoredSample, random: np.random.Generator
    ) -> tuple[ScoredSample, ScoredSample]:
        rank = np.argsort(np.argsort(cr.scores, kind="stable"), kind="stable")
        share = np.maximum(cr.weights, 0.0)
        chosen = random.choice(len(rank), len(sr.scores), p=share / share.sum())
        again = random.choice(len(rank), len(rank))
        # Copies of one event must not tie, or the strict threshold would lose them.
        scores = [rank[rows] + random.random(len(rows)) for rows in (chosen, again)]
        return (
            ScoredSample(scores[0], np.full(len(chosen), fold), sr.weights),
            ScoredSample(scores[1], np.full(len(again), fold), cr.weights[again]),
        )


def _joined(folds: Sequence[ScoredSample]) -> ScoredSample:
    return ScoredSample(
        np.concatenate([part.scores for part in folds]),
        np.concatenate([part.folds for part in folds]),
        np.concatenate([part.weights for part in folds]),
    )


class _Layout:
    """Sizes of the folds, and the p-values that counts above thresholds have."""

    def __init__(
        self, sizes: list[tuple[int, int]], k: NDArray[np.int64], q: NDArray[np.float64]
    ) -> None:
        self._sizes = sizes
        self._k = k  # (efficiencies, folds)
        self._q = q
        self._log10_p_of = cache(self._log10_p)

    @classmethod
    def of(
        cls,
        sr: ScoredSample,
        cr: ScoredSample,
        efficiencies: Sequence[float],
    ) -> _Layout:
        sizes = [
            (int(np.sum(sr.folds == fold)), int(np.sum(cr.folds == fold)))
            for fold in np.union1d(sr.folds, cr.folds)
        ]
        # As `count_fold` chooses k.
        k = [
            [max(1, math.floor(value * control + 1e-9)) for _, control in sizes]
            for value in efficiencies
        ]
        q = [signal / (signal + control) for signal, control in sizes]
        return cls(sizes, np.array(k), np.array(q))

    def lowest_log10_p(self, random: np.random.Generator) -> float:
        """Give the smallest p-value of one pseudo-experiment."""
        above = np.zeros(self._k.shape, np.int64)
        for fold, (signal, control) in enumerate(self._sizes):
            # Ranks of the control events among all, from the top, in order.
            is_control = random.permutation(np.arange(signal + control) < control)
            ranks = np.flatnonzero(is_control)
            k = self._k[:, fold]
            above[:, fold] = ranks[k - 1] - (k - 1)
        totals = above.sum(axis=1).tolist()
        return min(self._log10_p_of(row, n) for row, n in enumerate(totals))

    def _log10_p(self, row: int, n: int) -> float:
        return sum_log_tails(n, self._k[row], self._q).upper / math.log(10)
