"""The tables that a dijet search is made of, as stages and as tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from oddjet.campaigns.task import Task
from oddjet.runs.digests import digest_file
from oddjet.runs.seeds import derive_seed
from oddjet.runs.stages import Stage, run_stages
from oddjet.searches.dijet_tasks import copied
from oddjet.searches.event_table import EventTable, read_event_table
from oddjet.searches.pseudo_data import draw_pseudo_data, require_unweighted
from oddjet.searches.table_source import (
    CUTFLOW,
    TABLE,
    TableSelection,
    TableSource,
    table_stage,
)
from oddjet.select.dijet import DijetCuts, select_dijet

if TYPE_CHECKING:
    from pathlib import Path

    from oddjet.runs.progress import Progress
    from oddjet.searches.dijet_config import DijetConfig

__all__ = ["SIGNAL", "Tables", "make_tables", "sources_of"]

DIJET_TABLE = TableSelection("dijet", select_dijet, ("particles",))
#: Prefix of the table of a signal, before its name.
SIGNAL = "signal-"


@dataclass(frozen=True)
class Tables:
    """What a search reads.

    Attributes
    ----------
    places : dict of str to Path
        `data`, and where there are such `simulation`, `control`,
        `control-simulation` and `signal-<name>`.
    cutflow : Path or None
        Of the data, if they were events.
    """

    places: dict[str, Path]
    cutflow: Path | None

    def read(self, name: str) -> EventTable:
        """Read one."""
        return read_event_table(self.places[name] / TABLE)

    def tasks(self) -> dict[str, Task]:
        """Give the tasks that take them into a campaign, by their names."""
        return {
            name: Task(
                "table",
                copied,
                {"sample": name if name.startswith(SIGNAL) else ""},
                sources={"table": digest_file(place / TABLE)},
                untracked={"table": str((place / TABLE).absolute())},
            )
            for name, place in self.places.items()
        }


def make_tables(
    config: DijetConfig, root: Path, base: Path, *, jobs: int, progress: Progress
) -> Tables:
    """Select the events of all samples, and check what the tasks rely on.

    Parameters
    ----------
    config : DijetConfig
    root, base : Path
        The run directory, and where relative files start from.
    jobs : int
    progress : Progress

    Returns
    -------
    Tables

    Raises
    ------
    UserError
        Files that cannot be read, a quantity that is not there, a mass that is not
        finite, copies of events, or data with weights.
    """
    stages = [
        table_stage(name, source, DIJET_TABLE, cuts, base)
        for name, (source, cuts) in sources_of(config).items()
    ]
    cutflow = "data"
    if config.data.luminosity_pb is not None:
        drawn = {
            "sample": "data",
            "luminosity_pb": config.data.luminosity_pb,
            "seed": derive_seed(config.seed, "data"),
        }
        stages.append(Stage("drawn", draw_pseudo_data, drawn, ("data",)))
    places = run_stages(root, stages, jobs=jobs, progress=progress)
    flow = places[cutflow] / CUTFLOW
    if "drawn" in places:
        places["data"] = places.pop("drawn")
    tables = Tables(places, flow if flow.exists() else None)
    _check(config, tables)
    return tables


def sources_of(config: DijetConfig) -> dict[str, tuple[TableSource, DijetCuts]]:
    """List the samples with the cuts on their events."""
    beside = config.selection.model_copy(update={"region": "validation"})
    samples: dict[str, tuple[TableSource | None, DijetCuts]] = {
        "data": (config.data, config.selection),
        "simulation": (config.simulation, config.selection),
    }
    if config.validation is not None:
        control, simulated = config.validation.control_sources(config)
        samples["control"] = (control, beside)
        samples["control-simulation"] = (simulated, beside)
    for name, injection in config.injections.items():
        samples[SIGNAL + name] = (injection.signal, config.selection)
    return {
        name: (source, cuts)
        for name, (source, cuts) in samples.items()
        if source is not None
    }


def _check(config: DijetConfig, tables: Tables) -> None:
    wanted = [name for names in config.feature_sets.values() for name in names]
    for name in tables.places:
        table = tables.read(name)
        # A wrong name is a mistake of the configuration, not of a window; a value that
        # is no number is one of the windows that hold it.
        table.require_columns([config.mass, *wanted], where=name)
        table.require([config.mass], where=name)
        if name in ("data", "control"):
            require_unweighted(table, where=name)
