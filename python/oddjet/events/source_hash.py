"""A number that follows from where an event came from, and from nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["mixed", "source_hash"]

_DETECTOR_FIELDS = ("run", "lumi", "event")
_FILE_FIELDS = ("file", "entry")


def source_hash(ids: Any, salt: int) -> NDArray[np.uint64]:
    """Hash the source of each event to 64 bits.

    Not its position in an array, not chunks, weights or truth: copies of an event
    share its source and so its hash.

    Parameters
    ----------
    ids : mapping of integer arrays, or awkward record array
        The collection `id` of the events: file, entry and, where known, run, lumi
        and event, each of shape (events,). The latter three are taken where all are
        known, otherwise the former two.
    salt : int
        In [0, 2**64); different salts give independent numbers.

    Returns
    -------
    uint64, shape (events,)
        The same for ever and on every machine.

    Raises
    ------
    UserError
        Neither all of run, lumi, event nor both file and entry are there.

    Examples
    --------
    >>> ids = {"file": np.zeros(2, np.uint64), "entry": np.arange(2)}
    >>> source_hash(ids, 1) == source_hash({"file": [0, 0], "entry": [0, 1]}, 1)
    array([ True,  True])
    """
    fields = set(ids if isinstance(ids, Mapping) else ids.fields)
    for names in (_DETECTOR_FIELDS, _FILE_FIELDS):
        if fields.issuperset(names):
            break
    else:
        message = (
            "the fold of an event needs its id: run, lumi and event, or file and "
            f"entry; these events have {', '.join(sorted(fields)) or 'none of them'}"
        )
        raise UserError(message)
    state = np.array([salt], np.uint64)
    for name in names:
        state = mixed(state ^ np.asarray(ids[name]).astype(np.uint64))
    return state


def mixed(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread every input bit over all output bits.

    The output function of SplitMix64: Steele, Lea, Flood, "Fast splittable
    pseudorandom number generators", OOPSLA 2014, with Stafford's constants (Mix13).
    Arithmetic of arrays wraps at 2^64, as is meant.

    Parameters
    ----------
    bits : uint64 array

    Returns
    -------
    uint64 array, the same shape
    """
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
