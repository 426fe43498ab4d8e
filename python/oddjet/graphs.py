"""Neighbourhood graphs of particles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oddjet import _core
from oddjet.events.missing import contiguous


def knn_graph(
    points: NDArray[np.floating[Any]],
    *,
    k: int,
    mask: NDArray[np.bool_] | None = None,
    periodic: Sequence[int] = (),
    threads: int | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Connect each particle to its k nearest particles of the same jet.

    Euclidean distance, computed in double precision as the sum of squares in the
    order of the dimensions; along a periodic dimension the difference is taken into
    [-pi, pi). A particle is never its own neighbour (excluded by index); equal
    distances go to the lower index, so the result is unique.

    Parameters
    ----------
    points : float32 or float64, shape (jets, particles, dimensions)
        Coordinates, in the units of the caller.
    k : int
        Neighbours per particle, >= 1.
    mask : bool, shape (jets, particles), optional
        False marks padding, which has and is no neighbour.
    periodic : sequence of int
        Dimensions that are azimuths [radians]; those of a jet must lie within 2 pi,
        such as in [-pi, pi).
    threads : int, optional
        Workers (default: the environment's ODDJET_THREADS, else 1); never changes
        the result.

    Returns
    -------
    indices : int64, shape (jets, particles, k)
        Neighbours by increasing distance; 0 where `valid` is False.
    valid : bool, shape (jets, particles, k)
        False beyond the n - 1 neighbours of a jet of n <= k particles.

    Raises
    ------
    ValueError
        k < 1, threads < 1, no dimension, another number of axes, a mask of another
        shape, a periodic dimension that the points do not have, or an unmasked point
        (named) that is not finite or more than a turn from another.
    UserError
        A masked array with masked values: `mask` says what is padding.
    TypeError
        Points that are neither float32 nor float64, or a mask that is not bool.

    References
    ----------
    Qu & Gouskos, arXiv:1902.08570 (EdgeConv neighbourhoods).

    Examples
    --------
    >>> points = np.array([[[0.0], [1.0], [3.0]]])
    >>> knn_graph(points, k=1)[0][..., 0]
    array([[1, 0, 1]])
    >>> knn_graph(np.array([[[-3.1], [0.0], [3.1]]]), k=1, periodic=[0])[0][..., 0]
    array([[2, 0, 0]])
    """
    return _core.knn_graph(
        points=contiguous(points, "points"),
        k=k,
        mask=None if mask is None else contiguous(mask, "mask"),
        periodic=list(periodic),
        threads=threads,
    )
