"""The model of a scoring job in reduced precision, made from the job's own events."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from oddjet.deploy.precision import reduce_precision, require_fitting_provider
from oddjet.deploy.score_chunk import prepared_blocks
from oddjet.deploy.scorer import Scorer
from oddjet.runs.stages import Stage, publish, run_stages

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from oddjet.deploy.precision import Precision
    from oddjet.deploy.score_chunk import Chunk, Scoring
    from oddjet.runs.progress import Progress

__all__ = ["reduced_model"]

# Of the first files: they fix the scales and are compared.
EVENTS = 20_000
MODEL, REPORT = "model.onnx", "report.txt"
# Another number means that the same sample may give another model.
VERSION = 3


def reduced_model(
    room: Path,
    scorer: Scorer,
    scoring: Scoring,
    chunks: list[Chunk],
    *,
    precision: Precision,
    progress: Progress,
) -> Path:
    """Make the model in reduced precision, or find that it is there.

    A stage of the job: killed, it is made again from the same events, so that it has
    the same bytes.

    Parameters
    ----------
    room : Path
        The output directory; ``model.PRECISION.onnx`` is published there.
    scorer : Scorer
        Of the model.
    scoring : Scoring
    chunks : list of Chunk
        Of all inputs; the first 20,000 events are the sample.
    precision : "int8" or "fp16"
    progress : Progress
        Is told what changes at each working point.

    Returns
    -------
    Path

    Raises
    ------
    UserError
        A precision that does not fit what computes, too few events, or a working
        point at which others would be selected.
    """
    require_fitting_provider(precision, scorer.provider)
    ranges = _first_entries(chunks)
    stage = Stage(
        "model",
        _reduce,
        arguments={
            "digest": scoring.digest,
            "provider": scoring.provider,
            "precision": precision,
            "entries": [[start, stop] for _, start, stop in ranges],
            "flag_bad_events": scoring.flag_bad_events,
        },
        sources={
            str(number): f"{fingerprint:016x}"
            for number, (_, fingerprint) in enumerate(_files(chunks)[: len(ranges)])
        },
        versions={"reduced_model": VERSION},
        untracked={
            "model": scoring.model,
            "files": [file for file, _, _ in ranges],
            "threads": scoring.threads,
        },
    )
    made = run_stages(room, [stage], progress=progress)["model"]
    for line in (made / REPORT).read_text("utf-8").splitlines():
        progress.note(line)
    published = room / f"model.{precision}.onnx"
    publish(made / MODEL, published)
    return published


def _files(chunks: list[Chunk]) -> list[tuple[str, int]]:
    """Give each file and its fingerprint, in order."""
    return list(dict.fromkeys((chunk.file, chunk.fingerprint) for chunk in chunks))


def _first_entries(chunks: list[Chunk]) -> list[tuple[str, int, int]]:
    """Give (file, start, stop) of the first `EVENTS` events."""
    ranges, missing = [], EVENTS
    for file, parts in groupby(chunks, key=lambda chunk: chunk.file):
        stop = min(max(part.stop for part in parts), missing)
        if missing > 0:
            ranges.append((file, 0, stop))
        missing -= stop
    return ranges


def _reduce(
    directory: Path,
    inputs: dict[str, Path],
    progress: Progress,
    *,
    model: str,
    files: list[str],
    entries: list[list[int]],
    precision: Precision,
    provider: str,
    threads: int | None,
    flag_bad_events: bool,
    **_: object,
) -> None:
    del inputs, progress
    scorer = Scorer(model, provider, threads)
    parts: list[
        tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.floating]]
    ] = []
    for file, (start, stop) in zip(files, entries, strict=True):
        for events, tensors in prepared_blocks(
            scorer, file, start, stop, flag=flag_bad_events
        ):
            parts.append((*tensors[:2], events.weight.to_numpy()))
    values, mask, weight = map(np.concatenate, zip(*parts, strict=True))
    report = reduce_precision(
        model,
        values,
        mask,
        directory / MODEL,
        precision=precision,
        provider=provider,
        weight=weight,
        threads=threads,
    )
    (directory / REPORT).write_text(f"{report}\n", "utf-8")
