"""Momenta and weights that no kernel accepts, found once at the door."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet.events.coordinates import COORDINATES, SPELLINGS, is_momentum


@dataclass(frozen=True)
class Fault:
    """A momentum field that no kernel accepts, and the events that hold it."""

    collection: str
    field: str
    problem: str
    events: NDArray[np.int64]


def momentum_faults(array: ak.Array) -> Iterator[Fault]:
    """Find non-finite momenta, negative pT and non-finite weights.

    Parameters
    ----------
    array : awkward record array
        One record per event, as in :attr:`Events.array`.

    Yields
    ------
    Fault
        One per collection, field and problem; `events` (int64, increasing, never
        empty) are positions in `array`.
    """
    yield from _field_faults(array["weight"], "weight", "")
    for collection in array.fields:
        records = array[collection]
        if not is_momentum(records):
            continue
        for name in records.fields:
            if name in COORDINATES:
                yield from _field_faults(records[name], collection, name)


def _field_faults(values: ak.Array, collection: str, name: str) -> Iterator[Fault]:
    if _is_plainly_good(values, not_negative=name in SPELLINGS["pt"]):
        return
    problems = {"not a finite number": ~np.isfinite(values)}
    if name in SPELLINGS["pt"]:
        problems["negative"] = values < 0
    for problem, wrong in problems.items():
        if not ak.any(wrong, axis=None):
            continue
        per_event = ak.any(wrong, axis=-1) if wrong.ndim > 1 else wrong
        # A None is the business of columns(), which names it.
        (events,) = np.nonzero(ak.to_numpy(ak.fill_none(per_event, False)))
        yield Fault(collection, name, problem, events)


def _is_plainly_good(values: ak.Array, *, not_negative: bool) -> bool:
    """Look at the numbers in one go, whatever lists they are in."""
    layout = ak.to_layout(values)
    while layout.is_list and not layout.is_regular:
        layout = layout.to_ListOffsetArray64(True)
        layout = layout.content[: layout.offsets[-1]]
    if not layout.is_numpy or layout.purelist_depth != 1:
        return False
    numbers = np.asarray(layout.data)
    return bool(
        np.isfinite(numbers).all() and not (not_negative and (numbers < 0).any())
    )
