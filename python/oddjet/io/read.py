"""Read event files, whole or as a stream of chunks."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from oddjet.events import Events
from oddjet.io.losses import Loss, Losses
from oddjet.io.paths import Location, Paths, find_inputs
from oddjet.io.read_ahead import read_ahead
from oddjet.io.readers.registry import open_source, resolved_format
from oddjet.io.readers.source import EventSource, UnknownColumn
from oddjet.runs.errors import OddjetWarning, UserError

if TYPE_CHECKING:
    from oddjet.io.readers.column_map import ColumnMap

_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}


def read(
    paths: Paths,
    *,
    format: str | Path | ColumnMap | None = None,
    columns: Sequence[str] | None = None,
    entry_range: tuple[int, int] | None = None,
    losses: Losses | None = None,
    check: bool = True,
) -> Events:
    """Read events into memory, the files one after the other.

    Parameters
    ----------
    paths : str, Path or sequence of them
        Files, patterns such as ``runs/*.root``, or remote addresses.
    format : str, Path or ColumnMap, optional
        By default the content of each file decides. Else "parquet", "delphes",
        "nanoaod", "jetclass", "lhco", "top_tagging", "hepmc", "particles", or a
        column map (or the YAML file that holds one) for tables of any other origin.
    columns : sequence of str, optional
        Collections or fields ("met", "particles.pt"); default all. `weight` and
        `id` always come along. Other columns are not read.
    entry_range : tuple of int, optional
        Events [start, stop) of the files put in a row; a stop beyond the end is
        the end. What lies outside is not read.
    losses : Losses, optional
        Collects files, and ends of files, that cannot be read; without it the first
        one raises. A column that the first file that opens does not have is a mistake
        of the call and raises all the same; a later file without it is lost.
    check : bool
        Raise at a momentum that is not finite or negative; without, whoever takes
        the events has to look, for example with `oddjet.events.find_bad_events`.

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
    # A mistake in the call is no damage of a file.
    format = resolved_format(format)
    files = find_inputs(paths)
    if losses is not None and columns is not None:
        _check_columns(files, format, columns)
    parts: list[Events] = []
    offset = 0
    for source in _sources(files, format, losses):
        begin = min(max(start - offset, 0), source.num_events)
        end = min(max(stop - offset, begin), source.num_events)
        offset += source.num_events
        if begin < end or not parts:  # even an empty range has collections
            with _LossesNoted(losses, source, begin, end):
                parts.append(source.read(begin, end, columns, check=check))
    if losses and not parts:
        message = f"no file could be read; {losses.losses[0]}"
        raise UserError(message)
    return Events.concatenate(parts)


def iterate(
    paths: Paths,
    step: str | int = "64 MB",
    *,
    format: str | Path | ColumnMap | None = None,
    columns: Sequence[str] | None = None,
    losses: Losses | None = None,
    check: bool = True,
    workers: int = 1,
) -> Iterator[Events]:
    """Read events as a stream of chunks, in memory that the input does not raise.

    Parameters
    ----------
    paths, format, columns, losses
        As in :func:`read`.
    step : str or int
        Size of a chunk in memory ("64 MB"; B, kB, MB, GB) or in events. A chunk
        never spans files, and where it ends depends on the file and `columns` alone.
    check : bool
        As in :func:`read`.
    workers : int
        Files that are read at a time, in threads. The events, their order and their
        chunks do not depend on it; memory grows with it by some chunks a worker.

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
    if workers < 1:
        message = f"workers must be >= 1, got {workers}"
        raise UserError(message)
    chunks = _Chunks(size, isinstance(step, int), columns, check)
    files = find_inputs(paths)
    format = resolved_format(format)
    if losses is not None and columns is not None:
        _check_columns(files, format, columns)
    if workers == 1:
        return _one_after_the_other(files, format, losses, chunks)
    return _several_at_a_time(files, format, losses, chunks, workers)


@dataclass(frozen=True)
class _Chunks:
    """How a file is cut into chunks."""

    size: int
    size_is_events: bool
    columns: Sequence[str] | None
    check: bool

    def of(self, source: EventSource) -> Iterator[Events]:
        num_events = self.size
        if not self.size_is_events:
            per_event = max(1.0, source.bytes_per_event(self.columns))
            num_events = max(1, int(self.size / per_event))
        if source.num_events == 0:
            yield source.read(0, 0, self.columns, check=self.check)
        yield from source.chunks(num_events, self.columns, check=self.check)


def _one_after_the_other(
    files: list[Location],
    format: str | Path | ColumnMap | None,
    losses: Losses | None,
    chunks: _Chunks,
) -> Iterator[Events]:
    for source in _sources(files, format, losses):
        yield from _chunks_with_losses(source, chunks, losses)


def _several_at_a_time(
    files: list[Location],
    format: str | Path | ColumnMap | None,
    losses: Losses | None,
    chunks: _Chunks,
    workers: int,
) -> Iterator[Events]:
    """Read as `_one_after_the_other` does, each file in a thread."""
    notes: list[Losses | None] = [None if losses is None else Losses() for _ in files]

    def of_file(file: Location, own: Losses | None) -> Iterator[Events]:
        for source in _sources([file], format, own):
            yield from _chunks_with_losses(source, chunks, own)

    role: str | None = None
    streams = [partial(of_file, *pair) for pair in zip(files, notes, strict=True)]
    try:
        for chunk in read_ahead(streams, workers):
            role = role or chunk.role
            if chunk.role != role:
                raise _different_roles(role, chunk.role, files[0], "another file")
            yield chunk
    finally:
        for own in notes:
            if losses is not None and own is not None:
                losses.losses += own.losses


def _chunks_with_losses(
    source: EventSource, chunks: _Chunks, losses: Losses | None
) -> Iterator[Events]:
    """Read a file in chunks; what cannot be read is noted, if there are notes."""
    done = 0
    stream = chunks.of(source)
    while True:
        with _LossesNoted(losses, source, done, source.num_events):
            chunk = next(stream, None)
            if chunk is None:
                return
            done += len(chunk)
            yield chunk
            continue
        return


class _LossesNoted:
    """Turn an error over events [begin, end) of a file into a note, if notes exist."""

    def __init__(
        self, losses: Losses | None, source: EventSource, begin: int, end: int
    ) -> None:
        self.losses, self.source, self.begin, self.end = losses, source, begin, end

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: object, error: BaseException | None, trace: object
    ) -> bool:
        if self.losses is None or not isinstance(error, UserError):
            return False
        lost = self.end - self.begin
        self.losses.add(Loss(str(self.source.path), str(error), lost, self.begin))
        return True


def _check_columns(
    files: list[Location], format: str | Path | ColumnMap | None, columns: Sequence[str]
) -> None:
    """Raise at a column that the first file that opens does not have."""
    for file in files:
        try:
            with open_source(file, format) as source:
                source.stored_array(0, 0, columns)
        except UnknownColumn:
            raise
        except UserError:
            continue  # a loss, which is met again when the file is read
        return


def _opened(
    location: Location, format: str | Path | ColumnMap | None, losses: Losses | None
) -> EventSource | None:
    """Open a file; one that cannot be opened is noted, if there are notes."""
    try:
        source = open_source(location, format)
        if source.incomplete is None:
            return source
        if losses is None:
            source.close()
            raise UserError(source.incomplete)
    except UserError as error:
        if losses is None:
            raise
        losses.add(Loss(str(location), str(error), None))
        return None
    losses.add(Loss(str(location), source.incomplete, None, source.num_events))
    return source


def _sources(
    files: list[Location],
    format: str | Path | ColumnMap | None,
    losses: Losses | None,
) -> Iterator[EventSource]:
    """Open one file after the other, all of one role; doubts are warnings."""
    role: str | None = None
    for file in files:
        source = _opened(file, format, losses)
        if source is None:
            continue
        with source:
            role = role or source.role
            if source.role != role:
                raise _different_roles(role, source.role, files[0], source.path)
            for doubt in source.doubts():
                warnings.warn(f"{source.path}: {doubt}", OddjetWarning, stacklevel=2)
            yield source


def _different_roles(
    role: str, other: str, first: Location, file: Location | str
) -> UserError:
    return UserError(
        f"{first} holds {role} and {file} {other}; read them as two samples"
    )


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
