"""Files of NumPy as tables: the arrays of an .npz, or the one of an .npy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet.io.paths import Location, open_binary
from oddjet.io.readers.damage import damage_named
from oddjet.io.readers.table import Table
from oddjet.runs.errors import UserError

#: What the array of an .npy, which has no name, is called.
ONLY_COLUMN = "values"


class NumpyTable(Table):
    """Arrays that have one length; a row of more dimensions is a fixed-length list.

    Half precision becomes single, which every kernel takes.
    """

    container = "NumPy"
    name = ""

    def __init__(self, path: Location, arrays: dict[str, NDArray[Any]]) -> None:
        self.path = path
        self._arrays = arrays
        self.names = tuple(arrays)
        self.num_rows = len(next(iter(arrays.values())))

    def read(
        self, names: Sequence[str], start: int, stop: int
    ) -> Mapping[str, ak.Array]:
        """Read rows [start, stop) of arrays."""
        arrays = {}
        for name in names:
            rows = self._arrays[name][start:stop]
            dtype = np.dtype(np.float32 if rows.dtype == np.float16 else rows.dtype)
            plain = np.array(rows, dtype.newbyteorder("="), order="C")
            arrays[name] = ak.Array(ak.contents.NumpyArray(plain))
        return arrays

    def bytes_per_row(self, names: Sequence[str]) -> float:
        """Say the memory of a row, which the types tell."""
        return sum(self._arrays[name].nbytes for name in names) / max(1, self.num_rows)

    def close(self) -> None:
        """Give the memory back."""
        self._arrays = {}


def open_numpy(location: Location) -> list[Table]:
    """Load a file of NumPy as tables, one for each number of rows, the widest first.

    It is held as a whole, since a compressed array cannot be read in part: other
    formats suit samples that do not fit into memory.

    Raises
    ------
    UserError
        Damaged (an .npz has checksums), or without an array of numbers.
    """
    with damage_named(location), open_binary(location) as source:
        loaded = np.load(source, allow_pickle=False)  # a pickle may be a program
        if isinstance(loaded, np.ndarray):
            loaded = {ONLY_COLUMN: loaded}
        arrays = {name: loaded[name] for name in loaded}
    by_length: dict[int, dict[str, NDArray[Any]]] = {}
    for name, array in arrays.items():
        if array.ndim and array.dtype.kind in "biuf":
            by_length.setdefault(len(array), {})[name] = array
    if not by_length:
        message = f"{location} holds no array of numbers, so no events"
        raise UserError(message)
    ordered = sorted(by_length.values(), key=lambda arrays: -len(arrays))
    return [NumpyTable(location, arrays) for arrays in ordered]
