"""The top-tagging reference data: one jet a row, 200 four-momenta, zero padded."""

from __future__ import annotations

import awkward as ak
import numpy as np

from oddjet.io.readers.fields import from_padded
from oddjet.io.readers.hdf5_table import Hdf5Table
from oddjet.io.readers.layout import Arrays, Field, Layout, copied
from oddjet.io.readers.table import Table
from oddjet.io.readers.unpadded import UnpaddedTable

NAME = "top_tagging"

_SLOTS = 200
_MOMENTA = {"energy": "E", "px": "PX", "py": "PY", "pz": "PZ"}
_BLOCK, _INTEGERS = "table/table.values_block_0", "table/table.values_block_1"
# The block: 200 times (E, PX, PY, PZ), then those of the true top quark.
_BLOCK_WIDTH = 4 * _SLOTS + 4


def layout(table: Table) -> Layout | None:
    """Map the top-tagging data (Kasieczka et al., arXiv:1902.09914) to events.

    `particles` are the constituents of the jet, padding left out; `is_signal_new` is
    `truth.signal`. Both the HDF5 table of pandas and Parquet with one column a number
    are known.

    Returns
    -------
    Layout or None
        None if the table is not of top tagging.
    """
    if isinstance(table, Hdf5Table) and _BLOCK in table.known:
        if table.width(_BLOCK) != _BLOCK_WIDTH:
            return None
        return _of_block(table, has_label=_INTEGERS in table.known)
    if {"E_0", "PX_0", "PY_0", "PZ_0"} <= table.known:
        return _of_columns(table)
    return None


def _of_block(table: Hdf5Table, *, has_label: bool) -> Layout:
    rows = UnpaddedTable(table, _BLOCK, numbers=tuple(_MOMENTA), slots=_SLOTS)
    fields = [copied(f"particles.{name}", name) for name in _MOMENTA]
    if has_label:  # (ttv, is_signal_new)
        fields.append(
            Field(
                "truth.signal",
                (_INTEGERS,),
                lambda a: np.asarray(ak.to_layout(a[_INTEGERS]).data)[:, 1] > 0,
            )
        )
    return Layout(tuple(fields), role="mc", records_role=True, table=rows)


def _of_columns(table: Table) -> Layout:
    slots = sum(f"E_{slot}" in table.known for slot in range(_SLOTS))

    def make(stem: str) -> Field:
        names = tuple(f"{stem}_{slot}" for slot in range(slots))
        energies = tuple(f"E_{slot}" for slot in range(slots))

        def values(arrays: Arrays) -> ak.Array:
            stacked = np.stack([ak.to_numpy(arrays[name]) for name in names], axis=1)
            filled = np.stack([ak.to_numpy(arrays[n]) for n in energies], axis=1) != 0
            return from_padded(stacked, filled)

        field = next(name for name, spelt in _MOMENTA.items() if spelt == stem)
        branches = tuple(dict.fromkeys((*names, *energies)))
        return Field(f"particles.{field}", branches, values)

    fields = [make(stem) for stem in _MOMENTA.values()]
    if "is_signal_new" in table.known:
        fields.append(
            Field(
                "truth.signal",
                ("is_signal_new",),
                lambda a: ak.to_numpy(a["is_signal_new"]) > 0,
            )
        )
    return Layout(tuple(fields), role="mc", records_role=True)
