"""The tables of PFNano that say which candidate belongs to which jet."""

from __future__ import annotations

import awkward as ak
import numpy as np


def candidate_index(
    jet_index: ak.Array, candidate: ak.Array, num_jets: ak.Array
) -> ak.Array:
    """Turn pairs (jet, candidate) into a list of candidates for each jet.

    Parameters
    ----------
    jet_index, candidate : awkward arrays, type events * var * int
        The two columns of the table, in any order. Pairs without a jet or a
        candidate (negative) are no pairs.
    num_jets : int, shape (events,)

    Returns
    -------
    awkward array, type events * var * var * int64
        One list a jet, in the order of the table; empty for a jet without pairs.

    Raises
    ------
    ValueError
        A jet that is not there.

    Examples
    --------
    >>> jets, candidates = ak.Array([[1, 0, 1], []]), ak.Array([[7, 8, 9], []])
    >>> candidate_index(jets, candidates, ak.Array([2, 1])).to_list()
    [[[8], [7, 9]], [[]]]
    """
    counts = ak.to_numpy(num_jets).astype(np.int64)
    starts = np.cumsum(counts) - counts
    event = np.repeat(np.arange(len(counts)), ak.to_numpy(ak.num(jet_index)))
    jet = ak.to_numpy(ak.flatten(jet_index)).astype(np.int64)
    index = ak.to_numpy(ak.flatten(candidate)).astype(np.int64)
    pairs = (jet >= 0) & (index >= 0)
    event, jet, index = event[pairs], jet[pairs], index[pairs]
    if (jet >= counts[event]).any():
        wrong = int(np.argmax(jet >= counts[event]))
        message = (
            f"a candidate belongs to jet {jet[wrong]} of {counts[event[wrong]]} in the"
            f" event at position {event[wrong]}"
        )
        raise ValueError(message)
    owner = starts[event] + jet
    order = np.argsort(owner, kind="stable")
    per_jet = np.bincount(owner, minlength=int(counts.sum()))
    return ak.unflatten(ak.unflatten(index[order], per_jet), counts)
