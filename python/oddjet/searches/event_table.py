"""Events as a table of numbers: what the classifiers of a study are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["EventTable", "read_event_table", "refuse_copies", "write_event_table"]

_WEIGHT, _SOURCE = "weight", "source"


@dataclass(frozen=True)
class EventTable:
    """Named quantities of events.

    Attributes
    ----------
    columns : dict of name to float64, shape (events,)
    weights : float64, shape (events,)
    source : uint64, shape (events,)
        Where the event came from; copies of an event share it.
    """

    columns: dict[str, NDArray[np.float64]]
    weights: NDArray[np.float64]
    source: NDArray[np.uint64]

    def __len__(self) -> int:
        """Count the events."""
        return len(self.weights)

    def __getitem__(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> EventTable:
        """Select events."""
        columns = {name: column[chosen] for name, column in self.columns.items()}
        return EventTable(columns, self.weights[chosen], self.source[chosen])

    def features(self, names: Sequence[str]) -> NDArray[np.float32]:
        """Give the inputs of a classifier, shape (events, features)."""
        return np.stack([self.columns[name] for name in names], axis=1).astype(
            np.float32
        )

    def require(
        self, names: Sequence[str], *, where: str, copies: bool = False
    ) -> EventTable:
        """Check that quantities are there and finite, and events are not repeated.

        Parameters
        ----------
        names : sequence of str
        where : str
            What the table holds, for the message.
        copies : bool
            Whether several events may have one source: several measurements of a
            generated one, which the caller keeps together.

        Returns
        -------
        EventTable
            Itself.

        Raises
        ------
        UserError
            A quantity is absent or not finite; or several events have one source, as
            in a sample that was augmented before it is split: the copies of an event
            would train and test the same network.
        """
        self.require_columns(names, where=where)
        for name in names:
            finite = np.isfinite(self.columns[name])
            if not finite.all():
                row = int(np.argmin(finite))
                message = (
                    f"{name} of event {row} of {where} is {self.columns[name][row]}; "
                    "leave such events out"
                )
                raise UserError(message)
        if not copies:
            refuse_copies(self.source, where)
        return self

    def require_columns(self, names: Sequence[str], *, where: str) -> None:
        """Check that quantities are there; a UserError names one that is not."""
        for name in names:
            if name not in self.columns:
                message = (
                    f"{where} have no quantity {name}; they have "
                    f"{', '.join(self.columns)}"
                )
                raise UserError(message)

    @staticmethod
    def concatenate(parts: Sequence[EventTable]) -> EventTable:
        """Put tables of the same columns one below the other; at least one."""
        names = list(parts[0].columns)
        return EventTable(
            {name: np.concatenate([p.columns[name] for p in parts]) for name in names},
            np.concatenate([part.weights for part in parts]),
            np.concatenate([part.source for part in parts]),
        )


def refuse_copies(source: NDArray[np.uint64], where: str) -> None:
    """Refuse events that share a source: a sample that was augmented before a split.

    Parameters
    ----------
    source : uint64, shape (events,)
    where : str
        What the sample holds, for the message.

    Raises
    ------
    UserError
        Two events have one source.
    """
    repeated = len(source) - len(np.unique(source))
    if repeated:
        message = (
            f"{repeated} events of {where} are copies of others, augmented or measured "
            "several times (--responses); give each event once: studies make copies "
            "after the split"
        )
        raise UserError(message)


def write_event_table(path: Path, table: EventTable) -> None:
    """Write a table as Parquet, a column a quantity, `weight` and `source`."""
    columns = {**table.columns, _WEIGHT: table.weights, _SOURCE: table.source}
    pq.write_table(pa.table(columns), path, compression="zstd")


def read_event_table(path: Path) -> EventTable:
    """Read what `write_event_table` wrote."""
    table = pq.read_table(path)
    columns = {name: table[name].to_numpy() for name in table.column_names}
    weights, source = columns.pop(_WEIGHT), columns.pop(_SOURCE)
    return EventTable(columns, weights, source)
