"""A sample and augmented copies of it."""

from __future__ import annotations

from collections.abc import Callable

import awkward as ak
import numpy as np
from numpy.typing import NDArray


def with_copies(
    records: ak.Array, augment: Callable[[ak.Array, int], ak.Array], *, copies: int
) -> tuple[ak.Array, NDArray[np.int64]]:
    """Join the original and augmented copies of it: "+n times".

    Parameters
    ----------
    records : awkward array
        One entry per event or jet.
    augment : callable
        Called as augment(records, copy) for copy = 0 ... copies; gives as many
        entries as there are records. It hands the number on to the functions of this
        module, for which copy 0 is the original.
    copies : int
        n >= 0.

    Returns
    -------
    sample : awkward array
        The original, then copy 1, copy 2, ..., each in the order of `records`.
    source : int64, shape (len(sample),)
        The entry of `records` that each came from: for labels, weights, and for the
        `id` that decides on folds, so that copies stay on the side of their source.

    Raises
    ------
    ValueError
        copies < 0, or a copy with another number of entries.

    References
    ----------
    F.-Y. Hsieh, note "CWoLa" (unpublished), section 3.2.

    Examples
    --------
    >>> jet = {"pt": 100.0, "eta": 0.5, "phi": 0.0, "mass": 5.0}
    >>> jets = ak.Array([[jet], [jet, jet]])
    >>> from oddjet.augment import rotate_events
    >>> def turned(jets, copy):
    ...     return rotate_events(jets, seed=1, copy=copy)
    >>> sample, source = with_copies(jets, turned, copies=2)
    >>> ak.num(sample).tolist(), source.tolist()
    ([1, 2, 1, 2, 1, 2], [0, 1, 0, 1, 0, 1])
    """
    if copies < 0:
        message = f"with_copies: copies must be >= 0, got {copies}"
        raise ValueError(message)
    parts = [augment(records, copy) for copy in range(copies + 1)]
    for copy, part in enumerate(parts):
        if len(part) != len(records):
            message = (
                f"with_copies: augment must give {len(records)} entries, "
                f"got {len(part)} for copy {copy}"
            )
            raise ValueError(message)
    return ak.concatenate(parts), np.tile(np.arange(len(records)), copies + 1)
