"""HDF5 files as tables: datasets of one length, and the blocks of pandas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet.io.paths import Location, Remote
from oddjet.io.readers.damage import damage_named
from oddjet.io.readers.table import Table
from oddjet.runs.errors import UserError


class Hdf5Table(Table):
    """Datasets of an HDF5 file that have the same number of rows.

    The columns are the paths of the datasets; a field of a compound dataset follows
    after a dot ("table/table.values_block_0").
    """

    container = "HDF5"
    name = ""

    def __init__(self, path: Location, file: Any, datasets: dict[str, Any]) -> None:
        self.path = path
        self.file = file
        self.num_rows = len(next(iter(datasets.values())))
        self._columns: dict[str, tuple[Any, str | None]] = {}
        for name, dataset in datasets.items():
            if dataset.dtype.names is None:
                self._columns[name] = (dataset, None)
            else:
                for field in dataset.dtype.names:
                    self._columns[f"{name}.{field}"] = (dataset, field)
        self.names = tuple(self._columns)

    def read(
        self, names: Sequence[str], start: int, stop: int
    ) -> Mapping[str, ak.Array]:
        """Read rows [start, stop) of datasets; one of more dimensions gives lists."""
        arrays = {}
        for name in names:
            dataset, field = self._columns[name]
            with damage_named(self.path, name):
                source = dataset if field is None else dataset.fields(field)
                values = source[start:stop]
                if len(values) != stop - start:
                    message = f"{len(values)} rows instead of {stop - start}"
                    raise ValueError(message)
                arrays[name] = _as_array(values)
        return arrays

    def bytes_per_row(self, names: Sequence[str]) -> float:
        """Say the memory of a row, which the types tell."""
        total = 0
        for name in names:
            dataset, field = self._columns[name]
            dtype = dataset.dtype if field is None else dataset.dtype[field]
            total += dtype.itemsize * int(np.prod(dataset.shape[1:], dtype=np.int64))
        return float(total)

    def pieces(
        self, name: str, start: int, stop: int, piece_bytes: int
    ) -> Iterator[NDArray[Any]]:
        """Read rows [start, stop) of a wide column, each piece over the one before.

        Parameters
        ----------
        name : str
        start, stop : int
        piece_bytes : int
            About the size of a piece, which is of whole chunks of the file: a part
            of a chunk would decompress all of it.

        Yields
        ------
        shape (rows, width)
            Contiguous, in the byte order of this machine.
        """
        dataset, field = self._columns[name]
        dtype, width = self.dtype(name), self.width(name)
        rows = max(1, piece_bytes // (dtype.itemsize * width))
        if dataset.chunks is not None:
            rows = dataset.chunks[0] * max(1, rows // dataset.chunks[0])
        buffer = np.empty((min(rows, stop - start), width), dtype)
        while start < stop:
            end = min(stop, (start // rows + 1) * rows)
            piece = buffer[: end - start]
            if field is None:
                dataset.read_direct(piece, np.s_[start:end])
            else:
                piece[...] = dataset.fields(field)[start:end]
            yield piece
            start = end

    def dtype(self, name: str) -> np.dtype[Any]:
        """Tell the type of the numbers of a column, in this machine's byte order."""
        dataset, field = self._columns[name]
        dtype = dataset.dtype if field is None else dataset.dtype[field].base
        native: np.dtype[Any] = dtype.newbyteorder("=")
        return native

    def width(self, name: str) -> int:
        """Count the numbers in a row of a column: 1 for plain columns."""
        dataset, field = self._columns[name]
        shape = dataset.shape[1:]
        if field is not None:
            shape = (*shape, *dataset.dtype[field].shape)
        return int(np.prod(shape, dtype=np.int64))

    def items(self, group: str) -> list[str]:
        """List the names that pandas keeps for the columns of a fixed block."""
        for name in (f"{group}/block0_items", f"{group}/axis0"):
            if name in self.file:
                values = self.file[name][:]
                if values.dtype.kind == "S":
                    return [value.decode("utf-8", "replace") for value in values]
        return []

    def close(self) -> None:
        """Give the file back."""
        self.file.close()


def _as_array(values: Any) -> ak.Array:
    if values.dtype.kind in "OSU":
        return ak.Array(values.tolist())
    if values.dtype.byteorder == ">":
        values = values.astype(values.dtype.newbyteorder("="))
    return ak.Array(ak.contents.NumpyArray(np.ascontiguousarray(values)))


def open_hdf5(location: Location) -> list[Table]:
    """Open an HDF5 file as tables, one for each number of rows, the most data first.

    Raises
    ------
    UserError
        Damaged, or without datasets.
    """
    import h5py
    import hdf5plugin  # noqa: F401 - the Blosc, LZ4 and Zstd filters of other writers

    with damage_named(location):
        source = location.open() if isinstance(location, Remote) else location
        file = h5py.File(source, "r")
    by_length: dict[int, dict[str, Any]] = {}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.shape:
            by_length.setdefault(item.shape[0], {})[name] = item

    with damage_named(location):
        file.visititems(visit)
    if not by_length:
        file.close()
        message = f"{location} holds no dataset, so no events"
        raise UserError(message)
    sizes = {
        length: sum(dataset.size * dataset.dtype.itemsize for dataset in group.values())
        for length, group in by_length.items()
    }
    ordered = sorted(by_length, key=lambda length: -sizes[length])
    with damage_named(location):
        return [Hdf5Table(location, file, by_length[length]) for length in ordered]
