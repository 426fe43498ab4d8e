"""Blocks of a fixed number of events from a stream of any chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import awkward as ak


def fixed_blocks(chunks: Iterable[ak.Array], num_events: int) -> Iterator[ak.Array]:
    """Cut a stream so that its blocks do not depend on its chunks.

    Parameters
    ----------
    chunks : iterable of awkward arrays
        Of one type; empty ones contribute nothing.
    num_events : int
        Events per block, >= 1.

    Yields
    ------
    awkward array
        Packed blocks of `num_events`; the last one holds the rest, if any. At
        most one chunk and one block are held at a time.

    Examples
    --------
    >>> chunks = [ak.Array([1, 2, 3, 4, 5]), ak.Array([6])]
    >>> [block.to_list() for block in fixed_blocks(chunks, 4)]
    [[1, 2, 3, 4], [5, 6]]
    """
    pending: list[ak.Array] = []
    held = 0
    for chunk in chunks:
        start = 0
        while start < len(chunk):
            piece = chunk[start : start + num_events - held]
            pending.append(piece)
            held += len(piece)
            start += len(piece)
            if held == num_events:
                yield ak.to_packed(ak.concatenate(pending))
                pending, held = [], 0
    if held:
        yield ak.to_packed(ak.concatenate(pending))
