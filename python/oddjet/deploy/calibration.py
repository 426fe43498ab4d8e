"""Calibrated scores: from a raw output to the fraction of control events above it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CalibrationTable"]

MAX_KNOTS = 512
# Above the highest control event the curve goes on as a straight line. Its slope is
# taken over this many events: fewer follow one fluctuation, more leave the tail.
TAIL_EVENTS = 32


@dataclass(frozen=True)
class CalibrationTable:
    """A strictly increasing piecewise linear function of a network's raw output.

    Its value is -log10((above + 1) / (N + 1)): of N held-out control events a
    fraction of about 10^-value has a higher output. 2 means "one in a hundred".

    Attributes
    ----------
    raw : float64, shape (knots,)
        Raw outputs, strictly increasing.
    value : float64, shape (knots,)
        Calibrated score at each, strictly increasing.
    slope : float64, shape (knots + 1,)
        Slope below the first knot, between knots, and above the last; positive.
    """

    raw: NDArray[np.float64]
    value: NDArray[np.float64]
    slope: NDArray[np.float64]

    @classmethod
    def from_control(
        cls, raw: NDArray[np.floating], weight: NDArray[np.floating] | None = None
    ) -> CalibrationTable:
        """Measure the function on control events that the network never saw.

        Parameters
        ----------
        raw : float, shape (events,)
            Raw outputs of the held-out control events.
        weight : float, shape (events,), optional
            Event weights; they are scaled to sum to N, so that "+ 1" means one
            average event. Negative ones are allowed, their sum must be positive.

        Returns
        -------
        CalibrationTable
            At most 512 knots, at ranks that grow geometrically away from the top:
            the highest events are all knots.

        Raises
        ------
        UserError
            Fewer than two different raw outputs, one that is not finite, or weights
            that do not sum to more than zero.
        """
        outputs = np.asarray(raw, np.float64)
        weights = np.ones(len(outputs)) if weight is None else weight.astype(np.float64)
        _require_finite(outputs)
        if not weights.sum() > 0:
            raise _too_few(weights)
        order = np.argsort(-outputs, kind="stable")
        scaled = weights[order] * (len(outputs) / weights.sum())
        knots, first = np.unique(-outputs[order], return_index=True)
        above = np.concatenate([[0.0], np.cumsum(scaled)])[first]
        # Negative weights may make the sum fall: it is held until it grows again.
        above = np.maximum.accumulate(above)
        value = -np.log10((above + 1) / (len(outputs) + 1))
        kept = _spread(np.flatnonzero(np.diff(above, prepend=-1) > 0))
        if len(kept) < 2:
            raise _too_few(weights)
        return cls._through(-knots[kept][::-1], value[kept][::-1])

    @classmethod
    def matching(
        cls,
        raw: NDArray[np.floating],
        score: NDArray[np.floating],
        weight: NDArray[np.floating] | None = None,
    ) -> CalibrationTable:
        """Bring raw outputs to the scale of another model's calibrated scores.

        Of the events given, as many (by weight) lie above a value of the one as of
        the other: thresholds mean the same selected fraction.

        Parameters
        ----------
        raw : float, shape (events,)
            Outputs of the model to calibrate, on events that it never saw.
        score : float, shape (events,)
            Scores that the other model gives to the same events.
        weight : float, shape (events,), optional
            Event weights; negative ones are allowed, their sum must be positive.

        Returns
        -------
        CalibrationTable
            At most 512 knots, spread as in `from_control`.

        Raises
        ------
        UserError
            As `from_control`.
        """
        outputs, scores = np.asarray(raw, np.float64), np.asarray(score, np.float64)
        weights = np.ones(len(outputs)) if weight is None else weight.astype(np.float64)
        _require_finite(outputs)
        if not weights.sum() > 0:
            raise _too_few(weights)
        order, other = (np.argsort(-x, kind="stable") for x in (outputs, scores))
        knots, first = np.unique(-outputs[order], return_index=True)
        above, above_score = (
            np.maximum.accumulate(np.cumsum(weights[o])) for o in (order, other)
        )
        value = np.interp(above[first], above_score, scores[other])
        # Equal scores of the other model leave no order: of them one knot stays.
        kept = _spread(np.flatnonzero(np.diff(value, prepend=np.inf) < 0))
        if len(kept) < 2:
            raise _too_few(weights)
        return cls._through(-knots[kept][::-1], value[kept][::-1])

    def moved(self, raw: NDArray[np.float64]) -> CalibrationTable:
        """Give the same values to other raw outputs.

        Parameters
        ----------
        raw : float64, shape (knots,)
            Ascending; of equal ones the last counts.
        """
        kept = np.flatnonzero(np.diff(raw, append=np.inf) > 0)
        return self._through(raw[kept], self.value[kept])

    @classmethod
    def _through(
        cls, raw: NDArray[np.float64], value: NDArray[np.float64]
    ) -> CalibrationTable:
        slope = np.diff(value) / np.diff(raw)
        tail = max(-len(raw), -TAIL_EVENTS)
        top = (value[-1] - value[tail]) / (raw[-1] - raw[tail])
        return cls(raw, value, np.concatenate([slope[:1], slope, [top]]))

    def __call__(self, raw: NDArray[np.floating]) -> NDArray[np.float64]:
        """Calibrate raw outputs, in double precision.

        Parameters
        ----------
        raw : float, any shape

        Returns
        -------
        float64, same shape
        """
        raw = np.asarray(raw, np.float64)
        segment = np.searchsorted(self.raw, raw, side="right")
        anchor = np.maximum(segment - 1, 0)
        offset = raw - self.raw[anchor]
        result: NDArray[np.float64] = self.value[anchor] + self.slope[segment] * offset
        return result


def _require_finite(raw: NDArray[np.float64]) -> None:
    if not np.isfinite(raw).all():
        event = int(np.flatnonzero(~np.isfinite(raw))[0])
        message = f"calibration: the output for control event {event} is {raw[event]}"
        raise UserError(message)


def _too_few(weight: NDArray[np.float64]) -> UserError:
    return UserError(
        "calibration needs at least two control events of different score and "
        f"positive total weight in every fold, got {len(weight)} events of total "
        f"weight {weight.sum():g}; use fewer folds or more control events"
    )


def _spread(ranks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Choose at most `MAX_KNOTS` of the ranks, the top and the bottom among them."""
    if len(ranks) <= MAX_KNOTS:
        return ranks
    positions = np.geomspace(1, len(ranks), MAX_KNOTS) - 1
    # Where geometric steps are below one, they would repeat ranks: every one, then.
    positions = np.maximum(np.round(positions), np.arange(MAX_KNOTS)).astype(np.int64)
    chosen: NDArray[np.int64] = ranks[positions]
    return chosen
