"""What reduced precision changes: at each working point, and in the AUC."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.deploy.working_points import selected_fraction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from oddjet.deploy.working_points import WorkingPoint

__all__ = [
    "PrecisionReport",
    "WorkingPointChange",
    "area_under_curve",
    "compare_scores",
]

# What a model may change at a working point, and still be used for the other.
EFFICIENCY_CHANGE, IN_COMMON = 0.05, 0.95
# Of fewer selected events 95 % say nothing: one of them would decide.
ENOUGH_SELECTED = 100


@dataclass(frozen=True)
class WorkingPointChange:
    """What reduced precision changes at a working point, on the sample given.

    Attributes
    ----------
    name : str
    selected : int
        Events that the model selects.
    efficiency, reduced_efficiency : float
        Weighted fraction selected, before and after.
    in_common : float
        Of the weight that the model selects, the share that the reduced one does too;
        1 where it selects nothing.
    """

    name: str
    selected: int
    efficiency: float
    reduced_efficiency: float
    in_common: float

    @property
    def judged(self) -> bool:
        """Whether enough events are selected for a verdict."""
        return self.selected >= ENOUGH_SELECTED

    @property
    def acceptable(self) -> bool:
        """Whether the efficiency moves by 5 % at most, and 95 % are in common."""
        change = abs(self.reduced_efficiency - self.efficiency)
        is_close = change <= EFFICIENCY_CHANGE * self.efficiency
        return is_close and self.in_common >= IN_COMMON

    def __str__(self) -> str:
        """Write it as a line of text."""
        verdict = "fine" if self.acceptable else "not acceptable"
        if not self.judged:
            verdict = f"not judged, only {self.selected} events are selected"
        return (
            f"{self.name}: efficiency {self.efficiency:.4g}, then "
            f"{self.reduced_efficiency:.4g}; {self.in_common:.2%} in common ({verdict})"
        )


@dataclass(frozen=True)
class PrecisionReport:
    """What reduced precision changes.

    Attributes
    ----------
    precision : str
        "int8" or "fp16".
    layers : int
        Matrix products that are computed so.
    events : int
        That were compared.
    largest_change, mean_change : float
        Of the score, in absolute value.
    auc, auc_change : float
        Area under the curve of signal against background, and by how much it
        changes; NaN without labels.
    working_points : tuple of WorkingPointChange
        Those of the model.
    """

    precision: str
    layers: int
    events: int
    largest_change: float
    mean_change: float
    auc: float
    auc_change: float
    working_points: tuple[WorkingPointChange, ...]

    @property
    def unacceptable(self) -> list[WorkingPointChange]:
        """The working points that are judged and not acceptable."""
        return [p for p in self.working_points if p.judged and not p.acceptable]

    def __str__(self) -> str:
        """Write it as lines of text."""
        head = (
            f"{self.precision} in {self.layers} matrix products; on {self.events} "
            f"events scores change by {self.mean_change:.2g}, at most "
            f"{self.largest_change:.2g}"
        )
        if math.isfinite(self.auc):
            head += f"; AUC {self.auc:.4f}, change {self.auc_change:+.5f}"
        return "\n".join([head, *map(str, self.working_points)])


def compare_scores(
    before: NDArray[np.floating],
    after: NDArray[np.floating],
    points: Iterable[WorkingPoint],
    *,
    precision: str,
    layers: int,
    weight: NDArray[np.floating] | None = None,
    is_signal: NDArray[np.bool_] | None = None,
) -> PrecisionReport:
    """Compare the scores of a model with those in reduced precision.

    Parameters
    ----------
    before, after : float, shape (events,)
        Finite. A score that becomes NaN is no longer selected.
    points : iterable of WorkingPoint
    precision : str
    layers : int
    weight : float, shape (events,), optional
        Efficiencies are of the weight, and of background if there are labels.
    is_signal : bool, shape (events,), optional
        Labels.

    Returns
    -------
    PrecisionReport
    """
    weights = np.ones(len(before)) if weight is None else np.asarray(weight, np.float64)
    counted = slice(None) if is_signal is None else ~is_signal
    change = np.abs(after - before)
    auc, auc_after = math.nan, math.nan
    if is_signal is not None:
        auc, auc_after = (
            area_under_curve(score, is_signal, weights) for score in (before, after)
        )
    return PrecisionReport(
        precision=precision,
        layers=layers,
        events=len(before),
        largest_change=float(change.max()),
        mean_change=float(change.mean()),
        auc=auc,
        auc_change=auc_after - auc,
        working_points=tuple(
            _change(
                point.name,
                before[counted] > point.threshold,
                after[counted] > point.threshold,
                weights[counted],
            )
            for point in points
        ),
    )


def area_under_curve(
    score: NDArray[np.floating],
    is_signal: NDArray[np.bool_],
    weight: NDArray[np.floating],
) -> float:
    """Give the chance that a signal event scores above a background event.

    Equal scores count as half; NaN without one of the classes.

    Examples
    --------
    >>> score, is_signal = np.array([0.1, 0.9, 0.5, 0.5]), np.array([0, 1, 1, 0], bool)
    >>> area_under_curve(score, is_signal, np.ones(4))
    0.875
    """
    levels, place = np.unique(score, return_inverse=True)
    signal, background = (
        np.bincount(place, np.where(chosen, weight, 0.0), len(levels))
        for chosen in (is_signal, ~is_signal)
    )
    below = np.cumsum(background) - background / 2
    total = signal.sum() * background.sum()
    return float(signal @ below / total) if total else math.nan


def _change(
    name: str,
    before: NDArray[np.bool_],
    after: NDArray[np.bool_],
    weight: NDArray[np.floating],
) -> WorkingPointChange:
    selected = float(weight[before].sum())
    both = float(weight[before & after].sum())
    return WorkingPointChange(
        name=name,
        selected=int(before.sum()),
        efficiency=selected_fraction(before, weight)[0],
        reduced_efficiency=selected_fraction(after, weight)[0],
        in_common=both / selected if selected else 1.0,
    )
