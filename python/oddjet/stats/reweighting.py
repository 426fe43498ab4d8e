"""Weights that make one sample look like another in a few variables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Unsupported", "cells_of", "quantile_edges", "reweighted"]


class Unsupported(ValueError):
    """The sample has nothing where the other one has something."""


def reweighted(
    sample: NDArray[np.float64],
    target: NDArray[np.float64],
    *,
    sample_weight: NDArray[np.float64],
    target_weight: NDArray[np.float64],
    bins: Sequence[int],
    names: Sequence[str],
    least_events: int = 10,
) -> NDArray[np.float64]:
    """Weight a sample so that its binned distribution is that of a target.

    Each variable is cut at quantiles of the target; in each cell of the grid the
    weights of the sample are scaled to the share that the target has there. The total
    weight stays that of the sample.

    Parameters
    ----------
    sample, target : float64, shape (events, variables)
    sample_weight, target_weight : float64, shape (events,)
        Of any sign; the total of either must be positive.
    bins : sequence of int
        Number of bins of each variable.
    names : sequence of str
        Of the variables, for messages.
    least_events : int
        A cell in which the target has weight needs so many events of the sample.

    Returns
    -------
    float64, shape (events,)

    Raises
    ------
    Unsupported
        A cell with too few events, or no positive weight, of the sample; the message
        names its edges.
    ValueError
        A total weight that is not positive.
    """
    for what, weight in (("sample", sample_weight), ("target", target_weight)):
        if not weight.sum() > 0:
            message = f"reweighted: the {what} has the total weight {weight.sum():g}"
            raise ValueError(message)
    edges = quantile_edges(target, bins)
    shape = tuple(len(edge) + 1 for edge in edges)
    cell, wanted_cell = (cells_of(values, edges) for values in (sample, target))
    size = int(np.prod(shape))
    have = np.bincount(cell, sample_weight, size) / sample_weight.sum()
    number = np.bincount(cell, minlength=size)
    wanted = np.bincount(wanted_cell, target_weight, size) / target_weight.sum()
    needed = wanted != 0
    for bad in np.flatnonzero(needed & ((number < least_events) | (have <= 0))):
        place = _place(np.unravel_index(bad, shape), edges, names)
        message = (
            f"there are {number[bad]} control events of total weight share"
            f" {have[bad]:.3g} at {place}, where the signal region has"
            f" {wanted[bad]:.3g} of its weight (least: {least_events} events); use"
            " fewer bins, or a control region that reaches there"
        )
        raise Unsupported(message)
    factor = np.divide(wanted, have, out=np.zeros(size), where=needed)
    result: NDArray[np.float64] = sample_weight * factor[cell]
    return result


def quantile_edges(
    values: NDArray[np.float64], bins: Sequence[int]
) -> list[NDArray[np.float64]]:
    """Cut each variable at its quantiles.

    Parameters
    ----------
    values : float64, shape (events, variables)
    bins : sequence of int
        Number of bins of each variable.

    Returns
    -------
    list of float64 arrays
        Inner edges of each variable; equal ones become one, and a bin less.
    """
    return [
        np.unique(np.quantile(column, np.linspace(0, 1, count + 1)[1:-1]))
        for column, count in zip(values.T, bins, strict=True)
    ]


def cells_of(
    values: NDArray[np.float64], edges: Sequence[NDArray[np.float64]]
) -> NDArray[np.intp]:
    """Find the cell of the grid that each event is in; a bin holds its lower edge.

    Parameters
    ----------
    values : float64, shape (events, variables)
    edges : sequence of float64 arrays
        Inner edges, as `quantile_edges` gives them.

    Returns
    -------
    intp, shape (events,)
        The last variable counts fastest.
    """
    columns = [
        np.searchsorted(edge, column, side="right")
        for edge, column in zip(edges, values.T, strict=True)
    ]
    shape = tuple(len(edge) + 1 for edge in edges)
    cells: NDArray[np.intp] = np.ravel_multi_index(tuple(columns), shape)
    return cells


def _place(
    position: tuple[np.intp, ...],
    edges: Sequence[NDArray[np.float64]],
    names: Sequence[str],
) -> str:
    parts = []
    for index, edge, name in zip(position, edges, names, strict=True):
        if not len(edge):
            continue  # all values are in its one bin
        low = f"{edge[index - 1]:.4g} <= " if index > 0 else ""
        high = f" < {edge[index]:.4g}" if index < len(edge) else ""
        parts.append(f"{low}{name}{high}")
    return ", ".join(parts) or "any value of all variables"
