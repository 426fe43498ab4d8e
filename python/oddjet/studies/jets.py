"""jets.parquet: the scored jets of a mixture, with what they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["ScoredJets", "read_jets", "write_jets"]

_PREFIX = "jet."


@dataclass(frozen=True)
class ScoredJets:
    """Jets of both regions of one mixture.

    Attributes
    ----------
    in_signal_region : bool, shape (jets,)
        The label that was learnt.
    process : str, shape (jets,)
        Simulation truth.
    score : float32, shape (jets,)
        Mean probability of the signal region, s in [0, 1]; NaN without a score.
    fold : int64, shape (jets,)
    selected : bool, shape (jets,)
        Above the threshold of its fold.
    observables : dict of str to float32, shape (jets,)
        As `oddjet.searches.observables.jet_observables` gives them.
    """

    in_signal_region: NDArray[np.bool_]
    process: NDArray[np.str_]
    score: NDArray[np.float32]
    fold: NDArray[np.int64]
    selected: NDArray[np.bool_]
    observables: dict[str, NDArray[np.float32]]


def write_jets(
    path: Path,
    *,
    in_signal_region: NDArray[np.bool_],
    process: NDArray[np.str_],
    score: NDArray[np.floating],
    fold: NDArray[np.int64],
    selected: NDArray[np.bool_],
    observables: Mapping[str, NDArray[np.float32]],
) -> None:
    """Write the columns of `ScoredJets`."""
    table = pa.table(
        {
            "in_signal_region": in_signal_region,
            "process": pa.array(process.tolist(), pa.string()).dictionary_encode(),
            "score": score.astype(np.float32),
            "fold": fold,
            "selected": selected,
            **{f"{_PREFIX}{name}": column for name, column in observables.items()},
        }
    )
    pq.write_table(table, path, compression="zstd")


def read_jets(path: Path) -> ScoredJets:
    """Read what `write_jets` wrote."""
    table = pq.read_table(path)
    return ScoredJets(
        in_signal_region=table["in_signal_region"].to_numpy(),
        process=np.array(table["process"].to_pylist(), np.str_),
        score=table["score"].to_numpy(),
        fold=table["fold"].to_numpy(),
        selected=table["selected"].to_numpy(),
        observables={
            name.removeprefix(_PREFIX): table[name].to_numpy()
            for name in table.column_names
            if name.startswith(_PREFIX)
        },
    )
