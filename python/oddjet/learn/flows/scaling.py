"""Features for a flow: logit to reach the whole line, then standardised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oddjet.runs.errors import UserError

__all__ = ["FeatureScaling"]

Floats = NDArray[np.float64]

# As fractions of a range. Files hold -3e-8 where 0 is meant: that is rounding.
_ROUNDING = 1e-6
# Beyond the events that a range is learnt from, on either side.
_MARGIN = 0.05


@dataclass(frozen=True)
class FeatureScaling:
    """An invertible map of features from their ranges to mean 0 and deviation 1.

    Attributes
    ----------
    low, high : float64, shape (features,)
        Open range of each feature: what is drawn never leaves it.
    mean, scale : float64, shape (features,)
        Of the logits.
    """

    low: Floats
    high: Floats
    mean: Floats
    scale: Floats

    @classmethod
    def learn(
        cls,
        features: ArrayLike,
        ranges: Sequence[tuple[float, float] | None] | None = None,
    ) -> FeatureScaling:
        """Learn the scaling from events.

        Parameters
        ----------
        features : float, shape (events, features)
        ranges : sequence of (low, high) or None, optional
            What a feature can be, such as (0, 1) for tau21; without it the range of
            these events and 5 % of it on either side.

        Returns
        -------
        FeatureScaling

        Raises
        ------
        UserError
            A feature that is the same in all events, a value outside the given range,
            or another number of ranges than of features.
        """
        table = np.asarray(features, np.float64)
        given = [None] * table.shape[1] if ranges is None else list(ranges)
        if len(given) != table.shape[1]:
            message = f"{len(given)} ranges are given for {table.shape[1]} features"
            raise UserError(message)
        low, high = table.min(axis=0), table.max(axis=0)
        if np.any(low == high):
            column = int(np.flatnonzero(low == high)[0])
            message = (
                f"feature {column} is {low[column]:g} in all {len(table)} events: a "
                "density has nothing to learn from it; leave it out"
            )
            raise UserError(message)
        margin = _MARGIN * (high - low)
        low, high = low - margin, high + margin
        for column, limits in enumerate(given):
            if limits is not None:
                low[column], high[column] = limits
        none = np.zeros(len(low))
        logits = cls(low, high, none, none + 1).forward(table)
        return cls(low, high, logits.mean(axis=0), logits.std(axis=0))

    def forward(self, features: ArrayLike) -> Floats:
        """Scale features.

        Parameters
        ----------
        features : float, shape (events, features)

        Returns
        -------
        float64, shape (events, features)

        Raises
        ------
        UserError
            A value outside its range by more than rounding (a millionth of it).
        """
        share = self._share(np.asarray(features, np.float64))
        return np.asarray((np.log(share / (1 - share)) - self.mean) / self.scale)

    def inverse(self, scaled: ArrayLike) -> Floats:
        """Give the features of scaled values, always within their ranges."""
        logits = np.asarray(scaled, np.float64) * self.scale + self.mean
        return np.asarray(self.low + (self.high - self.low) / (1 + np.exp(-logits)))

    def log_derivative(self, features: ArrayLike) -> Floats:
        """Give log |d scaled / d features| of each event, shape (events,)."""
        share = self._share(np.asarray(features, np.float64))
        widths = (self.high - self.low) * self.scale
        return np.asarray(-np.sum(np.log(share * (1 - share) * widths), axis=1))

    def _share(self, features: Floats) -> Floats:
        """Give the place within the range, kept in (0, 1)."""
        share = (features - self.low) / (self.high - self.low)
        outside = ~((share >= -_ROUNDING) & (share <= 1 + _ROUNDING))
        if outside.any():
            row, column = (int(index[0]) for index in np.nonzero(outside))
            message = (
                f"feature {column} of row {row} is {features[row, column]:g}, outside "
                f"its range of {self.low[column]:g} to {self.high[column]:g}: give the "
                "range that the feature can have"
            )
            raise UserError(message)
        return np.clip(share, _ROUNDING, 1 - _ROUNDING)
