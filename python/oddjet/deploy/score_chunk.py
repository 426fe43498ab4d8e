"""Score some entries of one file: a piece of work that is done whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oddjet.deploy.ahead import one_ahead
from oddjet.deploy.friend_rows import friend_schema, friend_table, write_friends
from oddjet.deploy.scorer import Scorer
from oddjet.io.read import read
from oddjet.runs.errors import UserError
from oddjet.runs.progress import Progress
from oddjet.runs.stages import Stage, run_stages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from oddjet.events import Events

__all__ = ["FRIENDS", "Chunk", "Scoring", "make_chunk"]

FRIENDS = "friends.parquet"
# Events in memory at a time; what is read does not depend on it.
BLOCK_EVENTS = 4096
# Another number means that the same input may give other rows.
ROWS_VERSION = 1


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
    """

    model: str
    digest: str
    provider: str
    threads: int | None
    threshold: float | None
    skim: bool


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
    advance: Callable[[int], object],
) -> None:
    del inputs, progress
    scorer = _scorer(model, digest, provider, threads)
    blocks = one_ahead(_blocks(scorer, file, *entries))
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


def _blocks(
    scorer: Scorer, file: str, start: int, stop: int
) -> Iterator[tuple[Events, Any]]:
    """Read events and make their tensors, some at a time; one empty block of none."""
    for begin in range(start, max(stop, start + 1), BLOCK_EVENTS):
        end = min(begin + BLOCK_EVENTS, stop)
        events = read(file, columns=[scorer.spec.source], entry_range=(begin, end))
        try:
            yield events, scorer.prepare(events)
        except ValueError as error:
            message = f"{file}, entries from {begin} on: {error}"
            raise UserError(message) from error


@lru_cache(maxsize=2)
def _scorer(model: str, digest: str, provider: str, threads: int | None) -> Scorer:
    """Load a model once a process, and only the one that was meant."""
    scorer = Scorer(model, provider, threads)
    if scorer.bundle.digest != digest:
        message = f"{model} has changed since this work began; start it again"
        raise UserError(message)
    return scorer
