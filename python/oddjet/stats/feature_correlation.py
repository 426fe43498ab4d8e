"""Which features know the variable that defines the regions of a search.

A classifier that is to tell a window of a mass from its sidebands finds the mass, if
its inputs hold it: an "excess" without a signal. Linear and rank correlation see
monotone relations, distance correlation any; none of them sees what only several
features together know, for which there is `oddjet.studies.sculpting`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.correlation import distance_correlation
from oddjet.stats.event_columns import event_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["FeatureCorrelation", "feature_correlations", "related_features"]

#: Distance correlation of independent variables, times the root of the effective
#: number of events: what a V-statistic has for nothing.
FLOOR = 1.8


@dataclass(frozen=True)
class FeatureCorrelation:
    """How one feature is related to the region variable.

    Attributes
    ----------
    name : str
    linear, rank : float
        Weighted correlation of Pearson and of Spearman, in [-1, 1]; 0 for a constant.
    distance : float
        Weighted distance correlation, in [0, 1].
    floor : float
        Distance correlation that independent variables reach with so many events,
        1.8 / sqrt(n_eff).
    """

    name: str
    linear: float
    rank: float
    distance: float
    floor: float


def feature_correlations(
    features: Mapping[str, ArrayLike],
    region_variable: ArrayLike,
    weights: ArrayLike | None = None,
) -> list[FeatureCorrelation]:
    """Correlate each feature with the region variable.

    Parameters
    ----------
    features : mapping of name to float, shape (events,)
    region_variable : float, shape (events,)
    weights : float, shape (events,), optional

    Returns
    -------
    list of FeatureCorrelation
        By falling distance correlation.

    Raises
    ------
    ValueError
        Columns of different lengths, a value that is not finite, fewer than two
        events or weights that do not sum to more than zero.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> mass = rng.uniform(-1, 1, 2000)
    >>> features = {"pt": mass + 1, "square": mass**2, "eta": rng.normal(size=2000)}
    >>> for found in feature_correlations(features, mass):
    ...     print(f"{found.name} {found.distance:.1f}")
    pt 1.0
    square 0.5
    eta 0.0
    """
    weight = np.ones(np.shape(region_variable)) if weights is None else weights
    given = {f"feature {name}": column for name, column in features.items()}
    region, weight, *columns = event_columns(
        "feature_correlations",
        region_variable=region_variable,
        weights=np.asarray(weight, np.float64),
        **given,
    )
    total = float(np.sum(weight))
    if not total > 0:
        message = f"feature_correlations: weights must sum to more than 0, got {total}"
        raise ValueError(message)
    effective = total**2 / float(np.sum(weight**2))
    floor = FLOOR / math.sqrt(effective)
    region_rank = _ranks(region, weight)
    found = [
        FeatureCorrelation(
            name,
            linear=_pearson(column, region, weight),
            rank=_pearson(_ranks(column, weight), region_rank, weight),
            distance=distance_correlation(column, region, weight),
            floor=floor,
        )
        for name, column in zip(features, columns, strict=True)
    ]
    return sorted(found, key=lambda one: -one.distance)


def related_features(
    correlations: Sequence[FeatureCorrelation], *, largest: float = 0.1
) -> list[str]:
    """Name the features that a classifier should not be given.

    Parameters
    ----------
    correlations : sequence of FeatureCorrelation
    largest : float
        Distance correlation from which a feature is named, but never one below twice
        the floor.

    Returns
    -------
    list of str
        In the order of `correlations`.
    """
    return [
        one.name for one in correlations if one.distance > max(largest, 2 * one.floor)
    ]


def _pearson(
    x: NDArray[np.float64], y: NDArray[np.float64], weights: NDArray[np.float64]
) -> float:
    share = weights / np.sum(weights)
    x, y = x - np.sum(share * x), y - np.sum(share * y)
    square = float(np.sum(share * x * x) * np.sum(share * y * y))
    return float(np.sum(share * x * y)) / math.sqrt(square) if square > 0 else 0.0


def _ranks(
    values: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give the weight below each value, and half of that at it."""
    _, place = np.unique(values, return_inverse=True)
    at = np.bincount(place, weights)
    ranks: NDArray[np.float64] = (np.cumsum(at) - at / 2)[place]
    return ranks
