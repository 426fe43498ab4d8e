"""Yields in the four regions for a whole grid of cuts, in one pass over the events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from oddjet.stats.event_columns import event_columns
from oddjet.stats.region_yields import FourRegions, RegionYields

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["yields_of_cuts"]


def yields_of_cuts(
    x: ArrayLike,
    y: ArrayLike,
    *,
    x_cuts: ArrayLike,
    y_cuts: ArrayLike,
    bin_of: ArrayLike,
    num_bins: int,
    weights: ArrayLike | None = None,
) -> RegionYields:
    """Count the regions of every pair of cuts.

    The events are filled once into a histogram with the cuts as edges; the regions
    of all cuts are its cumulative sums. As `count_regions`, an event at a cut fails.

    Parameters
    ----------
    x, y : float, shape (events,)
        Scores.
    x_cuts, y_cuts : float, shape (cuts on x,), (cuts on y,)
        Ascending.
    bin_of : int, shape (events,)
        Bin of each event; outside 0 ... num_bins - 1 it counts nowhere.
    num_bins : int
    weights : float, shape (events,), optional

    Returns
    -------
    RegionYields
        Arrays of shape (cuts on x, cuts on y, num_bins).

    Raises
    ------
    ValueError
        Cuts that do not ascend, arrays of different lengths, or a score or weight
        that is not finite.

    Examples
    --------
    >>> yields = yields_of_cuts(
    ...     [0.9, 0.9, 0.1],
    ...     [0.8, 0.2, 0.2],
    ...     x_cuts=[0.5],
    ...     y_cuts=[0.1, 0.5],
    ...     bin_of=[0, 0, 0],
    ...     num_bins=1,
    ... )
    >>> yields.weight.pass_pass[0, :, 0]
    array([2., 1.])
    """
    *columns, weight, index = event_columns(
        "yields_of_cuts",
        x=x,
        y=y,
        weights=np.ones(np.shape(x)) if weights is None else weights,
        bin_of=bin_of,
    )
    cuts = [_ascending(x_cuts, "x_cuts"), _ascending(y_cuts, "y_cuts")]
    inside = (index >= 0) & (index < num_bins)
    # The number of cuts strictly below a score is the number that it passes.
    passed = [
        np.searchsorted(cut, column[inside], side="left")
        for cut, column in zip(cuts, columns, strict=True)
    ]
    shape = (len(cuts[0]) + 1, len(cuts[1]) + 1, num_bins)
    cell = np.ravel_multi_index((*passed, index[inside].astype(np.int64)), shape)

    def regions(values: NDArray[np.float64]) -> FourRegions[NDArray[np.float64]]:
        sums = np.bincount(cell, values[inside], minlength=int(np.prod(shape)))
        return _regions_of(sums.astype(np.float64).reshape(shape))

    return RegionYields(regions(weight), regions(weight**2))


def _regions_of(cells: NDArray[np.float64]) -> FourRegions[NDArray[np.float64]]:
    """Add the cells (passed on x, passed on y, bins) on each side of each cut.

    Each region is a sum of its own cells only: a difference of sums would leave
    rounding where nothing is, and an empty region must be empty.
    """
    return FourRegions(
        pass_pass=_above(_above(cells, 0), 1),
        pass_fail=_below(_above(cells, 0), 1),
        fail_pass=_above(_below(cells, 0), 1),
        fail_fail=_below(_below(cells, 0), 1),
    )


def _above(cells: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    from_the_end = np.flip(np.cumsum(np.flip(cells, axis), axis), axis)
    return np.take(from_the_end, np.arange(1, cells.shape[axis]), axis)


def _below(cells: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    return np.take(np.cumsum(cells, axis), np.arange(cells.shape[axis] - 1), axis)


def _ascending(cuts: ArrayLike, name: str) -> NDArray[np.float64]:
    values = np.asarray(cuts, np.float64)
    if values.ndim != 1 or not len(values) or not np.all(np.diff(values) > 0):
        message = f"yields_of_cuts: {name} must ascend, got {values.tolist()}"
        raise ValueError(message)
    return values
