"""Friend rows in Parquet: the same bytes for the same rows, whatever the chunks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

# The same for every file, so that its bytes do not depend on chunks.
_ROW_GROUP_ROWS = 1 << 16


class ParquetRows:
    """An open Parquet file that takes rows."""

    def __init__(self, path: Path, columns: dict[str, NDArray[Any]]) -> None:
        self._schema = _table(columns).schema
        self._waiting = self._schema.empty_table()
        self._file = pq.ParquetWriter(
            path, self._schema, compression="zstd", write_page_checksum=True
        )
        self._is_empty = True

    def write(self, columns: dict[str, NDArray[Any]]) -> None:
        """Append rows; whole row groups go to the file."""
        self._waiting = pa.concat_tables([self._waiting, _table(columns)])
        while len(self._waiting) >= _ROW_GROUP_ROWS:
            self._flush(self._waiting[:_ROW_GROUP_ROWS])
            self._waiting = self._waiting[_ROW_GROUP_ROWS:]

    def close(self) -> None:
        """Write what waits, and the footer."""
        if len(self._waiting) or self._is_empty:
            self._flush(self._waiting)
        self._file.close()

    def _flush(self, table: pa.Table) -> None:
        self._file.write_table(table.combine_chunks(), _ROW_GROUP_ROWS)
        self._is_empty = False


def _table(columns: dict[str, NDArray[Any]]) -> pa.Table:
    arrays = {}
    for name, values in columns.items():
        if values.dtype.kind in "USO":
            arrays[name] = pa.array(values.tolist(), pa.string())
        elif values.ndim == 2:
            flat = pa.array(values.reshape(-1))
            arrays[name] = pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
        else:
            arrays[name] = pa.array(values)
    return pa.table(arrays)
