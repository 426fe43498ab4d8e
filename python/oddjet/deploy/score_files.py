"""Score files to friend rows, in chunks that survive what happens to the process."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from oddjet.deploy.bundle import read_bundle
from oddjet.deploy.friend_rows import join_friends
from oddjet.deploy.reduced_model import reduced_model
from oddjet.deploy.score_chunk import (
    FRIENDS,
    ROWS_VERSION,
    Chunk,
    Scoring,
    make_chunk,
)
from oddjet.deploy.scorer import Scorer
from oddjet.features import TableSpec
from oddjet.io.describe import describe
from oddjet.runs.atomic import remove_tree
from oddjet.runs.errors import UserError
from oddjet.runs.lock import LOCK_FILE, lock_directory
from oddjet.runs.progress import Progress
from oddjet.runs.stages import Stage, publish, run_stages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oddjet.deploy.precision import Precision
    from oddjet.io.paths import Paths
    from oddjet.io.writers.friend import Kind

__all__ = ["CHUNK_EVENTS", "score_files"]

CHUNK_EVENTS = 1 << 15
CHUNKS, STAGE = "chunks", "scores"

#: Does chunks somewhere and gives the number of events of each that is done.
Executor = Callable[[str, list[Chunk], Scoring], Iterator[int]]


def score_files(
    model: Path | str,
    paths: Paths,
    output: Path | str,
    *,
    providers: Sequence[str] | str | None = None,
    threads: int | None = None,
    chunk_events: int = CHUNK_EVENTS,
    working_point: str | None = None,
    skim: bool = False,
    kind: Kind = "parquet",
    precision: Precision = "fp32",
    on_bad_event: Literal["fail", "flag"] = "fail",
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> list[Path]:
    """Score the events of files; one output file for each, row by row.

    A call that was interrupted, in whatever way, goes on where it was when it is
    repeated, and its outputs are byte for byte those of a call without interruption.

    Parameters
    ----------
    model : Path or str
    paths : str, Path or sequence of them
        Files or patterns that oddjet reads.
    output : Path or str
        A directory: new, or of an earlier call. ``NAME.scores.parquet`` (or .root) is
        made there for an input NAME, with one row an event in its order.
    providers, threads
        As for `Scorer`.
    chunk_events : int
        Events of a piece of work, as large as one would like to lose; no row depends
        on it.
    working_point : str, optional
        Adds the column `selected`.
    skim : bool
        Only rows of selected events; ``id_entry`` says which they are.
    kind : "parquet", "ttree" or "rntuple"
        What the outputs are. ROOT files have the same rows, but a date in them.
    precision : "fp32", "int8" or "fp16"
        Score with a model of less precision, made from the first 20,000 events if it
        selects alike (`oddjet.deploy.precision`); it is left in `output`.
    on_bad_event : "fail" or "flag"
        At a momentum that no kernel accepts: stop, or keep the row with NaN and what
        is wrong as its status.
    executor : callable, optional
        Does chunks elsewhere, see `oddjet.deploy.dask_chunks`; by default this process
        does them one after the other.
    progress : Progress, optional

    Returns
    -------
    list of Path
        The files made, in the order of the inputs.

    Raises
    ------
    UserError
        A model or an input that cannot be used, a working point that the model does
        not have, or an output directory that is in use or holds something else.
    """
    progress = progress or Progress.silent()
    scorer = Scorer(model, providers, threads)
    _require_events(scorer, model)
    scoring = Scoring(
        model=str(Path(model).resolve()),
        digest=scorer.bundle.digest,
        provider=scorer.provider,
        threads=threads,
        threshold=_threshold(scorer, working_point, skim=skim),
        skim=skim,
        flag_bad_events=on_bad_event == "flag",
    )
    chunks = _chunks(paths, chunk_events, scorer.feature_spec.source)
    names = _names([chunk.file for chunk in chunks if chunk.start == 0], kind)
    room = Path(output)
    _require_own(room)
    progress.note(f"scoring with {scorer.engine}")
    with lock_directory(room):
        if precision != "fp32":
            reduced = reduced_model(
                room, scorer, scoring, chunks, precision=precision, progress=progress
            )
            digest = read_bundle(reduced).digest
            scoring = replace(scoring, model=str(reduced.resolve()), digest=digest)
        stage = _stage(scoring, chunks, names, kind, room=room, executor=executor)
        made = run_stages(room, [stage], progress=progress)[STAGE]
        for name in names:
            publish(made / name, room / name)
        remove_tree(room / CHUNKS)
    return [room / name for name in names]


def _stage(
    scoring: Scoring,
    chunks: list[Chunk],
    names: list[str],
    kind: Kind,
    *,
    room: Path,
    executor: Executor | None,
) -> Stage:
    """Describe the work on all files: done, it is not done again."""
    firsts = [chunk for chunk in chunks if chunk.start == 0]
    return Stage(
        STAGE,
        _join,
        arguments={
            "digest": scoring.digest,
            "provider": scoring.provider,
            "threshold": scoring.threshold,
            "skim": scoring.skim,
            "flag_bad_events": scoring.flag_bad_events,
            "kind": kind,
            "names": names,
        },
        sources={
            name: f"{chunk.fingerprint:016x}"
            for name, chunk in zip(names, firsts, strict=True)
        },
        versions={"friend_rows": ROWS_VERSION},
        untracked={
            "room": str(room / CHUNKS),
            "chunks": chunks,
            "scoring": scoring,
            "executor": executor,
        },
    )


def _join(
    directory: Path,
    inputs: dict[str, Path],
    progress: Progress,
    *,
    names: list[str],
    kind: Kind,
    room: str,
    chunks: list[Chunk],
    scoring: Scoring,
    executor: Executor | None,
    **_: object,
) -> None:
    """Make all chunks, then put those of each file together."""
    del inputs
    Path(room).mkdir(exist_ok=True)
    total = sum(chunk.stop - chunk.start for chunk in chunks)
    with progress.task("events", total=total) as task:
        if executor is None:
            for chunk in chunks:
                before = task.done
                events = make_chunk(room, chunk, scoring, task.advance)
                task.advance(events - (task.done - before))
        else:
            for events in executor(room, chunks, scoring):
                task.advance(events)
    files = list(dict.fromkeys(chunk.file for chunk in chunks))
    for name, file in zip(names, files, strict=True):
        parts = [
            Path(room) / chunk.place / "stages" / "friends" / FRIENDS
            for chunk in chunks
            if chunk.file == file
        ]
        rows = join_friends(directory / name, parts, kind)
        wanted = sum(c.stop - c.start for c in chunks if c.file == file)
        if rows != wanted and not scoring.skim:
            message = f"{file} has {wanted} events, but {rows} were scored"
            raise RuntimeError(message)


def _chunks(paths: Paths, chunk_events: int, source: str) -> list[Chunk]:
    """Cut the files into chunks, which depends on them and the size alone."""
    if chunk_events < 1:
        message = f"chunk_events must be >= 1, got {chunk_events}"
        raise UserError(message)
    chunks = []
    for number, file in enumerate(describe(paths).files):
        sample = describe(file)
        if source not in sample.collections:
            message = (
                f"{file} has no {source!r}, of which the model makes its jets "
                f"(it has {', '.join(sample.collections)})"
            )
            raise UserError(message)
        for part in range(max(1, math.ceil(sample.num_events / chunk_events))):
            start = part * chunk_events
            stop = min(start + chunk_events, sample.num_events)
            place = f"{number:05d}-{part:06d}"
            chunks.append(Chunk(file, sample.fingerprints[0], start, stop, place))
    return chunks


def _names(files: list[str], kind: Kind) -> list[str]:
    """Name the outputs after the inputs; those of one name are numbered."""
    stems = [Path(file).name.partition(".")[0] for file in files]
    suffix = "scores.parquet" if kind == "parquet" else "scores.root"
    return [
        f"{stem}.{suffix}"
        if stems.count(stem) == 1
        else f"{stem}-{1 + stems[:i].count(stem)}.{suffix}"
        for i, stem in enumerate(stems)
    ]


def _threshold(
    scorer: Scorer, working_point: str | None, *, skim: bool
) -> float | None:
    if working_point is not None:
        return scorer.bundle.threshold(working_point)
    if skim:
        known = ", ".join(scorer.bundle.working_points) or "none"
        message = f"a skim needs a working point; the model has {known}"
        raise UserError(message)
    return None


def _require_own(room: Path) -> None:
    """Refuse a directory in which something else lives."""
    if not room.is_dir():
        return  # absent, or a file, which the lock refuses
    found = {path.name for path in room.iterdir() if not path.name.endswith(".tmp")}
    if found and not found & {"stages", CHUNKS, LOCK_FILE}:
        message = (
            f"{room} holds {min(found)} and is no output of `oddjet score`; "
            "choose a new directory"
        )
        raise UserError(message)


def _require_events(scorer: Scorer, model: Path | str) -> None:
    bundle = scorer.bundle
    if bundle.unit != "event":
        message = (
            f"{model} scores each {bundle.unit}, and files have one row an event; "
            "score with oddjet.Scorer in Python"
        )
        raise UserError(message)
    if isinstance(bundle.spec, TableSpec):
        message = (
            f"{model} scores tables of {', '.join(bundle.spec.columns)}, not files of "
            "events; score with oddjet.Scorer in Python"
        )
        raise UserError(message)
