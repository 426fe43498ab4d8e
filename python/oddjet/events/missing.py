"""Missing values, which no kernel and no sum can take."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from oddjet.runs.errors import UserError


def materialised(
    layout: Any, where: str, offsets: NDArray[np.int64] | None = None
) -> Any:
    """Follow indices and drop option types that hold no None.

    Parameters
    ----------
    layout : awkward content
    where : str
        Name of the data, for the message.
    offsets : int64, shape (events + 1,), optional
        The entries of each event, if `layout` is the content of a list.

    Returns
    -------
    awkward content
        Neither an option nor indexed at its top.

    Raises
    ------
    UserError
        A None; its event is named.
    """
    while layout.is_option or layout.is_indexed:
        if layout.is_option:
            missing = layout.mask_as_bool(valid_when=False)
            if missing.any():
                _raise_missing(int(np.argmax(missing)), where, offsets)
        layout = layout.project()
    return layout


def contiguous(values: NDArray[Any], where: str) -> NDArray[Any]:
    """Bring an array into C order, of its own type; one that hides values is refused.

    Parameters
    ----------
    values : array
        NumPy would give a kernel what stands behind the mask of a masked array.
    where : str
        Name of the data, for the message.

    Returns
    -------
    array
        A view where the order is right already.

    Raises
    ------
    UserError
        A masked value; the first is named.
    """
    if isinstance(values, np.ma.MaskedArray) and np.ma.getmaskarray(values).any():
        first = tuple(np.argwhere(np.ma.getmaskarray(values))[0].tolist())
        place = first[0] if len(first) == 1 else first
        message = (
            f"{where} has a masked value at {place}; leave such entries out first, "
            "for example with an index"
        )
        raise UserError(message)
    return np.ascontiguousarray(values)


def _raise_missing(
    position: int, where: str, offsets: NDArray[np.int64] | None
) -> None:
    event = position
    if offsets is not None:
        event = int(np.searchsorted(offsets, position, side="right")) - 1
    message = (
        f"{where} has a missing value (None) in event {event}; drop such entries "
        "first, for example with ak.drop_none or an event mask"
    )
    raise UserError(message)
