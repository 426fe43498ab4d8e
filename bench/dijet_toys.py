"""Toys of a dijet search: spectra, tables, the tasks of one window."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from oddjet.runs.progress import Progress
from oddjet.searches.dijet_hunts import HUNT, hunt
from oddjet.searches.dijet_tasks import make_template, score, train
from oddjet.searches.event_table import EventTable, write_event_table
from oddjet.searches.table_source import TABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oddjet.learn.classifier_config import ClassifierConfig
    from oddjet.stats.bump_hunt import Window

__all__ = ["falling_masses", "searched_window", "table_of", "write_parquet"]


def falling_masses(random: Any, events: int, low: float, high: float) -> np.ndarray:
    """Draw masses between low and high [GeV] whose density falls with m^-4."""
    power = -3.0
    edge = low**power + random.random(events) * (high**power - low**power)
    return edge ** (1 / power)


def table_of(mass: np.ndarray, features: np.ndarray) -> EventTable:
    """Give a table of mass_jj and the features x0, x1, ..., every event a source."""
    columns = {"mass_jj": mass} | {
        f"x{i}": column for i, column in enumerate(features.T)
    }
    source = np.arange(len(mass), dtype=np.uint64)
    return EventTable(columns, np.ones(len(mass)), source)


def write_parquet(path: Path, table: EventTable) -> None:
    """Write what a search reads with `content: table`."""
    pq.write_table(pa.table(dict(table.columns)), path)


def searched_window(
    tables: dict[str, EventTable],
    window: Window,
    *,
    template: str,
    features: int,
    folds: int,
    seeds: int,
    classifier: ClassifierConfig,
    efficiency: float,
    seed: int,
    statistical_errors: Sequence[str],
    high_sideband_min: float = 10.0,
) -> list[float | None]:
    """Do all tasks of one window as a search does them.

    Gives the significance with each of the statistical errors, None of a failed one.
    """
    quiet = Progress.silent()
    shared = {
        "window": window, "mass": "mass_jj", "folds": folds,
        "features": [f"x{i}" for i in range(features)],
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as directory:
        places = {}
        for name in (*tables, "template", "networks", "scores", "hunt"):
            places[name] = Path(directory) / name
            places[name].mkdir()
        for name, table in tables.items():
            write_event_table(places[name] / TABLE, table)
        given = {name: places[name] for name in tables}
        make_template(places["template"], given, quiet, method=template, preset="cpu",
                      seed=seed, **shared)  # fmt: skip
        train(places["networks"], places, quiet, seeds=seeds, classifier=classifier,
              seed=seed, **shared)  # fmt: skip
        read = {"events": places["data"], "networks": places["networks"]}
        if template == "lacathode":
            read["template"] = places["template"]
        score(places["scores"], read, quiet, **shared)
        found = []
        for error in statistical_errors:
            hunt(places["hunt"], places, quiet, window=window, efficiency=efficiency,
                 ensemble="median", statistical_error=error, blinded=False,
                 high_sideband_min=high_sideband_min,
                 collision_energy_gev=13_000.0)  # fmt: skip
            written = json.loads((places["hunt"] / HUNT).read_text("utf-8"))
            found.append(written.get("significance"))
        return found
