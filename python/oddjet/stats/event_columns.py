"""Columns of events: finite numbers, or a sentence about the first that is not."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["event_columns"]


def event_columns(where: str, **columns: ArrayLike) -> list[NDArray[np.float64]]:
    """Take columns of equal length as float64.

    Parameters
    ----------
    where : str
        The first word of an error: the function that was called.
    **columns : array-like, shape (events,)
        By the names that errors use.

    Returns
    -------
    list of float64, shape (events,)

    Raises
    ------
    ValueError
        A column of another shape than the first, or a value that is not finite; the
        message names column and index.

    Examples
    --------
    >>> event_columns("closure", x=[0.5, 1], weights=[1, 2])[1]
    array([1., 2.])
    """
    arrays = {name: np.asarray(each, np.float64) for name, each in columns.items()}
    shape = next(iter(arrays.values())).shape
    for name, array in arrays.items():
        if array.ndim != 1 or array.shape != shape:
            message = (
                f"{where}: {name} must have one value an event, {shape}, got the "
                f"shape {array.shape}"
            )
            raise ValueError(message)
        finite = np.isfinite(array)
        if not finite.all():
            index = int(np.argmin(finite))
            message = f"{where}: {name}[{index}] is not finite, {array[index]}"
            raise ValueError(message)
    return list(arrays.values())
