"""How well a score separates two weighted samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.runs.errors import UserError
from oddjet.stats.effective_events import same_event
from oddjet.stats.measured import Measured

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

__all__ = ["ScoredJets", "area_by_label", "area_under_curve"]


@dataclass(frozen=True)
class ScoredJets:
    """Scores of one sample.

    Attributes
    ----------
    score : float, shape (jets,)
        Without NaN.
    weight : float, shape (jets,)
        Also negative ones; their sum must be positive.
    ids : mapping of integer arrays, or awkward record array, optional
        Of the event of each jet: jets of one event vary together. Without, all jets
        are independent.
    """

    score: NDArray[np.floating]
    weight: NDArray[np.floating]
    ids: Any = None

    @classmethod
    def of(cls, score: ArrayLike, weight: ArrayLike | None = None) -> ScoredJets:
        """Take independent jets, of weight one if none is given."""
        scores = np.asarray(score, np.float64)
        ones = np.ones(len(scores))
        return cls(scores, ones if weight is None else np.asarray(weight, np.float64))


def area_under_curve(signal: ScoredJets, background: ScoredJets) -> Measured:
    """Measure the separation of two samples.

    The area is sum_ij w_i w_j [s_i > b_j] over the product of the sums of weights. Its
    variance is that of the mean of each sample's own contributions (DeLong et al.,
    Biometrics 44 (1988) 837, with weights), jets of one event taken together.

    Parameters
    ----------
    signal, background : ScoredJets

    Returns
    -------
    Measured
        The area is the probability that a signal jet scores above a background jet;
        of equal scores one half counts.

    Raises
    ------
    UserError
        A sample without jets or whose weights do not sum to more than zero, or a
        score that is NaN.

    Examples
    --------
    >>> found = area_under_curve(ScoredJets.of([2.0, 3.0]), ScoredJets.of([1.0, 2.0]))
    >>> found.value
    0.875
    """
    for name, sample in (("signal", signal), ("background", background)):
        _require_usable(name, sample)
    of_signal = _fraction_below(signal.score, background)
    of_background = 1 - _fraction_below(background.score, signal)
    value = float(np.sum(signal.weight * of_signal) / np.sum(signal.weight))
    variance = _variance(signal, of_signal - value)
    variance += _variance(background, of_background - value)
    return Measured(value, float(np.sqrt(variance)))


def area_by_label(
    scores: ArrayLike, is_signal: ArrayLike, weights: ArrayLike | None = None
) -> Measured:
    """Measure the separation of two samples that are one below the other.

    Parameters
    ----------
    scores : float, shape (events,)
    is_signal : bool, shape (events,)
    weights : float, shape (events,), optional

    Returns
    -------
    Measured

    Raises
    ------
    UserError
        As `area_under_curve`.

    Examples
    --------
    >>> area_by_label([0.1, 0.4, 0.4, 0.9], [False, False, True, True]).value
    0.875
    """
    score, signal = np.asarray(scores), np.asarray(is_signal, np.bool_)
    weight = np.ones(len(score)) if weights is None else np.asarray(weights)
    return area_under_curve(
        ScoredJets.of(score[signal], weight[signal]),
        ScoredJets.of(score[~signal], weight[~signal]),
    )


def _require_usable(name: str, sample: ScoredJets) -> None:
    total = float(np.sum(sample.weight))
    if not total > 0:
        message = (
            f"area_under_curve: the {name} needs jets of positive total weight, got "
            f"{len(sample.score)} jets of weight {total:g}"
        )
        raise UserError(message)
    if np.isnan(sample.score).any():
        message = (
            f"area_under_curve: {np.count_nonzero(np.isnan(sample.score))} scores of "
            f"the {name} are NaN; leave these jets out"
        )
        raise UserError(message)


def _fraction_below(
    score: NDArray[np.floating], other: ScoredJets
) -> NDArray[np.float64]:
    """Weighted fraction of another sample below each score, half of the equal ones."""
    order = np.argsort(other.score, kind="stable")
    summed = np.concatenate([[0.0], np.cumsum(other.weight[order], dtype=np.float64)])
    ordered = other.score[order]
    below = summed[np.searchsorted(ordered, score, "left")]
    not_above = summed[np.searchsorted(ordered, score, "right")]
    fraction: NDArray[np.float64] = (below + not_above) / (2 * summed[-1])
    return fraction


def _variance(sample: ScoredJets, deviation: NDArray[np.float64]) -> float:
    """Of the weighted mean of deviations whose mean is zero, event by event."""
    parts = sample.weight * deviation
    if sample.ids is not None:
        parts = np.bincount(same_event(sample.ids), parts).astype(np.float64)
    return float(np.sum(parts**2) / np.sum(sample.weight) ** 2)
