"""How many events of weight one a weighted sample is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["effective_events", "same_event"]


def effective_events(weight: ArrayLike, ids: Any = None) -> float:
    """Give (sum of weights)^2 over the sum of squares, copies of an event as one.

    The relative error of the sum of weights is one over its root. Several
    measurements of one generated event vary together where the event itself decides:
    their weights are added before they are squared, as if nothing else did. So this
    is a lower bound.

    Parameters
    ----------
    weight : float, shape (events,)
    ids : mapping of integer arrays, awkward record array, or array, optional
        The collection `id`: equal run, lumi and event mean copies; or one integer an
        event, equal for copies. Without, all events are independent.

    Returns
    -------
    float
        0 without weight.

    Examples
    --------
    >>> effective_events([2.0, 2.0, 2.0])
    3.0
    >>> ids = {"run": [1, 1, 1], "lumi": [0, 0, 0], "event": [5, 5, 6]}
    >>> round(effective_events([1.0, 1.0, 2.0], ids), 12)
    2.0
    """
    weights = np.asarray(weight, np.float64)
    if ids is not None and len(weights):
        weights = np.bincount(same_event(ids), weights).astype(np.float64)
    squares = float(np.sum(weights**2))
    return float(np.sum(weights)) ** 2 / squares if squares > 0 else 0.0


def same_event(ids: Any) -> NDArray[np.int64]:
    """Give each different event among rows a number.

    Parameters
    ----------
    ids : mapping of integer arrays, awkward record array, or array
        The collection `id`: run, lumi and event, else file and entry; or one integer
        an event.

    Returns
    -------
    int64, shape (rows,)
        Equal for rows of the same event; from 0 on, without gaps.
    """
    if isinstance(ids, np.ndarray):
        return np.asarray(np.unique(ids, return_inverse=True)[1], np.int64).ravel()
    given = set(ids if isinstance(ids, Mapping) else ids.fields)
    detector, file = ("run", "lumi", "event"), ("file", "entry")
    names = detector if given.issuperset(detector) else file
    columns = [np.asarray(ids[name]).astype(np.uint64) for name in names]
    _, place = np.unique(np.stack(columns), axis=1, return_inverse=True)
    return np.asarray(place, np.int64).ravel()
