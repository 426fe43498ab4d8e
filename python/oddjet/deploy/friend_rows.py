"""What scoring says about each event, as rows beside the events of the input."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from oddjet.io.writers.friend import Kind, write_friend
from oddjet.runs.atomic import atomic_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from oddjet.events import Events

__all__ = ["friend_schema", "friend_table", "join_friends", "write_friends"]

# The same for every file, so that its bytes do not depend on chunks.
ROW_GROUP_ROWS = 1 << 16
ID_TYPES = {"file": pa.uint64(), "run": pa.int64(), "lumi": pa.int64()}


def friend_schema(
    folds: int, id_fields: Sequence[str], *, selection: bool
) -> pa.Schema:
    """Give the columns of friend rows.

    Parameters
    ----------
    folds : int
        Networks of the model.
    id_fields : sequence of str
        What the events have in `id`.
    selection : bool
        Whether there is a working point.

    Returns
    -------
    pyarrow.Schema
        ``id_file``, ``id_entry`` and other ids; ``score`` (float32, NaN where there is
        none), ``fold_scores`` (a list of that many), ``status`` and, with a working
        point, ``selected``.
    """
    fields = [
        pa.field(f"id_{name}", ID_TYPES.get(name, pa.int64()), nullable=False)
        for name in ("file", "entry", *sorted(set(id_fields) - {"file", "entry"}))
    ]
    fields += [
        pa.field("score", pa.float32(), nullable=False),
        pa.field("fold_scores", pa.list_(pa.float32(), folds), nullable=False),
        pa.field("status", pa.string(), nullable=False),
    ]
    if selection:
        fields.append(pa.field("selected", pa.bool_(), nullable=False))
    return pa.schema(fields)


def friend_table(
    events: Events, scores: ak.Array, schema: pa.Schema, threshold: float | None
) -> pa.Table:
    """Make the rows of some events.

    Parameters
    ----------
    events : Events
    scores : awkward record array
        What `Scorer.score` gave for them.
    schema : pyarrow.Schema
    threshold : float, optional
        Of the working point.

    Returns
    -------
    pyarrow.Table
        One row an event, in their order.
    """
    score = scores.score.to_numpy()
    folds = schema.field("fold_scores").type.list_size
    flat = np.ascontiguousarray(scores.fold_scores.to_numpy()).reshape(-1)
    columns: dict[str, Any] = {
        "score": pa.array(score),
        "fold_scores": pa.FixedSizeListArray.from_arrays(pa.array(flat), folds),
        "status": ak.to_arrow(scores.status, extensionarray=False),
    }
    if threshold is not None:
        columns["selected"] = pa.array(score > threshold)
    for field in schema:
        if field.name.startswith("id_"):
            ids = events.array.id[field.name.removeprefix("id_")]
            columns[field.name] = pa.array(np.asarray(ids), field.type)
    return pa.table(columns).select(schema.names).cast(schema)


def write_friends(path: Path, tables: Iterable[pa.Table], schema: pa.Schema) -> int:
    """Write rows to a Parquet file and count them; memory does not grow with them.

    Rows are put into groups of one size, so that equal rows give equal bytes.
    """
    rows = 0
    waiting = schema.empty_table()
    with (
        atomic_path(path) as temporary,
        pq.ParquetWriter(temporary, schema, compression="zstd") as writer,
    ):
        for table in tables:
            rows += len(table)
            waiting = pa.concat_tables([waiting, table])
            while len(waiting) >= ROW_GROUP_ROWS:
                writer.write_table(waiting[:ROW_GROUP_ROWS], ROW_GROUP_ROWS)
                waiting = waiting[ROW_GROUP_ROWS:]
        if len(waiting) or not rows:
            writer.write_table(waiting.combine_chunks(), ROW_GROUP_ROWS)
    return rows


def join_friends(path: Path, parts: Sequence[Path], kind: Kind = "parquet") -> int:
    """Write the rows of several files, in order, to one; count them.

    Equal rows give equal bytes only in Parquet: a ROOT file has a date in it.
    """
    schema = pq.read_schema(parts[0])

    def tables() -> Iterable[pa.Table]:
        for part in parts:
            with pq.ParquetFile(part) as file:
                for batch in file.iter_batches(ROW_GROUP_ROWS):
                    yield pa.Table.from_batches([batch], schema)

    if kind == "parquet":
        return write_friends(path, tables(), schema)
    # Columns are known from the first chunk, also where there are no rows.
    return write_friend(path, chain([schema.empty_table()], tables()), kind=kind)
