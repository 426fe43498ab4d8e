"""What simulated events really were: read to be shown, never to be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from oddjet.io import describe, iterate
from oddjet.searches.scores import read_scores
from oddjet.searches.stages import SCORES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.events import Events
    from oddjet.runs.progress import Progress
    from oddjet.searches.scores import RegionScores

TRUTH = "truth.parquet"
_CHUNK_EVENTS = 65_536

Truth = dict[str, "NDArray[np.str_]"]


def collect_truth(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,
    *,
    paths: Mapping[str, tuple[str, ...]],
) -> None:
    """Note the process of every scored event, where the files know it.

    The only stage that reads truth; nothing but the report page depends on it.
    """
    parts = [_to_table("", np.empty(0, np.str_))]  # a schema, if nobody knows
    for name, region in read_scores(inputs["score"] / SCORES).items():
        if "truth" not in describe(paths[name]).collections:
            continue
        with progress.task(f"read truth of the {name}", total=len(region)) as task:
            process = _processes(region, paths[name])
            if process is not None:
                parts.append(_to_table(name, process))
            task.advance(len(region))
    pq.write_table(pa.concat_tables(parts), directory / TRUTH)


def read_truth(path: Path) -> Truth:
    """Give the process of each scored event, for the regions that know it."""
    table = pq.read_table(path)
    region = np.array(table["region"].to_pylist(), np.str_)
    process = np.array(table["process"].to_pylist(), np.str_)
    return {str(name): process[region == name] for name in dict.fromkeys(region)}


def _processes(region: RegionScores, paths: tuple[str, ...]) -> NDArray[np.str_] | None:
    """Find the scored events in the files, which have their order.

    None if the files know something else about truth than a process.
    """
    parts = [np.empty(0, np.str_)]
    chunks = iterate(paths, step=_CHUNK_EVENTS, columns=["truth"], check=False)
    for events in chunks:
        if "process" not in events.truth.fields:
            return None
        if len(events) == 0:
            continue
        scored = _scored(region, events)
        parts.append(np.array(events.truth.process[scored].to_list(), np.str_))
    processes = np.concatenate(parts)
    # Smeared copies of an event share its source, and not all may be selected.
    return processes if len(processes) == len(region.score) else None


def _scored(region: RegionScores, events: Events) -> NDArray[np.bool_]:
    """Tell which events of a chunk were scored, by file and entry."""
    files, entries = events.id.file.to_numpy(), events.id.entry.to_numpy()
    scored = np.zeros(len(events), np.bool_)
    for file in np.unique(files):
        known = region.ids["entry"][region.ids["file"] == file]
        scored |= (files == file) & np.isin(entries, known)
    return scored


def _to_table(region: str, process: NDArray[np.str_]) -> pa.Table:
    return pa.table(
        {
            "region": pa.array([region] * len(process), pa.string()),
            "process": pa.array(process.tolist(), pa.string()),
        }
    )
