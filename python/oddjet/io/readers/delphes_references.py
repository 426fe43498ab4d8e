"""References of Delphes (TRef) as positions in the collection they point to."""

from __future__ import annotations

from collections.abc import Sequence

import awkward as ak
import numpy as np
from numpy.typing import NDArray

# Some files carry the process in the high byte of fUniqueID and not of the references.
_OBJECT = 0xFFFFFF
#: Position of an object that was not saved.
NOWHERE = -1


def reference_index(references: ak.Array, ids: Sequence[ak.Array]) -> ak.Array:
    """Find the objects that references point to, in their own event.

    Parameters
    ----------
    references : awkward array, type events * var * TRefArray
        As uproot reads the branch "Jet.Constituents".
    ids : sequence of awkward arrays, each of type events * var * uint32
        `fUniqueID` of the collections that are put one after the other.

    Returns
    -------
    awkward array, type events * var * var * int64
        Positions among the objects of the event, -1 for an object that is in none
        of the collections.

    Examples
    --------
    >>> references = ak.Array([[{"refs": [7, 5]}], []])
    >>> tracks, photons = ak.Array([[0x1000005], [1]]), ak.Array([[7], []])
    >>> reference_index(references, [tracks, photons]).to_list()
    [[[1, 0]], []]
    """
    refs = references["refs"]
    joined = ids[0] if len(ids) == 1 else ak.concatenate(list(ids), axis=1)
    per_jet = ak.to_numpy(ak.flatten(ak.num(refs, axis=2), axis=1))
    jets = ak.num(refs, axis=1)
    flat = _object(ak.flatten(refs, axis=None))
    per_event = ak.to_numpy(ak.sum(ak.num(refs, axis=2), axis=1))
    event_of = np.repeat(np.arange(len(refs)), per_event)
    found = _positions(flat, event_of, joined)
    return ak.unflatten(ak.unflatten(found, per_jet), jets)


def _object(values: ak.Array) -> NDArray[np.int64]:
    numbers: NDArray[np.int64] = ak.to_numpy(values).astype(np.int64)
    return numbers & _OBJECT


def _positions(
    wanted: NDArray[np.int64], event: NDArray[np.int64], ids: ak.Array
) -> NDArray[np.int64]:
    """Look numbers up among those of the same event; one sort for all events."""
    counts = ak.to_numpy(ak.num(ids))
    owner = np.repeat(np.arange(len(ids)), counts)
    starts = np.cumsum(counts) - counts
    key = (owner << 24) | _object(ak.flatten(ids))
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    sought = (event << 24) | wanted
    at = np.searchsorted(ordered, sought)
    at_safe = np.minimum(at, max(len(ordered) - 1, 0))
    if not len(ordered):
        return np.full(len(wanted), NOWHERE, np.int64)
    is_there = ordered[at_safe] == sought
    position = order[at_safe] - starts[event]
    return np.where(is_there, position, NOWHERE)
