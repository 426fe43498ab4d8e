"""Events from one format to another, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from oddjet.events import Events, find_bad_events
from oddjet.io.losses import Losses
from oddjet.io.paths import Paths, find_inputs
from oddjet.io.read import iterate
from oddjet.io.writers.parquet import write_events
from oddjet.io.writers.root import write_root
from oddjet.runs.errors import UserError
from oddjet.runs.progress import Progress

if TYPE_CHECKING:
    from oddjet.io.readers.column_map import ColumnMap

_SUFFIXES: dict[str, str] = {".parquet": "parquet", ".root": "ttree"}


@dataclass
class Conversion:
    """What was written.

    Attributes
    ----------
    num_events : int
    num_bad_events : int
        Left out because of a momentum that no kernel accepts.
    first_bad_event : str
        A sentence about the first of them.
    """

    num_events: int = 0
    num_bad_events: int = 0
    first_bad_event: str = ""


def convert_files(
    paths: Paths,
    output: str | Path,
    *,
    format: str | Path | ColumnMap | None = None,
    kind: str | None = None,
    columns: Sequence[str] | None = None,
    drop: Sequence[str] = (),
    leave_out_bad_events: bool = False,
    losses: Losses | None = None,
    progress: Progress | None = None,
    workers: int = 1,
) -> Conversion:
    """Write the events of files to one file, which appears whole or not at all.

    Parameters
    ----------
    paths, format, columns, losses
        As in `oddjet.read`.
    output : str or Path
        Never one of the inputs.
    kind : "parquet", "ttree" or "rntuple", optional
        By default what the suffix of `output` says.
    drop : sequence of str
        Collections to leave out.
    leave_out_bad_events : bool
        Leave events with non-finite or negative momenta out and count them, instead
        of raising.
    progress : Progress, optional
    workers : int
        Files that are read at a time, as in `oddjet.iterate`.

    Returns
    -------
    Conversion

    Raises
    ------
    UserError
        As `oddjet.read` and the writers, a suffix that says nothing, or an output
        that is an input.
    """
    output = Path(output)
    chosen = kind or _SUFFIXES.get(output.suffix)
    if chosen is None:
        message = f"{output} must end in .parquet or .root, or --to must say what it is"
        raise UserError(message)
    files = find_inputs(paths)
    if any(isinstance(f, Path) and f.resolve() == output.resolve() for f in files):
        message = f"{output} is an input and would be overwritten; choose another name"
        raise UserError(message)
    done = Conversion()

    def chunks() -> Iterator[Events]:
        stream = iterate(
            files,
            format=format,
            columns=columns,
            losses=losses,
            check=not leave_out_bad_events,
            workers=workers,
        )
        for chunk in stream:
            good = _without_bad(chunk, done) if leave_out_bad_events else chunk
            done.num_events += len(good)
            yield good.without(*drop)

    stream = chunks()
    if progress is not None:
        stream = _shown(stream, progress)
    if chosen == "parquet":
        write_events(output, stream)
    else:
        write_root(output, stream, kind="ttree" if chosen == "ttree" else "rntuple")
    return done


def _without_bad(chunk: Events, done: Conversion) -> Events:
    reasons = find_bad_events(chunk.array)
    bad = reasons != ""
    if bad.any() and not done.first_bad_event:
        first = int(np.argmax(bad))
        done.first_bad_event = f"entry {chunk.id.entry[first]}: {reasons[first]}"
    done.num_bad_events += int(bad.sum())
    return chunk[~bad]


def _shown(chunks: Iterator[Events], progress: Progress) -> Iterator[Events]:
    with progress.task("convert") as task:
        for chunk in chunks:
            yield chunk
            task.advance(len(chunk))
