"""What every reader offers: one open file of events."""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

import awkward as ak
import numpy as np

from oddjet.events import Events, Role
from oddjet.events.layouts import record_of
from oddjet.io.paths import Location
from oddjet.io.readers.damage import damage_named
from oddjet.runs.errors import UserError

#: What the identity of an event and every sum need, whatever columns are chosen.
ALWAYS = ("weight", "id")


class EventSource(ABC):
    """One open file of events; use it as a context manager.

    A reader maps its file to the event model and does nothing else: it
    implements `stored_array`, and the rest follows.

    Attributes
    ----------
    path : Path or Remote
    format : str
        Name of the format.
    num_events : int
    columns : list of str
        The collections that the file can give.
    role : "data", "pseudo-data" or "mc"
        What the file says it is; "data", which stays blind, where it does not.
    records_role : bool
        Whether the file says so.
    incomplete : str or None
        A sentence, if the file ends early but has whole events, which can be read.
    """

    path: Location
    format: str
    num_events: int
    columns: list[str]
    role: Role = "data"
    records_role: bool = False
    incomplete: str | None = None

    @abstractmethod
    def stored_array(
        self, start: int, stop: int, columns: Sequence[str] | None = None
    ) -> ak.Array:
        """Read entries [start, stop) as the file has them, without ids and checks."""

    def doubts(self) -> list[str]:
        """List what an analyst should know before using the events."""
        return []

    @abstractmethod
    def bytes_per_event(self, columns: Sequence[str] | None = None) -> float:
        """Estimate the memory of an event; never depends on the chunks asked for."""

    @property
    @abstractmethod
    def fingerprint(self) -> int:
        """Identify the content, in 64 bits that `truth` cannot change: `id.file`."""

    @abstractmethod
    def close(self) -> None:
        """Give the file back."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def read(
        self,
        start: int,
        stop: int,
        columns: Sequence[str] | None = None,
        *,
        check: bool = True,
    ) -> Events:
        """Read the events of entries [start, stop), with their ids.

        What is outside the range, and columns not asked for, are not read.

        Parameters
        ----------
        start, stop : int
            0 <= start <= stop <= num_events.
        columns : sequence of str, optional
            Collections or fields ("met", "particles.pt"); `weight` and `id`
            always come along.
        check : bool
            Raise at a momentum that is not finite or negative; without, it is
            handed on as it is.

        Returns
        -------
        Events

        Raises
        ------
        UserError
            An unknown column, damaged data, or a momentum that is not finite or
            negative.
        """
        return self._events(self.stored_array(start, stop, columns), start, check)

    def chunks(
        self,
        num_events: int,
        columns: Sequence[str] | None = None,
        *,
        check: bool = True,
    ) -> Iterator[Events]:
        """Read the whole file in chunks of `num_events`; arguments as in `read`."""
        start = 0
        for block in self.stored_chunks(num_events, columns):
            yield self._events(block, start, check)
            start += len(block)

    def stored_chunks(
        self, num_events: int, columns: Sequence[str] | None = None
    ) -> Iterator[ak.Array]:
        """Read the whole file as stored, in chunks of exactly `num_events`."""
        for start in range(0, self.num_events, num_events):
            stop = min(start + num_events, self.num_events)
            yield self.stored_array(start, stop, columns)

    def _events(self, array: ak.Array, start: int, check: bool) -> Events:
        with damage_named(self.path):
            fingerprint = self.fingerprint
        stored = ak.to_layout(array)
        columns = {name: stored[name] for name in array.fields}
        ids = {}
        if "id" in columns:
            ids = {name: columns["id"][name] for name in columns["id"].fields}
        if not {"file", "entry"} <= ids.keys():  # kept from the file before this one
            ids["file"] = np.full(len(array), fingerprint, np.uint64)
            ids["entry"] = np.arange(start, start + len(array))
        # A flipped bit in a footer may rename a coordinate, which vector refuses.
        with damage_named(self.path):
            columns["id"] = record_of(ids, len(array))
            records = ak.Array(record_of(columns, len(array)))
            events = Events.unchecked(records, role=self.role)
        return events.check(source=str(self.path)) if check else events


class UnknownColumn(UserError):
    """A column that a file cannot give, which is no damage of the file."""


def unknown_column(path: Location, name: str, have: Sequence[str]) -> UnknownColumn:
    """Make the error for a column that a file cannot give."""
    near = difflib.get_close_matches(name, have, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    message = f"{path} has no column {name!r} (it has {', '.join(have)}){hint}"
    return UnknownColumn(message)
