"""How many events, and how much weight, each cut leaves."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, fields
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import ArrayLike, NDArray

from oddjet.events.missing import materialised

#: One bool an event, of the events that are left.
Cut = Callable[[ak.Array], ak.Array]


@dataclass(frozen=True)
class CutRow:
    """What is left after one cut.

    Attributes
    ----------
    name : str
        The cut, readable, such as "MET > 250 GeV".
    events : int
    sum_weights, sum_weights_squared : float
        Over these events. Weights may be negative.
    """

    name: str
    events: int
    sum_weights: float
    sum_weights_squared: float


@dataclass(frozen=True)
class CutFlow:
    """The cuts in the order in which they were applied, all events first.

    Cut flows of the same cuts on several chunks of events add up.

    Examples
    --------
    >>> flow = CutFlow((CutRow("all events", 4, 2.0, 1.5), CutRow("MET", 1, 0.5, 0.25)))
    >>> (flow + flow).rows[1].events, flow.efficiencies
    (2, (1.0, 0.25))
    """

    rows: tuple[CutRow, ...]

    @property
    def efficiencies(self) -> tuple[float, ...]:
        """The weight left after each cut over that of all events; NaN over zero."""
        total = self.rows[0].sum_weights
        return tuple(
            row.sum_weights / total if total else float("nan") for row in self.rows
        )

    def __add__(self, other: CutFlow) -> CutFlow:
        """Merge the cut flows of two chunks.

        Raises
        ------
        ValueError
            The cuts differ.
        """
        if not isinstance(other, CutFlow):
            return NotImplemented
        names = [row.name for row in self.rows]
        others = [row.name for row in other.rows]
        if names != others:
            message = f"CutFlow: the cuts differ, {names} and {others}"
            raise ValueError(message)
        pairs = zip(self.rows, other.rows, strict=True)
        return CutFlow(tuple(_sum(left, right) for left, right in pairs))

    def __str__(self) -> str:
        """Write a table for people: each cut with what it leaves."""
        width = max(len(row.name) for row in self.rows)
        lines = [f"{'cut':{width}}  {'events':>10}  {'weighted':>12}  {'left':>8}"]
        for row, efficiency in zip(self.rows, self.efficiencies, strict=True):
            lines.append(
                f"{row.name:{width}}  {row.events:>10,}  {row.sum_weights:>12,.6g}"
                f"  {efficiency:>8.2%}"
            )
        return "\n".join(lines)

    def to_csv(self) -> str:
        """Write a table that `from_csv` reads back without loss."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(astuple(row) for row in self.rows)
        return text.getvalue()

    @classmethod
    def from_csv(cls, text: str) -> CutFlow:
        """Read what `to_csv` wrote.

        Raises
        ------
        ValueError
            Another header, or a row that is not a name and three numbers.
        """
        header, *rows = csv.reader(io.StringIO(text))
        if header != _COLUMNS:
            message = f"CutFlow: the header must be {_COLUMNS}, got {header}"
            raise ValueError(message)
        return cls(
            tuple(
                CutRow(name, int(events), float(weights), float(squared))
                for name, events, weights, squared in rows
            )
        )


_COLUMNS = [field.name for field in fields(CutRow)]


def _sum(left: CutRow, right: CutRow) -> CutRow:
    return CutRow(
        left.name,
        left.events + right.events,
        left.sum_weights + right.sum_weights,
        left.sum_weights_squared + right.sum_weights_squared,
    )


class CutSequence:
    """Cuts applied one after the other to the events that are left.

    Parameters
    ----------
    weights : float, shape (events,)
        Weights of all events.

    Attributes
    ----------
    mask : bool, shape (events,)
        The events that are left.

    Examples
    --------
    >>> met = np.array([300.0, 100.0, 400.0])
    >>> sequence = CutSequence(np.ones(3))
    >>> left = met[sequence.apply("MET > 250 GeV", met > 250)]
    >>> left = left[sequence.apply("MET > 350 GeV", left > 350)]
    >>> sequence.mask, [row.events for row in sequence.cutflow.rows]
    (array([False, False,  True]), [3, 2, 1])
    """

    def __init__(self, weights: ArrayLike) -> None:
        self._weights = np.asarray(weights, np.float64)
        self._rows = [self._row("all events", self._weights)]
        self.mask = np.ones(len(self._weights), bool)

    def apply(self, name: str, passed: Any) -> NDArray[np.bool_]:
        """Keep the events that pass.

        Parameters
        ----------
        name : str
            Of the row in the cut flow.
        passed : bool, shape (events that are left,)

        Returns
        -------
        bool, the same shape
            `passed` as an array, to cut whatever belongs to these events.

        Raises
        ------
        UserError
            A None among them; what is missing is neither kept nor dropped in silence.
        """
        kept = np.asarray(materialised(ak.to_layout(passed), name).data, bool)
        self.mask[self.mask] = kept
        self._rows.append(self._row(name, self._weights[self.mask]))
        return kept

    def apply_each(self, left: ak.Array, cuts: Mapping[str, Cut]) -> ak.Array:
        """Apply several cuts in order, each to what the ones before have left.

        Parameters
        ----------
        left : awkward array, shape (events that are left,)
        cuts : mapping of name to callable
            Each takes the events that are left and gives one bool an event.

        Returns
        -------
        awkward array
            What passes all of them.

        Examples
        --------
        >>> sequence = CutSequence(np.ones(3))
        >>> met = ak.Array([300.0, 100.0, 400.0])
        >>> cuts = {"MET > 250": lambda m: m > 250, "MET < 350": lambda m: m < 350}
        >>> sequence.apply_each(met, cuts).to_list()
        [300.0]
        """
        for name, passes in cuts.items():
            left = left[self.apply(name, passes(left))]
        return left

    def apply_weighted(self, name: str, probability: NDArray[np.float64]) -> None:
        """Keep the events that may pass, each with its probability as a weight.

        Parameters
        ----------
        name : str
            Of the row in the cut flow.
        probability : float64, shape (events that are left,)
            To pass; an event with zero is dropped.
        """
        self._weights = self._weights.copy()
        self._weights[self.mask] *= probability
        self.apply(name, probability > 0)

    @property
    def cutflow(self) -> CutFlow:
        """The cut flow so far."""
        return CutFlow(tuple(self._rows))

    @staticmethod
    def _row(name: str, weights: NDArray[np.float64]) -> CutRow:
        squared = float(np.sum(weights**2))
        return CutRow(name, len(weights), float(np.sum(weights)), squared)
