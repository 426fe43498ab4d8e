"""Layouts of awkward arrays, where high-level calls would cost more than the work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import awkward as ak
import numpy as np


def record_of(columns: Mapping[str, Any], length: int) -> Any:
    """Put columns side by side.

    Parameters
    ----------
    columns : mapping of str to layouts, awkward or NumPy arrays
    length : int

    Returns
    -------
    awkward layout
        A record array.
    """
    contents = [ak.to_layout(values) for values in columns.values()]
    return ak.contents.RecordArray(contents, list(columns), length=length)


def offset_lists(layout: Any) -> Any:
    """Give lists as 64-bit offsets that start at 0; what has them is not touched."""
    is_packed = (
        isinstance(layout, ak.contents.ListOffsetArray)
        and layout.offsets.dtype == np.int64
        and layout.offsets[0] == 0
    )
    return layout if is_packed else layout.to_ListOffsetArray64(True)
