"""Ways to make a field from branches that several formats share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet.events.layouts import offset_lists
from oddjet.io.lists import join_lists, repeated
from oddjet.io.readers.layout import Arrays, Field

#: A branch, or a number that every object has.
BranchOrValue = str | float


def merged(
    collection: str, parts: Sequence[Mapping[str, BranchOrValue]]
) -> list[Field]:
    """Put the objects of several branches one after the other in each event.

    Parameters
    ----------
    collection : str
    parts : sequence of mappings
        For each source its fields: a branch, or one number for all. "pt" must be a
        branch. Fields that not every source has are left out: absent is not zero.

    Returns
    -------
    list of Field
    """
    if not parts:
        return []
    names = [name for name in parts[0] if all(name in part for part in parts)]
    return [_merged_field(f"{collection}.{name}", name, parts) for name in names]


def _merged_field(
    full_name: str, name: str, parts: Sequence[Mapping[str, BranchOrValue]]
) -> Field:
    values = [part[name] for part in parts]
    anchors = [str(part["pt"]) for part in parts]
    branches = [
        value if isinstance(value, str) else anchor
        for value, anchor in zip(values, anchors, strict=True)
    ]

    def make(arrays: Arrays) -> ak.Array:
        dtype = _dtype(values, arrays)
        lists = [
            flat_lists(arrays[value])
            if isinstance(value, str)
            else (flat_lists(arrays[anchor])[0], dtype.type(value))
            for value, anchor in zip(values, anchors, strict=True)
        ]
        return as_lists(*join_lists(lists))

    return Field(full_name, tuple(dict.fromkeys(branches)), make)


def flat_lists(array: ak.Array) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Give lists as offsets that start at 0 and one flat array of numbers."""
    layout = offset_lists(ak.to_layout(array))
    offsets = np.asarray(layout.offsets.data)
    return offsets, np.asarray(layout.content[: offsets[-1]].data)


def as_lists(offsets: NDArray[np.int64], numbers: NDArray[Any]) -> ak.Array:
    """Give offsets and flat numbers as lists; the inverse of `flat_lists`."""
    content = ak.contents.NumpyArray(numbers)
    return ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(offsets), content))


def flat_map(
    function: Callable[..., NDArray[np.generic]], *lists: ak.Array
) -> ak.Array:
    """Apply a function of numbers to lists of equal lengths.

    Raises
    ------
    ValueError
        Different lengths.
    """
    flat = [flat_lists(array) for array in lists]
    offsets = flat[0][0]
    if not all(np.array_equal(offsets, other) for other, _ in flat):
        message = "branches of one collection have different numbers of objects"
        raise ValueError(message)
    return as_lists(offsets, function(*(numbers for _, numbers in flat)))


def _dtype(values: Sequence[BranchOrValue], arrays: Arrays) -> np.dtype[np.generic]:
    """Choose the type of constants: that of the branches beside them."""
    for value in values:
        if isinstance(value, str):
            return np.dtype(leaf_dtype(arrays[value]))
    is_integer = all(isinstance(value, int) for value in values)
    return np.dtype(np.int32 if is_integer else np.float32)


def leaf_dtype(array: ak.Array) -> np.dtype[np.generic]:
    """Return the type of the numbers in nested lists."""
    layout = ak.to_layout(array)
    while not layout.is_numpy:
        if layout.is_unknown:
            return np.dtype(np.float64)
        layout = layout.content
    dtype: np.dtype[np.generic] = np.dtype(layout.dtype)
    return dtype


def constant(
    like: ak.Array, value: float, dtype: np.dtype[np.generic] | type
) -> ak.Array:
    """Give every object of `like` the same value."""
    layout = offset_lists(ak.to_layout(like))
    offsets = np.asarray(layout.offsets.data)
    return as_lists(offsets, repeated(value, int(offsets[-1]), dtype))


def first_of(name: str, branch: str) -> Field:
    """Take the only value of lists that hold exactly one (Delphes: MissingET)."""

    def make(arrays: Arrays) -> NDArray[np.generic]:
        array = arrays[branch]
        if array.ndim == 1:
            return _numbers(array)
        counts = ak.to_numpy(ak.num(array))
        if (counts < 1).any():
            event = int(np.argmax(counts < 1))
            message = f"{branch} holds nothing in the event at position {event}"
            raise ValueError(message)
        return _numbers(array[:, 0])

    return Field(name, (branch,), make)


def padded_first(name: str, branch: str) -> Field:
    """Take the first value of each list, 1 where the list is empty."""

    def make(arrays: Arrays) -> NDArray[np.generic]:
        firsts = ak.firsts(arrays[branch])
        return _numbers(ak.fill_none(firsts, 1.0))

    return Field(name, (branch,), make)


def counted(name: str, branch: str) -> Field:
    """Count the objects of a branch in each event."""
    return Field(name, (branch,), lambda arrays: ak.num(arrays[branch]))


def everywhere(name: str, branch: str, value: bool) -> Field:
    """Say the same of every event that a branch has."""
    return Field(name, (branch,), lambda arrays: np.full(len(arrays[branch]), value))


def _numbers(array: ak.Array) -> NDArray[np.generic]:
    values: NDArray[np.generic] = ak.to_numpy(array)
    return values


def from_padded(values: NDArray[np.generic], keep: NDArray[np.bool_]) -> ak.Array:
    """Turn rows of a fixed length into lists without their padding.

    Parameters
    ----------
    values : shape (events, slots)
    keep : bool, shape (events, slots)
        False is padding.
    """
    offsets = np.zeros(len(values) + 1, np.int64)
    np.cumsum(keep.sum(axis=1), out=offsets[1:])
    return as_lists(offsets, values[keep])
