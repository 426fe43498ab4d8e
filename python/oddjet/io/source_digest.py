"""What a file of events contains, as one digest that truth cannot change."""

from __future__ import annotations

import hashlib
from typing import Any

import awkward as ak
import numpy as np

from oddjet.io.blocks import fixed_blocks
from oddjet.io.paths import Location, Paths, find_inputs
from oddjet.io.readers.registry import open_source

#: Part of the definition: another number gives other digests.
_BLOCK_EVENTS = 1024


def source_digest(paths: Paths) -> str:
    """Digest the content of event files, without their `truth` column.

    The values are hashed, not the bytes of the file: deleting or permuting
    `truth`, another compression, other row groups or another role change
    nothing. One pass over the file in bounded memory.

    Parameters
    ----------
    paths : str, Path or sequence of them
        Files or patterns; several files give the digest of their digests, in
        order.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    UserError
        A missing, damaged or foreign file.
    """
    digests = [_content_digest(file) for file in find_inputs(paths)]
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("".join(digests).encode("ascii")).hexdigest()


def _content_digest(path: Location) -> str:
    result = hashlib.sha256()
    with open_source(path) as source:
        columns = [name for name in source.columns if name != "truth"]
        empty = source.stored_array(0, 0, columns)
        # Files without `weight` or `id` get them when they are read.
        stored = sorted(empty.fields)
        result.update(str(empty[stored].type.content).encode())
        chunks = source.stored_chunks(_BLOCK_EVENTS, columns)
        for block in fixed_blocks((chunk[stored] for chunk in chunks), _BLOCK_EVENTS):
            _, length, buffers = ak.to_buffers(ak.transform(_one_option_form, block))
            result.update(f"\n{length}".encode())
            for key in sorted(buffers):
                result.update(np.ascontiguousarray(buffers[key]).data)
    return result.hexdigest()


def _one_option_form(layout: Any, continuation: Any, **_: Any) -> Any:
    """Missing values come in four forms, depending on where batches were joined."""
    if layout.is_option:
        return continuation().to_IndexedOptionArray64().to_packed()
    return None
