"""The table between selection and learning: a row an event, and no truth in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

TENSORS = "tensors.parquet"
KINEMATICS = ("jet_pt", "jet_eta", "recoil")
ID_FIELDS = ("file", "entry", "run", "lumi", "event")


@dataclass(frozen=True)
class JetTensors:
    """Leading fat jets of selected events, as a network sees them.

    Attributes
    ----------
    values : float32, shape (events, constituents, features)
        Zero where padded.
    mask : bool, shape (events, constituents)
        True for real constituents; all False where an event has no fat jet.
    weight : float64, shape (events,)
    ids : dict of integer arrays, shape (events,)
        Source of the event: file, entry and, where known, run, lumi, event.
    kinematics : float64, shape (events, 3), optional
        pT [GeV] and eta of the hardest jet, MET or recoil [GeV]: what a control region
        is reweighted in.
    source : str, shape (events,), optional
        Which of several control regions, in a mixture of them; not stored.
    """

    values: NDArray[np.float32]
    mask: NDArray[np.bool_]
    weight: NDArray[np.float64]
    ids: dict[str, NDArray[np.integer]]
    kinematics: NDArray[np.float64] | None = None
    source: NDArray[np.str_] | None = None

    def __len__(self) -> int:
        return len(self.weight)


def write_tensors(
    path: Path, chunks: Iterable[JetTensors], *, shape: tuple[int, int]
) -> int:
    """Write chunks of rows to one Parquet file and return the number of rows.

    `shape` is (constituents, features) of one jet. Constituents come first, so a
    count per jet stands for the mask.
    """
    constituents, features = shape
    id_fields = [pa.field(f"id_{name}", _id_type(name)) for name in ID_FIELDS]
    schema = pa.schema(
        [
            pa.field("values", pa.list_(pa.float32(), constituents * features)),
            pa.field("num_constituents", pa.int32()),
            pa.field("weight", pa.float64()),
            *(pa.field(name, pa.float64()) for name in KINEMATICS),
            *id_fields,
        ],
        metadata={"constituents": str(constituents), "features": str(features)},
    )
    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for chunk in chunks:
            writer.write_table(_to_table(chunk, schema))
            rows += len(chunk)
    return rows


def read_tensors(path: Path) -> JetTensors:
    """Read what `write_tensors` wrote."""
    table = pq.read_table(path).combine_chunks()
    metadata = table.schema.metadata
    shape = (int(metadata[b"constituents"]), int(metadata[b"features"]))
    flat = table["values"].combine_chunks().flatten().to_numpy()
    counts = table["num_constituents"].to_numpy()
    return JetTensors(
        values=flat.reshape(len(table), *shape),
        mask=np.arange(shape[0]) < counts[:, np.newaxis],
        weight=table["weight"].to_numpy(),
        ids={
            name: table[f"id_{name}"].to_numpy()
            for name in ID_FIELDS
            if table[f"id_{name}"].null_count == 0
        },
        kinematics=_kinematics(table),
    )


def _kinematics(table: pa.Table) -> NDArray[np.float64] | None:
    if any(table[name].null_count for name in KINEMATICS):
        return None
    return np.stack([table[name].to_numpy() for name in KINEMATICS], axis=1)


def _id_type(name: str) -> pa.DataType:
    return pa.uint64() if name == "file" else pa.int64()


def _to_table(chunk: JetTensors, schema: pa.Schema) -> pa.Table:
    width = schema.field("values").type.list_size
    flat = pa.array(np.ascontiguousarray(chunk.values).reshape(-1))
    # A source without run numbers keeps nulls: absent means absent, never zero.
    ids = {
        f"id_{name}": pa.array(chunk.ids[name], _id_type(name))
        if name in chunk.ids
        else pa.nulls(len(chunk), _id_type(name))
        for name in ID_FIELDS
    }
    columns = {
        "values": pa.FixedSizeListArray.from_arrays(flat, width),
        "num_constituents": pa.array(chunk.mask.sum(axis=1), pa.int32()),
        "weight": pa.array(chunk.weight, pa.float64()),
        **_kinematic_columns(chunk),
        **ids,
    }
    return pa.table(columns, schema=schema)


def _kinematic_columns(chunk: JetTensors) -> dict[str, pa.Array]:
    if chunk.kinematics is None:
        return {name: pa.nulls(len(chunk), pa.float64()) for name in KINEMATICS}
    columns = np.ascontiguousarray(chunk.kinematics.T)
    return {name: pa.array(c) for name, c in zip(KINEMATICS, columns, strict=True)}
