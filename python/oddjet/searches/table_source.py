"""From the files of a sample to its table of quantities, as a stage."""

from __future__ import annotations

import glob
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

import numpy as np
from pydantic import Field, model_validator

from oddjet.events.source_hash import source_hash
from oddjet.io import describe, iterate
from oddjet.io.paths import find_files
from oddjet.io.source_digest import source_digest
from oddjet.runs.config import ConfigModel
from oddjet.runs.digests import digest, digest_file
from oddjet.runs.errors import UserError
from oddjet.runs.provenance import provenance
from oddjet.runs.stages import Stage
from oddjet.searches.event_table import EventTable, write_event_table
from oddjet.searches.quantity_files import read_quantities

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from oddjet.runs.progress import Progress
    from oddjet.select.cutflow import CutFlow

__all__ = [
    "CUTFLOW",
    "TABLE",
    "EventFiles",
    "Selected",
    "TableSelection",
    "TableSource",
    "event_source",
    "table_stage",
]

TABLE, CUTFLOW = "table.parquet", "cutflow.csv"
_SALT = 0x6F64646A65740005


def event_source(ids: Any) -> NDArray[np.uint64]:
    """Hash where events come from, as in the column `source` of a table.

    Parameters
    ----------
    ids : mapping of integer arrays, or awkward record array
        The collection `id`: run, lumi and event, else file and entry.

    Returns
    -------
    uint64, shape (events,)
    """
    return source_hash(ids, _SALT)


