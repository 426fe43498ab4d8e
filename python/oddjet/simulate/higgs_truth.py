"""Where the b quarks of two Higgs bosons went: the truth about their pairing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import awkward as ak
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["QUARK_COLUMNS", "higgs_quarks"]

HIGGS, BOTTOM, OUTGOING_OF_DECAY = 25, 5, -23

#: Of the quarks 1 and 2 of one Higgs boson, 3 and 4 of the other.
QUARK_COLUMNS = tuple(
    f"quark_{name}_{place}" for place in range(1, 5) for name in ("eta", "phi")
)


def higgs_quarks(records: ak.Array) -> dict[str, NDArray[np.float32]]:
    """Take the directions of the b quarks of h h -> b b b b, as the bosons decay.

    Parameters
    ----------
    records : awkward array
        `prt` of what `Pythia.nextBatch` returns.

    Returns
    -------
    dict of name to float32, shape (events,)
        `QUARK_COLUMNS`; NaN where an event has no two such decays.
    """
    mother = records.id[ak.values_astype(records.mother1, np.int64)]
    is_quark = (np.abs(records.id) == BOTTOM) & (records.status == OUTGOING_OF_DECAY)
    quarks = records[is_quark & (mother == HIGGS)]
    # Quarks of one boson side by side, whichever comes first.
    quarks = quarks[ak.argsort(quarks.mother1, axis=1, stable=True)]
    complete = ak.to_numpy(ak.num(quarks) == 4)
    four = quarks[complete]
    px, py, pz = (four.p[axis] for axis in ("px", "py", "pz"))
    values = {"eta": np.arcsinh(pz / np.hypot(px, py)), "phi": np.arctan2(py, px)}
    columns = {}
    for column in QUARK_COLUMNS:
        _, name, place = column.split("_")
        filled = np.full(len(records), np.nan, np.float32)
        filled[complete] = ak.to_numpy(values[name][:, int(place) - 1])
        columns[column] = filled
    return columns
