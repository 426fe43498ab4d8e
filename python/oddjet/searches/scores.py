"""scores.parquet: one row a selected event, with where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from oddjet.searches.tensors import ID_FIELDS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True)
class RegionScores:
    """Calibrated scores of the selected events of one region.

    Attributes
    ----------
    score : float32, shape (events,)
        What the search counts with: of the fold that never saw the event; for the
        reserve, which no fold saw, the deployed score. NaN where not scorable.
    deployed : float32, shape (events,)
        Mean over the folds: the score of a new event.
    fold : int64, shape (events,)
        -1 for the reserve, -2 for events that only train.
    weight : float64, shape (events,)
    ids : dict of integer arrays, shape (events,)
    source : str, shape (events,), optional
        Which of several control regions.
    """

    score: NDArray[np.float32]
    deployed: NDArray[np.float32]
    fold: NDArray[np.int64]
    weight: NDArray[np.float64]
    ids: dict[str, NDArray[np.integer]]
    source: NDArray[np.str_] | None = None

    def __len__(self) -> int:
        return len(self.score)

    def in_folds(self) -> RegionScores:
        """Leave out the reserve and what only trains: the events to count."""
        kept = self.fold >= 0
        return RegionScores(
            self.score[kept],
            self.deployed[kept],
            self.fold[kept],
            self.weight[kept],
            {name: column[kept] for name, column in self.ids.items()},
            None if self.source is None else self.source[kept],
        )


def write_scores(path: Path, regions: dict[str, RegionScores]) -> None:
    """Write the scores of the regions, one after the other."""
    pq.write_table(
        pa.concat_tables([_to_table(name, rows) for name, rows in regions.items()]),
        path,
        compression="zstd",
    )


def read_scores(path: Path) -> dict[str, RegionScores]:
    """Read what `write_scores` wrote."""
    table = pq.read_table(path)
    region = table["region"].to_numpy()
    return {
        str(name): _from_table(table.filter(pa.array(region == name)))
        for name in dict.fromkeys(region)
    }


def _to_table(region: str, rows: RegionScores) -> pa.Table:
    size = len(rows)
    ids = {
        name: pa.array(rows.ids[name], pa.uint64() if name == "file" else pa.int64())
        if name in rows.ids
        else pa.nulls(size, pa.int64())
        for name in ID_FIELDS
    }
    return pa.table(
        {
            "region": pa.array([region] * size, pa.string()),
            "source": pa.nulls(size, pa.string())
            if rows.source is None
            else pa.array(rows.source.tolist(), pa.string()),
            **ids,
            "fold": pa.array(rows.fold, pa.int64()),
            "score": pa.array(rows.score, pa.float32()),
            "deployed_score": pa.array(rows.deployed, pa.float32()),
            "weight": pa.array(rows.weight, pa.float64()),
        }
    )


def _from_table(table: pa.Table) -> RegionScores:
    return RegionScores(
        score=table["score"].to_numpy(),
        deployed=table["deployed_score"].to_numpy(),
        fold=table["fold"].to_numpy(),
        weight=table["weight"].to_numpy(),
        ids={
            name: table[name].to_numpy()
            for name in ID_FIELDS
            if table[name].null_count == 0
        },
        source=np.array(table["source"].to_pylist(), np.str_)
        if table["source"].null_count == 0
        else None,
    )
