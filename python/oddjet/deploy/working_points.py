"""Named cuts on a score, and what is known about them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.runs.errors import UserError
from oddjet.runs.key_values import key_value_text, parse_key_values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = [
    "LIMIT_CONFIDENCE",
    "WorkingPoint",
    "measured_working_points",
    "parse_working_points",
    "remeasured",
    "selected_fraction",
    "working_points_text",
]

#: Of the upper limit on an efficiency where no event passes.
LIMIT_CONFIDENCE = 0.95


@dataclass(frozen=True)
class WorkingPoint:
    """A cut on `score`: an event is selected if its score is above the threshold.

    Attributes
    ----------
    name : str
        Letters, digits, ``-`` and ``_``.
    threshold : float
    efficiency : float
        Weighted fraction of the events of a sample that are selected; NaN where
        nobody has measured it.
    uncertainty : float
        Its statistical standard error; where the efficiency is 0, its upper limit at
        95 % confidence.
    measured_on : str
        That sample, in words; no path.

    Raises
    ------
    ValueError
        A name with other characters, or a threshold that is not finite.
    """

    name: str
    threshold: float
    efficiency: float
    uncertainty: float
    measured_on: str

    def __post_init__(self) -> None:
        """Refuse a name that C++ or a command line could not carry."""
        bare = self.name.replace("-", "").replace("_", "")
        if not (bare.isascii() and bare.isalnum()):
            message = (
                f"a working point is named by letters, digits, - and _, "
                f"got {self.name!r}"
            )
            raise ValueError(message)
        if not math.isfinite(self.threshold):
            message = f"the threshold of {self.name!r} is {self.threshold}"
            raise ValueError(message)


def measured_working_points(
    efficiencies: Iterable[float],
    score: NDArray[np.floating],
    weight: NDArray[np.floating],
    *,
    measured_on: str,
) -> list[WorkingPoint]:
    """Cut where a calibrated score promises an efficiency, and measure what passes.

    Parameters
    ----------
    efficiencies : iterable of float
        Fractions of control events wanted; the cut is at their -log10. They name the
        points: 0.01 is "1e-2".
    score : float, shape (events,)
        Of control events that had no part in training or calibration. NaN is not
        selected.
    weight : float, shape (events,)
    measured_on : str
        What these events are, in words.

    Returns
    -------
    list of WorkingPoint
        Without events, their efficiencies are NaN. Where no event passes, the upper
        limit is 1 - 0.05^(1/n), with n = (sum w)^2 / sum w^2.

    Examples
    --------
    >>> score = np.array([0.2, 1.5, 2.5, 0.1])
    >>> (point,) = measured_working_points([0.1], score, np.ones(4), measured_on="four")
    >>> point.name, point.threshold, point.efficiency
    ('1e-1', 1.0, 0.5)
    """
    points = []
    for wanted in efficiencies:
        threshold = -math.log10(wanted)
        measured = selected_fraction(score > threshold, weight)
        mantissa, _, exponent = f"{wanted:e}".partition("e")
        name = f"{float(mantissa):g}e{int(exponent)}".replace(".", "_")
        points.append(WorkingPoint(name, threshold, *measured, measured_on))
    return points


def remeasured(
    points: Iterable[WorkingPoint],
    score: NDArray[np.floating],
    weight: NDArray[np.floating],
    *,
    measured_on: str,
) -> list[WorkingPoint]:
    """Give working points their efficiencies in another sample; thresholds stay.

    Parameters
    ----------
    points : iterable of WorkingPoint
    score : float, shape (events,)
    weight : float, shape (events,)
    measured_on : str
        What these events are, in words.

    Returns
    -------
    list of WorkingPoint
    """
    return [
        WorkingPoint(
            point.name,
            point.threshold,
            *selected_fraction(score > point.threshold, weight),
            measured_on,
        )
        for point in points
    ]


def selected_fraction(
    selected: NDArray[np.bool_],
    weight: NDArray[np.floating],
    source: NDArray[np.integer] | None = None,
) -> tuple[float, float]:
    """Give the weighted fraction of events that is selected, and its standard error.

    Both are NaN where the weights do not sum to more than zero; where no event is
    selected, the second number is an upper limit.

    Parameters
    ----------
    selected : bool, shape (events,)
    weight : float, shape (events,)
    source : int, shape (events,), optional
        Equal for copies of an event, which vary together; without, there are none.

    Returns
    -------
    fraction, uncertainty : float

    Examples
    --------
    >>> selected_fraction(np.array([True, False, True, True]), np.ones(4))[0]
    0.75
    """
    weights = np.asarray(weight, np.float64)
    total = weights.sum()
    if not total > 0:
        return math.nan, math.nan
    fraction = float(weights[selected].sum() / total)
    return fraction, _uncertainty(weights, selected, fraction, source)


def _uncertainty(
    weights: NDArray[np.float64],
    passed: NDArray[np.bool_],
    efficiency: float,
    source: NDArray[np.integer] | None,
) -> float:
    """Give the standard error, or an upper limit where no event passes."""
    total = weights.sum()
    if not passed.any():
        effective = float(total**2 / np.square(_by_source(weights, source)).sum())
        return -math.expm1(math.log(1 - LIMIT_CONFIDENCE) / effective)
    # The error of a ratio of weighted counts: the part that passes is in both.
    spread = _by_source(weights * (passed - efficiency), source)
    return float(np.sqrt(np.square(spread).sum()) / total)


def _by_source(
    values: NDArray[np.float64], source: NDArray[np.integer] | None
) -> NDArray[np.float64]:
    """Add up what belongs to one event."""
    if source is None:
        return values
    _, place = np.unique(source, return_inverse=True)
    return np.bincount(place.ravel(), values).astype(np.float64)


def working_points_text(points: Iterable[WorkingPoint]) -> str:
    """Write working points as `key = value` lines, ``NAME.threshold = 2.0`` first.

    Raises
    ------
    UserError
        Two of one name.
    """
    facts = [
        (
            point.name,
            {
                "threshold": repr(float(point.threshold)),
                "efficiency": repr(float(point.efficiency)),
                "uncertainty": repr(float(point.uncertainty)),
                "measured_on": point.measured_on,
            },
        )
        for point in points
    ]
    if len({name for name, _ in facts}) < len(facts):
        names = ", ".join(name for name, _ in facts)
        message = f"two working points have one name: {names}"
        raise UserError(message)
    return key_value_text(dict(facts))


def parse_working_points(text: str) -> dict[str, WorkingPoint]:
    """Read what `working_points_text` wrote, by name.

    Raises
    ------
    ValueError
        A line that is none of a working point, or a point that lacks one.
    """
    facts: dict[str, dict[str, str]] = {}
    for key, value in parse_key_values(text).items():
        name, _, entry = key.partition(".")
        facts.setdefault(name, {})[entry] = value
    points = {}
    for name, entries in facts.items():
        wanted = {"threshold", "efficiency", "uncertainty", "measured_on"}
        if entries.keys() != wanted:
            message = f"the working point {name!r} has {', '.join(entries)}"
            raise ValueError(message)
        numbers = (float(entries[key]) for key in sorted(wanted - {"measured_on"}))
        efficiency, threshold, uncertainty = numbers
        points[name] = WorkingPoint(
            name, threshold, efficiency, uncertainty, entries["measured_on"]
        )
    return points
