"""Score some entries of one file: a piece of work that is done whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oddjet.deploy.ahead import one_ahead
from oddjet.deploy.friend_rows import friend_schema, friend_table, write_friends
from oddjet.deploy.scorer import Scorer
from oddjet.events.coordinates import COORDINATES
from oddjet.io.paths import find_inputs
from oddjet.io.readers.registry import open_source
from oddjet.runs.errors import UserError
from oddjet.runs.progress import Progress
from oddjet.runs.stages import Stage, run_stages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from oddjet.events import Events
    from oddjet.io.readers.source import EventSource

__all__ = ["FRIENDS", "Chunk", "Scoring", "make_chunk", "prepared_blocks"]

FRIENDS = "friends.parquet"
# Events in memory at a time; what is read does not depend on it.
BLOCK_EVENTS = 4096
# Another number means that the same input may give other rows.
ROWS_VERSION = 2


@dataclass(frozen=True)
class Chunk:
    """Some entries of a file.

    Attributes
    ----------
    file : str
    fingerprint : int
        `id.file` of its events.
    start, stop : int
        Entries [start, stop).
    place : str
        Name of the chunk's directory.
    """

    file: str
    fingerprint: int
    start: int
    stop: int
    place: str


@dataclass(frozen=True)
class Scoring:
    """What is done with every chunk.

    Attributes
    ----------
    model : str
        Path of the model file.
    digest : str
        Of its content.
    provider : str
        The execution provider that runs it.
    threads : int or None
    threshold : float or None
        Of the working point.
    skim : bool
        Keep only the rows of selected events.
    flag_bad_events : bool
        An event with a momentum that no kernel accepts keeps its row, with NaN and
        what is wrong; else the first one raises.
    """

    model: str
    digest: str
    provider: str
    threads: int | None
    threshold: float | None
    skim: bool
    flag_bad_events: bool = False


def make_chunk(
    room: str,
    chunk: Chunk,
    scoring: Scoring,
    advance: Callable[[int], object] | None = None,
) -> int:
    """Bring one chunk up to date and count its events.

    A stage in a run directory of its own, so that many processes can share the work
    over a file system. Whoever interrupts it finds it as it was, or finished.

    Parameters
    ----------
    room : str
        Directory of the chunks.
    chunk : Chunk
    scoring : Scoring
    advance : callable, optional
        Told how many events more are scored, now and then.

    Returns
    -------
    int
        Events of the chunk.

    Raises
    ------
    UserError
        Something that cannot be read or scored, named.
    """
    stage = Stage(
        "friends",
        _score_entries,
        arguments={
            "entries": [chunk.start, chunk.stop],
            "digest": scoring.digest,
            "provider": scoring.provider,
            "threshold": scoring.threshold,
            "skim": scoring.skim,
            "flag_bad_events": scoring.flag_bad_events,
        },
        sources={"file": f"{chunk.fingerprint:016x}"},
        versions={"friend_rows": ROWS_VERSION},
        untracked={
            "file": chunk.file,
            "model": scoring.model,
            "threads": scoring.threads,
            "advance": advance or (lambda _: None),
        },
    )
    run_stages(Path(room) / chunk.place, [stage], progress=Progress.silent())
    return chunk.stop - chunk.start


def _score_entries(
    directory: Path,
    inputs: dict[str, Path],
    progress: Progress,
    *,
    file: str,
    entries: list[int],
    model: str,
    digest: str,
    provider: str,
    threads: int | None,
    threshold: float | None,
    skim: bool,
    flag_bad_events: bool,
    advance: Callable[[int], object],
) -> None:
    del inputs, progress
    scorer = _scorer(model, digest, provider, threads)
    blocks = one_ahead(prepared_blocks(scorer, file, *entries, flag=flag_bad_events))
    first = next(blocks)
    ids = first[0].array.id.fields
    schema = friend_schema(scorer.bundle.folds, ids, selection=threshold is not None)

    def tables() -> Iterator[pa.Table]:
        block: tuple[Events, Any] | None = first
        while block is not None:
            events, tensors = block
            scores = scorer.score_prepared(*tensors)
            table = friend_table(events, scores, schema, threshold)
            yield table.filter(table["selected"]) if skim else table
            advance(len(events))
            block = next(blocks, None)

    write_friends(directory / FRIENDS, tables(), schema)


def prepared_blocks(
    scorer: Scorer, file: str, start: int, stop: int, *, flag: bool
) -> Iterator[tuple[Events, Any]]:
    """Read events and make their tensors, some at a time; one empty block of none.

    A thread of its own reads the next block while the tensors of this one are made.

    Parameters
    ----------
    scorer : Scorer
    file : str
    start, stop : int
        Entries [start, stop).
    flag : bool
        Hand on events that no kernel accepts, with a status that says so.

    Yields
    ------
    Events, (values, mask, status)
        As `Scorer.prepare` makes them.

    Raises
    ------
    UserError
        A file that cannot be read, or an event that no kernel accepts, named.
    """
    for begin, events in one_ahead(
        _read_blocks(file, start, stop, scorer.feature_spec.source, check=not flag)
    ):
        try:
            yield events, scorer.prepare(events, flag_bad_events=flag)
        except ValueError as error:
            message = f"{file}, entries from {begin} on: {error}"
            raise UserError(message) from error


def _read_blocks(
    file: str, start: int, stop: int, collection: str, *, check: bool
) -> Iterator[tuple[int, Events]]:
    """Read events, with the entry at which each block begins."""
    (location,) = find_inputs(file)
    with open_source(location) as source:
        columns = _momentum_columns(source, collection)
        for begin in range(start, max(stop, start + 1), BLOCK_EVENTS):
            end = min(begin + BLOCK_EVENTS, stop)
            yield begin, source.read(begin, end, columns, check=check)


def _momentum_columns(source: EventSource, collection: str) -> list[str]:
    """Name what the kernels need of a collection: charges and the like stay unread."""
    fields = source.read(0, 0, [collection]).array[collection].fields
    return [f"{collection}.{name}" for name in fields if name in COORDINATES]


@lru_cache(maxsize=2)
def _scorer(model: str, digest: str, provider: str, threads: int | None) -> Scorer:
    """Load a model once a process, and only the one that was meant."""
    scorer = Scorer(model, provider, threads)
    if scorer.bundle.digest != digest:
        message = f"{model} has changed since this work began; start it again"
        raise UserError(message)
    return scorer
