"""Parquet files of others, as a table of columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from oddjet.io.paths import Location
from oddjet.io.readers.parquet import (
    bytes_per_value,
    check_magic,
    damage_named,
    opened,
    row_groups_of,
)
from oddjet.io.readers.table import Table

_BATCH_ROWS = 1024


class ParquetTable(Table):
    """The top-level columns of a Parquet file."""

    container = "Parquet"
    name = ""

    def __init__(self, path: Location) -> None:
        self.path = path
        check_magic(path)
        with damage_named(path):
            self._file: pq.ParquetFile = opened(path)
            self.num_rows = self._file.metadata.num_rows
            self.names = tuple(self._file.schema_arrow.names)

    def read(
        self, names: Sequence[str], start: int, stop: int
    ) -> Mapping[str, ak.Array]:
        """Read rows [start, stop) of columns."""
        groups, row = row_groups_of(self._file, start, stop)
        parts = []
        with damage_named(self.path):
            for batch in self._file.iter_batches(
                _BATCH_ROWS, row_groups=groups, columns=list(names), use_threads=False
            ):
                begin, end = max(start - row, 0), min(stop - row, len(batch))
                if begin < end:
                    parts.append(batch.slice(begin, end - begin))
                row += len(batch)
            if parts:
                table = pa.Table.from_batches(parts)
            else:
                table = self._file.read_row_groups([], columns=list(names))
            return {name: _column(table[name]) for name in names}

    def bytes_per_row(self, names: Sequence[str]) -> float:
        """Estimate the memory of a row from the footer."""
        wanted, total = set(names), 0
        for group in range(self._file.metadata.num_row_groups):
            rows = self._file.metadata.row_group(group)
            for column in map(rows.column, range(rows.num_columns)):
                if column.path_in_schema.partition(".")[0] in wanted:
                    total += bytes_per_value(column) * column.num_values
        return total / max(1, self.num_rows)

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


def _column(column: pa.ChunkedArray) -> ak.Array:
    """Convert a column; option types without a None go, as no other reader has them."""
    array = ak.to_packed(ak.from_arrow(column))
    if not ak.any(ak.is_none(array, axis=-1), axis=None):
        return _without_options(array)
    return array


def _without_options(array: ak.Array) -> ak.Array:
    def drop(layout: ak.contents.Content, **_: object) -> ak.contents.Content | None:
        if layout.is_option:
            missing = np.asarray(layout.mask_as_bool(valid_when=False))
            if not missing.any():
                return layout.project()
        return None

    return ak.transform(drop, array)
