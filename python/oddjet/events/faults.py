"""Momenta and weights that no kernel accepts, found once at the door."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet.events.coordinates import COORDINATES, SPELLINGS, is_momentum
from oddjet.events.layouts import offset_lists


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
    layout = ak.to_layout(array)  # high-level slices take longer than the numbers
    yield from _field_faults(layout["weight"], "weight", "")
    for collection in layout.fields:
        records = layout[collection]
        if not is_momentum(records):
            continue
        for name in records.fields:
            if name in COORDINATES:
                yield from _field_faults(records[name], collection, name)


def find_bad_events(array: ak.Array) -> NDArray[np.object_]:
    """Say what is wrong with each event, for those who flag events and go on.

    Parameters
    ----------
    array : awkward record array
        One record per event, as in :attr:`Events.array`, for example of events read
        with ``check=False``.

    Returns
    -------
    object (str), shape (events,)
        "" for a good event, else its faults, such as "particles.pt is negative".

    Examples
    --------
    >>> weight = ak.Array([1.0, np.nan])
    >>> find_bad_events(ak.Array({"weight": weight})).tolist()
    ['', 'weight is not a finite number']
    """
    reasons = np.full(len(array), "", object)
    for fault in momentum_faults(array):
        name = ".".join(filter(None, (fault.collection, fault.field)))
        for event in fault.events:
            before = f"{reasons[event]}; " if reasons[event] else ""
            reasons[event] = f"{before}{name} is {fault.problem}"
    return reasons


def _field_faults(layout: Any, collection: str, name: str) -> Iterator[Fault]:
    if _is_plainly_good(layout, not_negative=name in SPELLINGS["pt"]):
        return
    values = ak.Array(layout)
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


def _is_plainly_good(layout: Any, *, not_negative: bool) -> bool:
    """Look at the numbers in one go, whatever lists they are in."""
    while layout.is_list and not layout.is_regular:
        layout = offset_lists(layout)
        layout = layout.content[: layout.offsets[-1]]
    if not layout.is_numpy or layout.purelist_depth != 1:
        return False
    numbers = np.asarray(layout.data)
    if not not_negative or not len(numbers):
        return bool(np.isfinite(numbers).all())
    # A NaN is the least and the greatest of all numbers.
    return bool(numbers.min() >= 0 and numbers.max() < np.inf)
