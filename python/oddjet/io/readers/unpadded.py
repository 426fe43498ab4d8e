"""Wide rows of an HDF5 dataset as lists: the padding goes while they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import awkward as ak
import numpy as np

from oddjet.io.lists import Unpadded
from oddjet.io.readers.damage import damage_named
from oddjet.io.readers.fields import as_lists
from oddjet.io.readers.hdf5_table import Hdf5Table
from oddjet.io.readers.table import Table

# Rows that stay in the cache of a core until their slots are taken.
_PIECE_BYTES = 1 << 20


class UnpaddedTable(Table):
    """The filled slots of the rows of one dataset, and its other columns.

    Parameters
    ----------
    table : Hdf5Table
        Closed with this one; its columns keep their names.
    block : str
        The dataset, of rows of at least slots * numbers.
    numbers : sequence of str
        Names for the numbers of a slot, the first of which is zero in padding.
    slots : int
    rest : mapping of str to int
        Names for numbers behind the slots, and where they are in a row.
    """

    container = "HDF5"

    def __init__(
        self,
        table: Hdf5Table,
        block: str,
        *,
        numbers: Sequence[str],
        slots: int,
        rest: Mapping[str, int] | None = None,
    ) -> None:
        self.path, self.name, self.num_rows = table.path, table.name, table.num_rows
        self._table, self._block, self._slots = table, block, slots
        self._numbers, self._rest = tuple(numbers), dict(rest or {})
        self.names = (*self._numbers, *self._rest, *table.names)

    def read(
        self, names: Sequence[str], start: int, stop: int
    ) -> Mapping[str, ak.Array]:
        """Read rows [start, stop) of columns."""
        others = [name for name in names if name in self._table.known]
        arrays = dict(self._table.read(others, start, stop))
        if len(others) < len(names):
            with damage_named(self.path, self._block):
                arrays |= self._unpadded(start, stop)
        return {name: arrays[name] for name in names}

    def bytes_per_row(self, names: Sequence[str]) -> float:
        """Say the memory of a row, padding included: where it fills all slots."""
        known = [name for name in names if name in self._table.known]
        if len(known) < len(names):
            known.append(self._block)
        return self._table.bytes_per_row(list(dict.fromkeys(known)))

    def close(self) -> None:
        """Give the file back."""
        self._table.close()

    def _unpadded(self, start: int, stop: int) -> dict[str, ak.Array]:
        rows, dtype = stop - start, self._table.dtype(self._block)
        unpadded = Unpadded(
            rows, slots=self._slots, numbers=len(self._numbers), dtype=dtype
        )
        rest = {name: np.empty(rows, dtype) for name in self._rest}
        done = 0
        for piece in self._table.pieces(self._block, start, stop, _PIECE_BYTES):
            unpadded.add(piece)
            for name, position in self._rest.items():
                rest[name][done : done + len(piece)] = piece[:, position]
            done += len(piece)
        offsets, columns = unpadded.lists()
        arrays = {name: ak.Array(values) for name, values in rest.items()}
        for name, column in zip(self._numbers, columns, strict=True):
            arrays[name] = as_lists(offsets, column)
        return arrays
