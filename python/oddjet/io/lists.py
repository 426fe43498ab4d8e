"""Lists of numbers put together or taken out of padding, as plain NumPy arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oddjet import _core

#: Offsets that start at 0, and the flat numbers.
Lists = tuple[NDArray[np.int64], NDArray[Any]]


def join_lists(sources: Sequence[tuple[NDArray[np.int64], Any]]) -> Lists:
    """Put the lists of several sources one after the other, event by event.

    Parameters
    ----------
    sources : sequence of (offsets, values)
        int64, shape (events + 1,), and numbers of one type: shape (offsets[-1],), or
        one NumPy scalar that is the value of all; at least one source.

    Returns
    -------
    offsets : int64, shape (events + 1,)
        The sums of those of the sources.
    values : shape (offsets[-1],)
        The very array of the source, where there is only one.

    Raises
    ------
    ValueError
        Different numbers of events, or offsets and values that do not fit together.

    Examples
    --------
    >>> tracks = np.array([0, 1, 3]), np.array([1, 2, 3])
    >>> photons = np.array([0, 1, 1]), np.int64(0)
    >>> join_lists([tracks, photons])
    (array([0, 2, 4]), array([1, 0, 2, 3]))
    """
    values = [value for _, value in sources]
    if len(values) == 1 and np.ndim(values[0]) == 1:
        return sources[0]
    offsets = [offset for offset, _ in sources]
    total = sum(offsets[1:], start=offsets[0])
    if all(np.ndim(value) == 0 and value == values[0] for value in values):
        return total, repeated(values[0], int(total[-1]), values[0].dtype)
    dtype = np.result_type(*values)
    plain = [np.asarray(value, dtype, order="C") for value in values]
    return total, _core.join_lists(sources=list(zip(offsets, plain, strict=True)))


def repeated(value: float, size: int, dtype: Any) -> NDArray[Any]:
    """Give an array of one value; one of zeros takes no memory until it is read."""
    return np.full(size, value, dtype) if value else np.zeros(size, dtype)


class Unpadded:
    """Collects the filled slots of padded rows, piece by piece.

    A slot is filled if its first number is not zero. Pieces that fit into a cache are
    read from it once more, not from memory.

    Parameters
    ----------
    num_rows : int
        Of all pieces.
    slots : int
        In a row; behind them a row may hold other numbers.
    numbers : int
        In a slot.
    dtype : float32 or float64

    Examples
    --------
    >>> unpadded = Unpadded(2, slots=2, numbers=2, dtype=np.float64)
    >>> unpadded.add(np.array([[9.0, 1.0, 0.0, 0.0], [8.0, 2.0, 7.0, 3.0]]))
    >>> unpadded.lists()
    (array([0, 1, 3]), [array([9., 8., 7.]), array([1., 2., 3.])])
    """

    def __init__(self, num_rows: int, *, slots: int, numbers: int, dtype: Any) -> None:
        self._slots = slots
        # Room, not use: memory that nobody writes to is none. One block, since that
        # is what the system hands out in large pages.
        self._columns = list(np.empty((numbers, num_rows * slots), dtype))
        self._filled: list[NDArray[np.int64]] = [np.zeros(1, np.int64)]
        self._place = 0

    def add(self, rows: NDArray[Any]) -> None:
        """Take rows, shape (rows, at least slots * numbers), contiguous.

        Raises
        ------
        ValueError
            Rows that are too short, or more rows than announced.
        """
        filled, self._place = _core.unpad(
            rows=rows, slots=self._slots, columns=self._columns, place=self._place
        )
        self._filled.append(filled)

    def lists(self) -> tuple[NDArray[np.int64], list[NDArray[Any]]]:
        """Give the offsets, shape (rows + 1,), and one flat array a number."""
        offsets = np.cumsum(np.concatenate(self._filled))
        return offsets, [column[: self._place] for column in self._columns]
