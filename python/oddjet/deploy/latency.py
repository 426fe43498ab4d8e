"""How long a model takes for one jet."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from oddjet.deploy.providers import CPU, onnx_runtime
from oddjet.deploy.runtime import open_session

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["one_jet_microseconds"]

ROUNDS = 7
QUANTILE = 0.99


def one_jet_microseconds(
    model: bytes, values: NDArray[np.float32], mask: NDArray[np.bool_]
) -> float:
    """Measure what 99 of 100 jets take at most, one at a time on one thread.

    In processor time, and for each jet the best of seven: so the jets decide, not who
    else uses the machine. The features are not part of it.

    Parameters
    ----------
    model : bytes
        As for `JetSession`.
    values : float32, shape (jets, n, features)
        Some hundred jets.
    mask : bool, shape (jets, n)
        True for the first constituents of each.

    Returns
    -------
    float
        Microseconds.
    """
    session = open_session(onnx_runtime(), model, [CPU])
    feeds = [
        {"features": values[i : i + 1, :n], "mask": mask[i : i + 1, :n]}
        for i, n in enumerate(mask.sum(axis=1))
    ]
    taken = np.empty((ROUNDS, len(feeds)))
    for round_ in range(ROUNDS):
        for i, feed in enumerate(feeds):
            start = time.thread_time_ns()
            session.run(["score"], feed)
            taken[round_, i] = time.thread_time_ns() - start
    return float(np.quantile(taken.min(axis=0), QUANTILE)) / 1000