class Selected(Protocol):
    """What a selection gives that has a table."""

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Selected events, shape (events,)."""

    @property
    def weights(self) -> NDArray[np.float64]:
        """Of the selected events."""

    @property
    def variables(self) -> dict[str, NDArray[np.float64]]:
        """Quantities of the selected events."""

    @property
    def cutflow(self) -> CutFlow:
        """Cut by cut."""


@dataclass(frozen=True)
class TableSelection:
    """How events become rows of a table.

    Attributes
    ----------
    name : str
        Of the selection, for messages.
    select : callable
        Module-level function, called as select(events, cuts); gives a `Selected`.
    columns : tuple of str
        Collections of the events that it reads, besides weight and id.
    may_be_empty : bool
        Whether a sample of which nothing is left is an answer, not a mistake.
    optional : tuple of str
        Collections that it reads where they are.
    """

    name: str
    select: Callable[[Any, Any], Selected]
    columns: tuple[str, ...]
    may_be_empty: bool = False
    optional: tuple[str, ...] = ()


class EventFiles(ConfigModel):
    """The files of one sample."""

    files: tuple[str, ...] = Field(
        min_length=1, description="files or patterns, relative to this file"
    )

    def find(self, base: Path) -> list[Path]:
        """List the files; relative ones start from `base`.

        Raises
        ------
        UserError
            There is no such file.
        """
        start = Path(glob.escape(str(base)))
        return [
            Path(found)
            for found in find_files(
                [(start if glob.has_magic(x) else base) / x for x in self.files]
            )
        ]


class TableSource(EventFiles):
    """The events of one sample, or a table that was made of them."""

    content: Literal["events", "table"] = Field(
        "events",
        description="events: they are selected here; table: Parquet, CSV, HDF5, .npy or"
        " .npz with a column a quantity, one of which may be weight",
    )
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="of a table: the column of the file that each quantity is, as in"
        " mass_jj: m_jj; by default all, by their own names",
    )
    factors: dict[str, float] = Field(
        default_factory=dict,
        description="of a table: what quantities are multiplied with, as in"
        " mass_jj: 1000 for TeV",
    )

    @model_validator(mode="after")
    def _only_tables_have_columns(self) -> Self:
        if self.content == "events" and (self.columns or self.factors):
            message = "must have content: table for columns or factors"
            raise ValueError(message)
        return self


def table_stage(
    name: str,
    source: TableSource,
    selection: TableSelection,
    cuts: ConfigModel,
    base: Path,
) -> Stage:
    """Give the stage that makes the table of a sample.

    Parameters
    ----------
    name : str
        Of the stage.
    source : TableSource
    selection : TableSelection
        For events.
    cuts : ConfigModel
        Of the selection.
    base : Path
        Directory that relative files start from.

    Returns
    -------
    Stage
        Writes `TABLE` and, of events, `CUTFLOW`.

    Raises
    ------
    UserError
        There is no such file.
    """
    files = source.find(base)
    content = (
        source_digest(files)
        if source.content == "events"
        else digest([digest_file(file) for file in files])
    )
    return Stage(
        name,
        make_table,
        arguments={
            "sample": name,
            "cuts": cuts,
            "content": source.content,
            "columns": source.columns,
            "factors": source.factors,
        },
        sources={"content": content, "made_with": digest(provenance())},
        untracked={
            "paths": tuple(str(file) for file in files),
            "selection": selection,
        },
    )


def make_table(
    directory: Path,
    inputs: Mapping[str, Path],  # noqa: ARG001 - the signature of a stage
    progress: Progress,
    *,
    sample: str,
    cuts: ConfigModel,
    content: str,
    columns: Mapping[str, str],
    factors: Mapping[str, float],
    paths: tuple[str, ...],
    selection: TableSelection,
) -> None:
    """Select the events of a sample and write their table, as a stage.

    Raises
    ------
    UserError
        No event is left, a weight is not finite, or a file cannot be read.
    """
    if content == "table":
        table = _given(paths, columns, factors)
    else:
        table, cutflow = _selected(sample, paths, selection, cuts, progress)
        (directory / CUTFLOW).write_text(cutflow.to_csv(), encoding="utf-8")
    if not len(table) and not selection.may_be_empty:
        message = (
            f"no event of the {sample} passes the {selection.name} selection; look at"
            " its collections, or lower the cuts"
        )
        raise UserError(message)
    _check_weights(sample, table)
    write_event_table(directory / TABLE, table)


def _check_weights(sample: str, table: EventTable) -> None:
    finite = np.isfinite(table.weights)
    if not finite.all():
        row = int(np.argmin(finite))
        message = (
            f"the weight of event {row} of the {sample} is {table.weights[row]}: no sum"
            " of weights means anything; leave such events out"
        )
        raise UserError(message)


def _selected(
    sample: str,
    paths: tuple[str, ...],
    selection: TableSelection,
    cuts: ConfigModel,
    progress: Progress,
) -> tuple[EventTable, CutFlow]:
    parts, cutflows = [], []
    known = describe(paths)
    columns = [*selection.columns, "weight", "id"]
    columns += [name for name in selection.optional if name in known.collections]
    with progress.task(f"select {sample}", total=known.num_events) as task:
        for events in iterate(paths, columns=columns):
            found = selection.select(events, cuts)
            source = event_source(events.id[found.mask])
            parts.append(EventTable(found.variables, found.weights, source))
            cutflows.append(found.cutflow)
            task.advance(len(events))
    return _joined(parts), sum(cutflows[1:], start=cutflows[0])


def _given(
    paths: tuple[str, ...], columns: Mapping[str, str], factors: Mapping[str, float]
) -> EventTable:
    parts = []
    for number, path in enumerate(paths):
        values = read_quantities(Path(path), columns, factors)
        size = len(next(iter(values.values()), ()))
        weights = values.pop("weight", np.ones(size))
        ids = {"file": np.full(size, number), "entry": np.arange(size)}
        parts.append(EventTable(values, weights, event_source(ids)))
    return _joined(parts)


def _joined(parts: list[EventTable]) -> EventTable:
    names = list(parts[0].columns)
    for part in parts:
        if list(part.columns) != names:
            message = (
                "the files of a sample must have the same quantities, got "
                f"{', '.join(names)} and {', '.join(part.columns)}"
            )
            raise UserError(message)
    return EventTable.concatenate(parts)
