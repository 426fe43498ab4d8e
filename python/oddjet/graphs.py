"""Neighbourhood graphs of particles, and the networks that work on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

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


class EdgeConvScorer:
    """Scores jets with the EdgeConv networks of a model file, on the processor.

    The networks are those of `oddjet.learn.models.edge_conv` that leave padding out.
    A constituent takes the features, messages and means of one jet while they are in
    cache, so that nothing is padded and no array of a batch is made. As the graph in
    the same file to rounding: constituents that are equally far in the space of a
    later block, but for rounding, may be chosen differently. The score of a jet is bit
    for bit the same in any company and with any number of threads, on processors with
    the same vector instructions. May be used from several threads at once.

    Parameters
    ----------
    model : bytes
        The content of an .onnx file with a graph of `oddjet.deploy.edge_conv_graph`.

    Attributes
    ----------
    folds : int
        Networks, or groups of them, with a score each.

    References
    ----------
    Qu & Gouskos, arXiv:1902.08570 (EdgeConv blocks).

    Examples
    --------
    >>> EdgeConvScorer.of_model(b"") is None
    True
    """

    def __init__(self, kernel: _core.EdgeConvScorer) -> None:
        self._kernel = kernel
        self.folds: int = kernel.folds

    @classmethod
    def of_model(cls, model: bytes) -> Self | None:
        """Make one of a model, or None if it is of another kind.

        Parameters
        ----------
        model : bytes
            The content of an .onnx file.

        Raises
        ------
        ValueError
            Bytes that are no ONNX file, or a description that contradicts itself.
        """
        kernel = _core.EdgeConvScorer.of_model(model)
        return None if kernel is None else cls(kernel)

    def score(
        self,
        values: NDArray[np.float32],
        counts: NDArray[np.int64],
        *,
        threads: int | None = None,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Score jets.

        Parameters
        ----------
        values : float32, shape (jets, n, features)
            Finite where there is a constituent.
        counts : int64, shape (jets,)
            The first so many of each jet are constituents, at most n.
        threads : int, optional
            Workers (default: the environment's ODDJET_THREADS, else 1); never changes
            the result.

        Returns
        -------
        score : float32, shape (jets,)
            Mean over folds; NaN for a jet without constituents.
        fold_scores : float32, shape (jets, folds)

        Raises
        ------
        ValueError
            Shapes that do not fit the model or each other, or threads < 1.
        TypeError
            Values or counts of another type.
        """
        return self._kernel.score(
            values=contiguous(values, "values"),
            counts=contiguous(counts, "counts"),
            threads=threads,
        )
