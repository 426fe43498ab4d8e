"""Read event files, whole or as a stream of chunks."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from oddjet.events import Events
from oddjet.io.paths import Paths, find_files
from oddjet.io.readers.parquet import ParquetEvents
from oddjet.runs.errors import UserError

_READERS = {"parquet": ParquetEvents}
_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}


def read(
    paths: Paths,
    *,
    format: str | None = None,
    columns: Sequence[str] | None = None,
    entry_range: tuple[int, int] | None = None,
) -> Events:
    """Read events into memory, the files one after the other.

    Parameters
    ----------
    paths : str, Path or sequence of them
        Files or patterns such as ``runs/*.parquet``.
    format : str, optional
        "parquet", also the default.
    columns : sequence of str, optional
        Collections or fields ("met", "particles.pt"); default all. `weight` and
        `id` always come along. Other columns are not read.
    entry_range : tuple of int, optional
        Events [start, stop) of the files put in a row; a stop beyond the end is
        the end. Other row groups are not read.

    Returns
    -------
    Events
        `id.file` names the content of the file, `id.entry` the place in it.

    Raises
    ------
    UserError
        A missing or damaged file, an unknown column or format, files of different
        roles or collections, or a momentum that is not finite or negative (file
        and entry are named).
    """
    start, stop = _checked_range(entry_range)
    parts: list[Events] = []
    offset = 0
    for source in _sources(find_files(paths), format):
        begin = min(max(start - offset, 0), source.num_events)
        end = min(max(stop - offset, begin), source.num_events)
        offset += source.num_events
        if begin < end or not parts:  # even an empty range has collections
            parts.append(source.read(begin, end, columns))
    return Events.concatenate(parts)


def iterate(
    paths: Paths,
    step: str | int = "64 MB",
    *,
    format: str | None = None,
    columns: Sequence[str] | None = None,
) -> Iterator[Events]:
    """Read events as a stream of chunks, in memory that the input does not raise.

    Parameters
    ----------
    paths, format, columns
        As in :func:`read`.
    step : str or int
        Size of a chunk in memory ("64 MB"; B, kB, MB, GB) or in events. A chunk
        never spans files, and where it ends depends on the file and `columns` alone.

    Returns
    -------
    iterator of Events
        A file without events gives one chunk without events.

    Raises
    ------
    UserError
        As in :func:`read`, and a step that is no positive size.
    """
    size = _parsed_step(step)
    sources = _sources(find_files(paths), format)
    return _chunks(sources, size, isinstance(step, int), columns)


def _chunks(
    sources: Iterator[ParquetEvents],
    size: int,
    size_is_events: bool,
    columns: Sequence[str] | None,
) -> Iterator[Events]:
    for source in sources:
        num_events = size
        if not size_is_events:
            per_event = max(1.0, source.bytes_per_event(columns))
            num_events = max(1, int(size / per_event))
        if source.num_events == 0:
            yield source.read(0, 0, columns)
        yield from source.chunks(num_events, columns)


def _sources(files: list[Path], format: str | None) -> Iterator[ParquetEvents]:
    """Open one file after the other, all of one role."""
    if format is not None and format not in _READERS:
        message = f"format {format!r} is unknown; oddjet reads {', '.join(_READERS)}"
        raise UserError(message)
    role: str | None = None
    for file in files:
        with _READERS[format or "parquet"](file) as source:
            role = role or source.role
            if source.role != role:
                message = (
                    f"{files[0]} holds {role} and {file} {source.role}; "
                    "read them as two samples"
                )
                raise UserError(message)
            yield source


def _checked_range(entry_range: tuple[int, int] | None) -> tuple[int, int]:
    start, stop = entry_range or (0, sys.maxsize)
    if not 0 <= start <= stop:
        message = f"entry_range must be 0 <= start <= stop, got {entry_range}"
        raise UserError(message)
    return start, stop


def _parsed_step(step: str | int) -> int:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kKMG]?B)\s*", str(step))
    size = 0
    if isinstance(step, int):
        size = step
    elif match is not None:
        size = int(float(match[1]) * _UNITS[match[2].upper()])
    if size < 1:
        message = (
            f"step must be a size such as '64 MB' or a number of events, got {step!r}"
        )
        raise UserError(message)
    return size
