"""What a cut on a score keeps of two samples: accuracy, significance improvement.

All of them take event weights, of either sign as long as each sample sums to more
than zero; for the area under the curve see `oddjet.stats.roc`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from oddjet.runs.errors import UserError
from oddjet.stats.event_columns import event_columns
from oddjet.stats.measured import Measured

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "best_accuracy",
    "efficiency_curve",
    "significance_improvement",
]


def efficiency_curve(
    scores: ArrayLike, is_signal: ArrayLike, weights: ArrayLike | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the efficiencies of "score >= threshold" at every threshold that matters.

    Parameters
    ----------
    scores : float, shape (events,)
    is_signal : bool, shape (events,)
    weights : float, shape (events,), optional

    Returns
    -------
    signal, background : float64, shape (different scores + 1,)
        From nothing selected to everything.

    Raises
    ------
    UserError
        A sample whose weights do not sum to more than zero.
    ValueError
        Columns of different lengths, or a score that is not finite.

    Examples
    --------
    >>> efficiency_curve([0.1, 0.9, 0.5], [False, True, False])
    (array([0., 1., 1., 1.]), array([0. , 0. , 0.5, 1. ]))
    """
    score, signal, weight = _columns("efficiency_curve", scores, is_signal, weights)
    _, place = np.unique(-score, return_inverse=True)
    return (
        _cumulative(place, weight * signal),
        _cumulative(place, weight * ~signal),
    )


def best_accuracy(
    scores: ArrayLike, is_signal: ArrayLike, weights: ArrayLike | None = None
) -> float:
    """Give the best accuracy that a cut on the score reaches on balanced samples.

    The maximum of (eps_signal + 1 - eps_background) / 2 over all thresholds. The best
    of many thresholds is at least one half by construction, and above it by chance:
    compare it with what the same procedure gives without a signal, never with 0.5.

    Parameters
    ----------
    scores : float, shape (events,)
    is_signal : bool, shape (events,)
    weights : float, shape (events,), optional

    Returns
    -------
    float

    Raises
    ------
    UserError, ValueError
        As `efficiency_curve`.

    Examples
    --------
    >>> best_accuracy([0.1, 0.4, 0.4, 0.9], [False, False, True, True])
    0.75
    """
    signal, background = efficiency_curve(scores, is_signal, weights)
    return float(np.max(signal + 1 - background) / 2)


def significance_improvement(
    scores: ArrayLike,
    is_signal: ArrayLike,
    background_efficiency: float,
    weights: ArrayLike | None = None,
) -> Measured:
    """Measure by how much a cut raises S / sqrt(B): eps_signal / sqrt(eps_background).

    The cut is the loosest one that keeps no more than the wanted fraction of the
    background.

    Parameters
    ----------
    scores : float, shape (events,)
    is_signal : bool, shape (events,)
    background_efficiency : float
        Of the cut, in (0, 1].
    weights : float, shape (events,), optional

    Returns
    -------
    Measured
        NaN where the sample has no cut that keeps any background and no more than
        the wanted fraction: there are too few events.

    Raises
    ------
    UserError, ValueError
        As `efficiency_curve`; or an efficiency outside (0, 1].

    References
    ----------
    Gallicchio et al., arXiv:1010.3698 (significance improvement characteristic).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> is_signal = np.arange(20_000) < 10_000
    >>> scores = rng.normal(size=20_000)
    >>> round(significance_improvement(scores, is_signal, 0.25).value, 1)  # sqrt(0.25)
    0.5
    """
    if not 0 < background_efficiency <= 1:
        message = (
            "significance_improvement: background_efficiency must be in (0, 1], got "
            f"{background_efficiency}"
        )
        raise ValueError(message)
    score, chosen, weight = _columns(
        "significance_improvement", scores, is_signal, weights
    )
    signal, background = efficiency_curve(score, chosen, weight)
    allowed = np.flatnonzero(background <= background_efficiency)
    eps_s, eps_b = float(signal[allowed[-1]]), float(background[allowed[-1]])
    if not eps_b > 0:
        return Measured(math.nan, math.nan)
    value = eps_s / math.sqrt(eps_b)
    n_s, n_b = (_effective(weight[part]) for part in (chosen, ~chosen))
    # d ln(SIC) = d ln(eps_s) - d ln(eps_b) / 2, with binomial efficiencies.
    of_signal = (1 - eps_s) / (n_s * eps_s) if eps_s > 0 else 0.0
    of_background = (1 - eps_b) / (4 * n_b * eps_b)
    return Measured(value, value * math.sqrt(of_signal + of_background))


def _columns(
    where: str, scores: ArrayLike, is_signal: ArrayLike, weights: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
    score = np.asarray(scores, np.float64)
    weight = np.ones(score.shape) if weights is None else weights
    score, label, weight = event_columns(
        where, scores=score, is_signal=is_signal, weights=weight
    )
    signal = label.astype(np.bool_)
    for name, part in (("signal", signal), ("background", ~signal)):
        total = float(np.sum(weight[part]))
        if not total > 0:
            message = (
                f"{where}: the weights of the {np.count_nonzero(part)} {name} events "
                f"sum to {total:g}; both samples need a sum above zero"
            )
            raise UserError(message)
    return score, signal, weight


def _cumulative(
    place: NDArray[np.intp], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    passed = np.bincount(place, weights)
    return np.concatenate([[0.0], np.cumsum(passed) / np.sum(passed)])


def _effective(weights: NDArray[np.float64]) -> float:
    return float(np.sum(weights) ** 2 / np.sum(weights**2))
