"""The events of a table, by the layout of its format."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property

import awkward as ak
import numpy as np

from oddjet.io.readers.damage import damage_named
from oddjet.io.readers.layout import Field, Layout, branches_of, built
from oddjet.io.readers.source import EventSource, UnknownColumn, unknown_column
from oddjet.io.readers.table import Table
from oddjet.runs.errors import UserError

# Fields whose first values identify a file: small ones, and in every chain.
_IDENTIFYING = ("weight", "id", "met", "jets.pt", "fat_jets.pt", "leptons.pt")
# Particles are many; their first values are read only where there is nothing else.
_PARTICLES = ("particles.pt", "particles.px")
_IDENTIFYING_ROWS = 16


class TableEvents(EventSource):
    """The events of a table, by the layout of its format.

    Parameters
    ----------
    table : Table
        Closed with the source.
    layout : Layout
    format : str
        Name of the format.
    """

    def __init__(self, table: Table, layout: Layout, *, format: str) -> None:
        self.table = layout.table or table
        self.layout = layout
        self.path = table.path
        self.format = format
        self.num_events = table.num_rows
        self.columns = [*layout.collections]
        for name in ("weight", "id"):
            if name not in self.columns:
                self.columns.append(name)
        self.role = layout.role
        self.records_role = layout.records_role

    def close(self) -> None:
        """Give the file back."""
        self.table.close()

    def stored_array(
        self, start: int, stop: int, columns: Sequence[str] | None = None
    ) -> ak.Array:
        """Read entries [start, stop), mapped to the event model."""
        try:
            fields = self.layout.chosen(columns)
        except KeyError as error:
            raise self._no_column(str(error.args[0])) from None
        arrays = self.table.read(branches_of(fields), start, stop)
        try:
            return built(fields, arrays, stop - start)
        except ValueError as error:
            place = f"entries {start} to {stop - 1} of {self.table}"
            message = f"{place} do not fit together ({error}); write the file again"
            raise UserError(message) from error

    def doubts(self) -> list[str]:
        """List what an analyst should know before using the events."""
        return list(self.layout.doubts())

    def bytes_per_event(self, columns: Sequence[str] | None = None) -> float:
        """Estimate the memory of an event from the sizes of its branches."""
        try:
            fields = self.layout.chosen(columns)
        except KeyError as error:
            raise self._no_column(str(error.args[0])) from None
        return self.table.bytes_per_row(branches_of(fields))

    @cached_property
    def fingerprint(self) -> int:
        """Identify the content by its number of rows, its fields and its first rows.

        It keeps the events of files apart and survives a copy or another
        compression; it is no proof of content, which is `source_digest`. `truth`
        has no part in it.
        """
        fields = self._named(_IDENTIFYING)
        if not any(name.startswith(("met", "jets", "fat_jets")) for name in fields):
            fields |= self._named(_PARTICLES)
        names = [f.name for f in self.layout.fields if not f.belongs_to("truth")]
        rows = min(self.num_events, _IDENTIFYING_ROWS)
        result = hashlib.sha256(repr((self.num_events, sorted(names))).encode())
        if fields:
            chosen = list(fields.values())
            arrays = self.table.read(branches_of(chosen), 0, rows)
            with damage_named(self.path):
                array = ak.to_packed(built(chosen, arrays, rows))
            form, _, buffers = ak.to_buffers(array)
            result.update(str(form.type).encode())
            for key in sorted(buffers):
                result.update(np.ascontiguousarray(buffers[key]).data)
        return int.from_bytes(result.digest()[:8], "big")

    def _named(self, columns: Sequence[str]) -> dict[str, Field]:
        return {
            item.name: item
            for item in self.layout.fields
            if any(item.belongs_to(column) for column in columns)
        }

    def _no_column(self, name: str) -> UnknownColumn:
        collection = name.partition(".")[0]
        if collection not in self.columns and collection in self.layout.absent:
            message = (
                f"{self.table} has no {collection!r}: it lacks the branches"
                f" {self.layout.absent[collection]} (it has {', '.join(self.columns)})"
            )
            return UnknownColumn(message)
        return unknown_column(self.path, name, self.columns)
