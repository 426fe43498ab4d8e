"""Events in the four regions that cuts on two scores make, with their errors.

Regions are named by pass and fail, X before Y; papers letter them differently.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from oddjet.stats.event_columns import event_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

__all__ = ["FourRegions", "RegionYields", "count_regions"]

#: A number, an array or a tensor; all arithmetic here takes each of them.
Value = TypeVar("Value")
Other = TypeVar("Other")


@dataclass(frozen=True)
class FourRegions(Generic[Value]):
    """One quantity in each of the four regions, X before Y.

    Attributes
    ----------
    pass_pass, pass_fail, fail_pass, fail_fail
        Numbers, or arrays or tensors of any one shape (bins, say).

    Examples
    --------
    >>> FourRegions(3, 10, 6, 20).map(lambda n: 2 * n)
    FourRegions(pass_pass=6, pass_fail=20, fail_pass=12, fail_fail=40)
    """

    pass_pass: Value
    pass_fail: Value
    fail_pass: Value
    fail_fail: Value

    def map(self, function: Callable[[Value], Other]) -> FourRegions[Other]:
        """Apply a function to each region."""
        return FourRegions(*(function(value) for value in self.named.values()))

    @property
    def named(self) -> dict[str, Value]:
        """The regions by the names that messages use."""
        return {
            "pass X, pass Y": self.pass_pass,
            "pass X, fail Y": self.pass_fail,
            "fail X, pass Y": self.fail_pass,
            "fail X, fail Y": self.fail_fail,
        }


@dataclass(frozen=True)
class RegionYields:
    """Sums of weights in the four regions, with their variances.

    Attributes
    ----------
    weight : FourRegions
        Sums of weights.
    variance : FourRegions
        Sums of squared weights; for a Poisson count the count itself.

    Examples
    --------
    >>> yields = RegionYields.of_counts(FourRegions(48, 100, 50, 100))
    >>> (yields + yields).weight.pass_fail
    200
    """

    weight: FourRegions[Any]
    variance: FourRegions[Any]

    @classmethod
    def of_counts(cls, counts: FourRegions[Any]) -> RegionYields:
        """Take counts with Poisson variances."""
        return cls(counts, counts)

    def __add__(self, other: RegionYields) -> RegionYields:
        """Add independent yields: processes, or chunks of one sample."""
        if not isinstance(other, RegionYields):
            return NotImplemented
        return RegionYields(
            _sum(self.weight, other.weight), _sum(self.variance, other.variance)
        )

    def bins(self) -> tuple[RegionYields, ...]:
        """Split yields of shape (bins,) into those of each bin."""
        count = len(self.weight.pass_pass)
        return tuple(
            RegionYields(
                self.weight.map(lambda n, i=i: float(n[i])),  # type: ignore[misc]
                self.variance.map(lambda n, i=i: float(n[i])),  # type: ignore[misc]
            )
            for i in range(count)
        )

    def total(self) -> RegionYields:
        """Add the bins."""
        return RegionYields(
            self.weight.map(lambda n: float(np.sum(n))),
            self.variance.map(lambda n: float(np.sum(n))),
        )


def _sum(left: FourRegions[Any], right: FourRegions[Any]) -> FourRegions[Any]:
    return FourRegions(
        left.pass_pass + right.pass_pass,
        left.pass_fail + right.pass_fail,
        left.fail_pass + right.fail_pass,
        left.fail_fail + right.fail_fail,
    )


def count_regions(
    x: ArrayLike,
    y: ArrayLike,
    *,
    cut: tuple[float, float],
    weights: ArrayLike | None = None,
    bin_of: ArrayLike | None = None,
    num_bins: int | None = None,
    source: ArrayLike | None = None,
) -> RegionYields:
    """Count events in the four regions.

    An event passes a cut if its score is strictly above it.

    Parameters
    ----------
    x, y : float, shape (events,)
        Scores.
    cut : (float, float)
        On x and on y.
    weights : float, shape (events,), optional
        Of any sign; default 1.
    bin_of : int, shape (events,), optional
        Bin of each event, as `numpy.digitize` with n + 1 edges gives it less one;
        events outside 0 ... num_bins - 1 count nowhere.
    num_bins : int, optional
        Needed with `bin_of`.
    source : integer, shape (events,), optional
        Equal for copies of one event, whose weights in a cell add before they are
        squared: they fluctuate together.

    Returns
    -------
    RegionYields
        Floats, or arrays of shape (num_bins,).

    Raises
    ------
    ValueError
        Arrays of different lengths, a score or weight that is not finite (its index
        is named), or `bin_of` without `num_bins`.

    Examples
    --------
    >>> yields = count_regions([0.9, 0.9, 0.1], [0.8, 0.2, 0.2], cut=(0.5, 0.5))
    >>> yields.weight
    FourRegions(pass_pass=1.0, pass_fail=1.0, fail_pass=0.0, fail_fail=1.0)
    """
    if (bin_of is None) != (num_bins is None):
        message = "count_regions: bin_of and num_bins go together, got one of them"
        raise ValueError(message)
    x, y, weight, index = event_columns(
        "count_regions",
        x=x,
        y=y,
        weights=np.ones(np.shape(x)) if weights is None else weights,
        bin_of=np.zeros(np.shape(x)) if bin_of is None else bin_of,
    )
    inside = (index >= 0) & (index < (num_bins or 1))
    region = 2 * (x <= cut[0]) + (y <= cut[1])
    cell, weight = (4 * index.astype(np.int64) + region)[inside], weight[inside]

    def by_region(
        cell: NDArray[np.int64], values: NDArray[np.float64]
    ) -> FourRegions[Any]:
        sums = np.bincount(cell, values, minlength=4 * (num_bins or 1))
        table = sums.reshape(-1, 4).T
        return FourRegions(*(row if num_bins else float(row[0]) for row in table))

    sums = by_region(cell, weight)
    if source is not None and len(cell):
        cell, weight = _copies_together(cell, np.asarray(source)[inside], weight)
    return RegionYields(sums, by_region(cell, weight**2))


def _copies_together(
    cell: NDArray[np.int64], source: NDArray[Any], weight: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Add the weights of each event in each cell."""
    _, event = np.unique(source, return_inverse=True)
    cells = int(cell.max()) + 1
    pairs, place = np.unique(event.ravel() * cells + cell, return_inverse=True)
    return pairs % cells, np.bincount(place.ravel(), weight).astype(np.float64)
