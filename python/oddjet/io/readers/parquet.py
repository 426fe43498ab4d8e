"""Events from Parquet, whoever wrote it, in bounded memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, cast

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from oddjet.events import Role
from oddjet.io.paths import Location, Remote, open_binary
from oddjet.io.readers.source import ALWAYS, EventSource, unknown_column
from oddjet.io.schema import METADATA_KEY, SCHEMA_VERSION
from oddjet.runs.errors import UserError

# Levels that Parquet puts between a list and its items; not names of fields.
_LIST_LEVELS = frozenset(("list", "element", "item", "bag", "array", "array_element"))
# A rough size for text keeps the estimate independent of how a file is encoded.
_BYTES_PER_VALUE = {"BOOLEAN": 1, "INT32": 4, "FLOAT": 4}
_OTHER_BYTES_PER_VALUE = 8
# Streams a column chunk instead of holding it where row groups are large: those of
# others may be huge, and of small ones the stream would be one more copy.
_READ_AHEAD_BYTES = 1 << 20
_HELD_BYTES = 32 << 20
_BATCH_EVENTS = 1024


class ParquetEvents(EventSource):
    """One open Parquet file of events; use it as a context manager.

    Parameters
    ----------
    path : Path or Remote
        An existing file.

    Attributes
    ----------
    num_events : int
    columns : list of str
        The stored collections.
    role : "data", "pseudo-data" or "mc"
        As recorded by oddjet; "data", which stays blind, where it is not.
    records_role : bool
        Whether oddjet wrote the file and so recorded the role.

    Raises
    ------
    UserError
        Empty, truncated, not Parquet, newer than this oddjet, or without
        `particles` if oddjet did not write it.
    """

    format = "parquet"

    def __init__(self, path: Location) -> None:
        self.path = path
        check_magic(path)
        with damage_named(path):
            self._file = opened(path)
            self.num_events = self._file.metadata.num_rows
            self.columns = list(self._file.schema_arrow.names)
            self.role = self._recorded_role()
            metadata = self._file.schema_arrow.metadata or {}
            self.records_role = METADATA_KEY in metadata

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def stored_array(
        self, start: int, stop: int, columns: Sequence[str] | None = None
    ) -> ak.Array:
        """Read entries [start, stop) as they are stored, without ids and checks."""
        with damage_named(self.path):
            groups, entry = row_groups_of(self._file, start, stop)
            parts = []
            for batch in self._batches(columns, groups):
                begin, end = max(start - entry, 0), min(stop - entry, len(batch))
                if begin < end:
                    parts.append(batch.slice(begin, end - begin))
                entry += len(batch)
            if not parts:
                empty = self._file.read_row_groups([], columns=self._leaves(columns))
                return ak.from_arrow(empty)
            return ak.to_packed(ak.from_arrow(pa.Table.from_batches(parts)))

    def stored_chunks(
        self, num_events: int, columns: Sequence[str] | None = None
    ) -> Iterator[ak.Array]:
        """Read the whole file as stored, in chunks of exactly `num_events`."""
        groups = list(range(self._file.metadata.num_row_groups))
        for batches in _blocks(self._batches(columns, groups), num_events):
            # One conversion a block: that of each batch costs as much.
            with damage_named(self.path):
                table = pa.Table.from_batches(batches).combine_chunks()
                block = ak.to_packed(ak.from_arrow(table))
            yield block

    def bytes_per_event(self, columns: Sequence[str] | None = None) -> float:
        """Estimate the memory of an event from the footer, `truth` not counted."""
        with damage_named(self.path):
            leaves = set(self._leaves(columns))
            total = 0
            for column in self._column_chunks():
                if column.path_in_schema in leaves:
                    total += bytes_per_value(column) * column.num_values
        return total / max(1, self.num_events)

    @cached_property
    def fingerprint(self) -> int:
        """Identify the content by its footer: what `id.file` is.

        Counts and extremes of every column but `truth`, so it needs no data, and
        neither truth, compression nor row groups change it. It keeps the events of
        files apart; it is no proof of content, which is `source_digest`.
        """
        summary: dict[str, list[Any]] = {}
        for column in self._column_chunks():
            name = _dotted(column.path_in_schema)
            values, low, high = summary.get(name, [0, None, None])
            statistics = column.statistics
            if statistics is not None and statistics.has_min_max:
                low = statistics.min if low is None else min(low, statistics.min)
                high = statistics.max if high is None else max(high, statistics.max)
            summary[name] = [values + column.num_values, low, high]
        text = repr((self.num_events, sorted(summary.items())))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")

    def _batches(
        self, columns: Sequence[str] | None, groups: list[int]
    ) -> Iterator[pa.RecordBatch]:
        """Decode row groups in small steps: those of other writers may be huge."""
        leaves = self._leaves(columns)
        with damage_named(self.path):
            yield from self._file.iter_batches(
                _BATCH_EVENTS, row_groups=groups, columns=leaves, use_threads=False
            )

    def _leaves(self, columns: Sequence[str] | None) -> list[str]:
        schema = self._file.metadata.schema
        leaves = [schema.column(i).path for i in range(len(schema))]
        if columns is None:
            return leaves
        for name in columns:
            if not any(_belongs(leaf, name) for leaf in leaves):
                raise unknown_column(self.path, name, self.columns)
        wanted = (*columns, *ALWAYS)
        return [leaf for leaf in leaves if any(_belongs(leaf, n) for n in wanted)]

    def _column_chunks(self) -> Iterator[Any]:
        """Describe every column chunk but truth's, which must not change a thing."""
        for group in range(self._file.metadata.num_row_groups):
            rows = self._file.metadata.row_group(group)
            for column in map(rows.column, range(rows.num_columns)):
                if column.path_in_schema.partition(".")[0] != "truth":
                    yield column

    def _recorded_role(self) -> Role:
        text = (self._file.schema_arrow.metadata or {}).get(METADATA_KEY)
        if text is None:
            if "particles" not in self.columns:
                message = (
                    f"{self.path} has no column `particles` (it has "
                    f"{', '.join(self.columns)}); oddjet needs one list of "
                    "{pt, eta, phi, mass} records per event under that name"
                )
                raise UserError(message)
            return "data"
        recorded = json.loads(text)
        if recorded["schema_version"] > SCHEMA_VERSION:
            message = f"{self.path} was written by a newer oddjet; update oddjet"
            raise UserError(message)
        return cast("Role", recorded["role"])


