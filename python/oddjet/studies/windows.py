"""Signal region and sidebands of a resonant variable."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import Field, model_validator

from oddjet.runs.config import ConfigModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Columns = Mapping[str, NDArray[np.float64]]

__all__ = ["Windows"]

Window = tuple[float, float]


class Windows(ConfigModel):
    """Which events are compared; the defaults are those of m_H = 500 GeV."""

    variable: str = Field(
        "mass_hh", description="quantity that the regions are cut from"
    )
    signal_region: Window = Field((350.0, 550.0), description="from, up to")
    sidebands: tuple[Window, ...] = Field(
        ((250.0, 350.0), (550.0, 700.0)), min_length=1, description="from, up to, each"
    )

    @model_validator(mode="after")
    def _windows_are_apart(self) -> Self:
        windows = sorted([self.signal_region, *self.sidebands])
        for low, high in windows:
            if not low < high:
                message = f"must have windows that rise, got [{low:g}, {high:g}]"
                raise ValueError(message)
        for (_, high), (low, _) in pairwise(windows):
            if low < high:
                message = f"must have windows apart; two overlap at {low:g} to {high:g}"
                raise ValueError(message)
        return self

    def inside(self, columns: Columns) -> NDArray[np.bool_]:
        """Mark the events of the signal region, by the columns of a table."""
        return _between(columns[self.variable], self.signal_region)

    def beside(self, columns: Columns) -> NDArray[np.bool_]:
        """Mark the events of the sidebands."""
        values = columns[self.variable]
        found: NDArray[np.bool_] = np.any(
            [_between(values, each) for each in self.sidebands], axis=0
        )
        return found


def _between(values: NDArray[np.float64], window: Window) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (values >= window[0]) & (values < window[1])
    return found
