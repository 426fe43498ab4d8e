"""From the files of a process to its table, as a stage."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from oddjet.events.source_hash import source_hash
from oddjet.io import describe, iterate
from oddjet.io.paths import find_files
from oddjet.io.source_digest import source_digest
from oddjet.runs.config import ConfigModel
from oddjet.runs.digests import digest, digest_file
from oddjet.runs.errors import UserError
from oddjet.runs.provenance import provenance
from oddjet.runs.stages import Stage
from oddjet.select.dihiggs import DihiggsCuts, select_dihiggs
from oddjet.studies.event_table import EventTable, write_event_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oddjet.runs.progress import Progress

__all__ = ["TABLE", "TableSource", "table_stage"]

TABLE = "table.parquet"
_SALT = 0x6F64646A65740005


class TableSource(ConfigModel):
    """The events of one process."""

    files: tuple[str, ...] = Field(
        min_length=1, description="files or patterns, relative to this file"
    )
    content: Literal["events", "table"] = Field(
        "events",
        description="events: with jets, which are selected here; table: Parquet with a"
        " column a quantity, one of which may be weight",
    )


def table_stage(name: str, source: TableSource, cuts: DihiggsCuts, base: Path) -> Stage:
    """Give the stage that makes the table of a process.

    Parameters
    ----------
    name : str
        Of the stage.
    source : TableSource
    cuts : DihiggsCuts
        For events.
    base : Path
        Directory that relative files start from.

    Returns
    -------
    Stage

    Raises
    ------
    UserError
        There is no such file.
    """
    start = Path(glob.escape(str(base)))
    files = find_files(
        [(start if glob.has_magic(each) else base) / each for each in source.files]
    )
    content = (
        source_digest(files)
        if source.content == "events"
        else digest([digest_file(file) for file in files])
    )
    return Stage(
        name,
        make_table,
        arguments={"process": name, "cuts": cuts, "content": source.content},
        sources={"content": content, "made_with": digest(provenance())},
        untracked={"paths": tuple(str(file) for file in files)},
    )


def make_table(
    directory: Path,
    inputs: Mapping[str, Path],  # noqa: ARG001 - the signature of a stage
    progress: Progress,
    *,
    process: str,
    cuts: DihiggsCuts,
    content: str,
    paths: tuple[str, ...],
) -> None:
    """Select the events of a process and write their table, as a stage."""
    if content == "table":
        table = _given(paths)
    else:
        table = _selected(process, paths, cuts, progress)
    if not len(table):
        message = (
            f"no event of {process} passes the di-Higgs selection; look at jets, or "
            "lower its cuts"
        )
        raise UserError(message)
    write_event_table(directory / TABLE, table)


def _selected(
    process: str, paths: tuple[str, ...], cuts: DihiggsCuts, progress: Progress
) -> EventTable:
    parts = []
    with progress.task(f"select {process}", total=describe(paths).num_events) as task:
        for events in iterate(paths, columns=["jets", "weight", "id"]):
            found = select_dihiggs(events, cuts)
            ids = events.id[found.mask]
            parts.append(
                EventTable(found.variables, found.weights, source_hash(ids, _SALT))
            )
            task.advance(len(events))
    return _joined(parts)


def _given(paths: tuple[str, ...]) -> EventTable:
    parts = []
    for number, path in enumerate(paths):
        try:
            table = pq.read_table(path)
        except (pa.ArrowException, OSError) as error:
            message = f"{path} cannot be read as a table in Parquet: {error}"
            raise UserError(message) from error
        columns = {}
        for name in table.column_names:
            if not (
                pa.types.is_floating(table[name].type)
                or pa.types.is_integer(table[name].type)
                or pa.types.is_boolean(table[name].type)
            ):
                continue
            columns[name] = table[name].to_numpy(zero_copy_only=False).astype(float)
        weights = columns.pop("weight", np.ones(len(table)))
        ids = {"file": np.full(len(table), number), "entry": np.arange(len(table))}
        parts.append(EventTable(columns, weights, source_hash(ids, _SALT)))
    return _joined(parts)


def _joined(parts: list[EventTable]) -> EventTable:
    names = list(parts[0].columns)
    return EventTable(
        {
            name: np.concatenate([part.columns[name] for part in parts])
            for name in names
        },
        np.concatenate([part.weights for part in parts]),
        np.concatenate([part.source for part in parts]),
    )