def _blocks(
    batches: Iterator[pa.RecordBatch], num_rows: int
) -> Iterator[list[pa.RecordBatch]]:
    """Cut batches so that blocks have `num_rows` rows, the last one the rest."""
    pending: list[pa.RecordBatch] = []
    held = 0
    for batch in batches:
        start = 0
        while start < len(batch):
            piece = batch.slice(start, num_rows - held)
            pending.append(piece)
            held += len(piece)
            start += len(piece)
            if held == num_rows:
                yield pending
                pending, held = [], 0
    if held:
        yield pending


def _dotted(leaf: str) -> str:
    return ".".join(part for part in leaf.split(".") if part not in _LIST_LEVELS)


def _belongs(leaf: str, name: str) -> bool:
    return f"{_dotted(leaf)}.".startswith(f"{name}.")


def is_event_model(path: Location) -> bool:
    """Tell whether a Parquet file has the columns of the event model."""
    check_magic(path)
    with damage_named(path), opened(path) as file:
        metadata = file.schema_arrow.metadata or {}
        return METADATA_KEY in metadata or "particles" in file.schema_arrow.names


def opened(path: Location) -> pq.ParquetFile:
    """Open a Parquet file that streams its columns and checks what it can."""
    source = path.open() if isinstance(path, Remote) else path
    metadata = pq.read_metadata(source)
    groups = range(metadata.num_row_groups)
    largest = max((metadata.row_group(i).total_byte_size for i in groups), default=0)
    return pq.ParquetFile(
        source,
        metadata=metadata,
        buffer_size=_READ_AHEAD_BYTES if largest > _HELD_BYTES else 0,
        pre_buffer=False,
        page_checksum_verification=True,
    )


def bytes_per_value(column: Any) -> int:
    """Estimate the memory of a value of a column chunk."""
    return _BYTES_PER_VALUE.get(column.physical_type, _OTHER_BYTES_PER_VALUE)


def row_groups_of(file: pq.ParquetFile, start: int, stop: int) -> tuple[list[int], int]:
    """List the row groups that overlap [start, stop), and their first entry."""
    metadata = file.metadata
    sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    ends = np.cumsum(sizes, dtype=np.int64)
    begins = ends - sizes
    groups = np.flatnonzero((begins < stop) & (ends > start))
    if start >= stop or not len(groups):
        return [], 0
    return groups.tolist(), int(begins[groups[0]])


def check_magic(path: Location) -> None:
    """Raise a UserError if a file does not begin and end as Parquet does."""
    with damage_named(path), open_binary(path) as file:
        head = file.read(4)
        size = file.seek(0, 2)
        file.seek(max(0, size - 4))
        tail = file.read(4)
    if not head:
        message = f"{path} is empty (0 bytes); write or copy it again"
    elif head != b"PAR1":
        message = f"{path} is not a Parquet file; oddjet reads events from Parquet"
    elif tail != b"PAR1" or size < 12:
        message = f"{path} is truncated (its end is missing); write or copy it again"
    else:
        return
    raise UserError(message)


@contextmanager
def damage_named(path: Location) -> Iterator[None]:
    """Turn what pyarrow raises over the bytes of a file into one sentence."""
    try:
        yield
    except UserError:
        raise
    except PermissionError as error:
        message = f"{path} may not be read (permission denied)"
        raise UserError(message) from error
    except Exception as error:  # also what Unicode, JSON and awkward make of nonsense
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else "I/O error"
        message = f"{path} is damaged ({reason}); write or copy it again"
        raise UserError(message) from error
