"""Many networks that differ by their seed, combined into one histogram.

Each network selects its own events; the median of the histograms is taken, never of
the scores, which either costs sensitivity or invents excesses.

How far such a median is from what it would be with other data and other seeds: a
network's n events fluctuate as Poisson has it, and two networks covary by what both
select, a fraction f of n. The mean of N has the variance f n + (1 - f) n / N, the
median nearly so. Poisson and the spread between networks on top of it, as in the ATLAS
search, are more: significances are then narrower than a unit normal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "RULES",
    "EnsembleHistogram",
    "combine_histograms",
    "ensemble_share",
    "fold_thresholds",
    "histograms_above",
    "shared_fraction",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class EnsembleHistogram:
    """Counts of an ensemble with their uncertainty.

    Attributes
    ----------
    counts : float64, shape (bins,)
    ensemble_covariance : float64, shape (bins, bins)
        Of `counts` for given data: what other random initialisations would change.
    variances : float64, shape (bins,)
        Poisson (the counts) plus the diagonal of the former.
    """

    counts: Floats
    ensemble_covariance: Floats
    variances: Floats


def median_of_histograms(histograms: Floats) -> tuple[Floats, Floats]:
    """Give the median of every bin, and the covariance of these medians.

    For N networks whose counts are normal with deviations s and correlation r
    between two bins, the medians have the covariance arcsin(r) s_a s_b / N: on the
    diagonal pi s^2 / 2N, the square of the standard error of a median. One network
    that selects another corner of the features moves many bins at once, so that the
    correlation decides the uncertainty of a merged signal region.
    """
    deviations = np.std(histograms, axis=0, ddof=1)
    scale = np.where(deviations > 0, deviations, 1.0)
    pulls = (histograms - np.mean(histograms, axis=0)) / scale
    correlation = np.clip(pulls.T @ pulls / (len(histograms) - 1), -1.0, 1.0)
    size = np.outer(deviations, deviations) / len(histograms)
    covariance = np.arcsin(correlation) * size
    # arcsin is steep at 1: a rounding error of 1e-16 there would be one of 1e-8.
    np.fill_diagonal(covariance, np.pi / 2 * np.diag(size))
    return np.median(histograms, axis=0), covariance


def mean_of_histograms(histograms: Floats) -> tuple[Floats, Floats]:
    """Give the mean of every bin, and the covariance of these means."""
    centred = histograms - np.mean(histograms, axis=0)
    covariance = centred.T @ centred / (len(histograms) - 1) / len(histograms)
    return np.mean(histograms, axis=0), covariance


def first_histogram(histograms: Floats) -> tuple[Floats, Floats]:
    """Give the histogram of the first network; its spread is that of any of them."""
    centred = histograms - np.mean(histograms, axis=0)
    return histograms[0].copy(), centred.T @ centred / (len(histograms) - 1)


#: Rules by name; "median" is that of the ATLAS weakly supervised dijet search.
RULES: dict[str, Callable[[Floats], tuple[Floats, Floats]]] = {
    "median": median_of_histograms,
    "mean": mean_of_histograms,
    "first": first_histogram,
}


def combine_histograms(
    histograms: ArrayLike, *, rule: str = "median"
) -> EnsembleHistogram:
    """Combine the histograms of networks that differ by their seed.

    Given the data the networks are independent of each other: what they share, the
    fluctuation of the events that all of them select, is the Poisson term.

    Parameters
    ----------
    histograms : float, shape (networks, bins)
        Two networks or more; a fold's events are selected by the network that did
        not see them, and the folds of one seed are summed before.
    rule : str
        A name in `RULES`.

    Returns
    -------
    EnsembleHistogram

    Raises
    ------
    ValueError
        An unknown rule, fewer than two histograms or one that is not finite.

    References
    ----------
    Covariance of medians: the probability that two normal variables are both below
    their medians is 1/4 + arcsin(r) / 2 pi (Sheppard 1899).

    Examples
    --------
    >>> combined = combine_histograms([[8.0, 1.0], [10.0, 1.0], [15.0, 1.0]])
    >>> combined.counts, bool(combined.variances[0] > 10), float(combined.variances[1])
    (array([10.,  1.]), True, 1.0)
    """
    values = np.asarray(histograms, np.float64)
    if rule not in RULES:
        message = (
            f"combine_histograms: rule must be one of {sorted(RULES)}, got '{rule}'"
        )
        raise ValueError(message)
    if values.ndim != 2 or len(values) < 2 or not np.isfinite(values).all():
        message = (
            "combine_histograms: two finite histograms or more are needed, got shape "
            f"{values.shape}"
        )
        raise ValueError(message)
    counts, covariance = RULES[rule](values)
    return EnsembleHistogram(counts, covariance, counts + np.diag(covariance))


def ensemble_share(rule: str, networks: int) -> float:
    """Tell how much of a network's variance for given data is left in a combination.

    Parameters
    ----------
    rule : str
        A name in `RULES`.
    networks : int

    Returns
    -------
    float
        1 / N of a mean, pi / 2 N of a median of many normal counts, 1 of the first.
    """
    return {"median": np.pi / 2, "mean": 1.0, "first": networks}[rule] / networks


def fold_thresholds(
    scores: ArrayLike,
    folds: ArrayLike,
    in_signal_region: ArrayLike,
    *,
    efficiency: float,
) -> dict[int, Floats]:
    """Find the scores that a fraction of the signal-region events exceeds.

    In each fold of its own: scores of two networks have no common scale, and neither
    have folds.

    Parameters
    ----------
    scores : float, shape (networks, events)
        Of networks that did not see the event.
    folds : int, shape (events,)
    in_signal_region : bool, shape (events,)
    efficiency : float
        In (0, 1).

    Returns
    -------
    dict of fold to float64, shape (networks,)

    Raises
    ------
    ValueError
        A fold without signal-region events, a score that is not a number or an
        efficiency outside (0, 1).
    """
    score, fold = np.asarray(scores, np.float64), np.asarray(folds)
    inside = np.asarray(in_signal_region, np.bool_)
    if not 0 < efficiency < 1:
        message = f"fold_thresholds: efficiency must be in (0, 1), got {efficiency}"
        raise ValueError(message)
    if np.isnan(score).any():
        network, event = (int(index[0]) for index in np.nonzero(np.isnan(score)))
        message = f"fold_thresholds: network {network} has no score of event {event}"
        raise ValueError(message)
    thresholds = {}
    for one in np.unique(fold):
        here = (fold == one) & inside
        if not np.any(here):
            message = f"fold_thresholds: fold {one} has no signal-region event"
            raise ValueError(message)
        thresholds[int(one)] = np.quantile(score[:, here], 1 - efficiency, axis=1)
    return thresholds


def histograms_above(
    scores: ArrayLike,
    folds: ArrayLike,
    bins: ArrayLike,
    thresholds: Mapping[int, ArrayLike],
    *,
    num_bins: int,
    weights: ArrayLike | None = None,
) -> Floats:
    """Histogram the events above the threshold of their fold and network.

    Parameters
    ----------
    scores : float, shape (networks, events)
    folds : int, shape (events,)
        Events of a fold without thresholds are left out.
    bins : int, shape (events,)
        Mass bin of each event; a negative one is in no bin.
    thresholds : mapping of fold to float, shape (networks,)
    num_bins : int
    weights : float, shape (events,), optional

    Returns
    -------
    float64, shape (networks, num_bins)
    """
    place = np.asarray(bins)
    weight = np.ones(len(place)) if weights is None else np.asarray(weights)
    return np.stack(
        [
            np.bincount(place[chosen], weight[chosen], minlength=num_bins)
            for chosen in _selected(scores, folds, place, thresholds)
        ],
        dtype=np.float64,  # NumPy counts nothing at all in whole numbers
    )


def shared_fraction(
    scores: ArrayLike,
    folds: ArrayLike,
    bins: ArrayLike,
    thresholds: Mapping[int, ArrayLike],
    *,
    weights: ArrayLike | None = None,
) -> float:
    """Tell which fraction of the events of a network another one selects too.

    That is the correlation of their counts: with n networks, k of which select an
    event, the covariance of two is the sum of k (k - 1) / n (n - 1) over the events,
    and the variance of one, which is Poisson, the sum of k / n. One number for all
    bins: networks that ignore the mass share as much in each.

    Parameters
    ----------
    scores, folds, bins, thresholds, weights
        As `histograms_above`; two networks or more.

    Returns
    -------
    float
        In [0, 1]; 1 where nothing is selected.

    Examples
    --------
    >>> shared_fraction([[1, 1, 0], [0, 1, 1]], [0, 0, 0], [0, 0, 0], {0: [0.5, 0.5]})
    0.5
    """
    selected = _selected(scores, folds, np.asarray(bins), thresholds)
    times = np.sum(selected, axis=0)
    weight = np.ones(len(times)) if weights is None else np.asarray(weights)
    total = float(np.sum(weight * times))
    pairs = float(np.sum(weight * times * (times - 1)))
    return pairs / (len(selected) - 1) / total if total > 0 else 1.0


def _selected(
    scores: ArrayLike,
    folds: ArrayLike,
    place: NDArray[np.int64],
    thresholds: Mapping[int, ArrayLike],
) -> NDArray[np.bool_]:
    """Tell which events in a bin each network selects, shape (networks, events)."""
    score, fold = np.asarray(scores, np.float64), np.asarray(folds)
    # Nothing is above infinity: events of folds without thresholds.
    cuts = np.full(score.shape, np.inf)
    for one, cut in thresholds.items():
        cuts[:, fold == one] = np.asarray(cut)[:, None]
    return (score > cuts) & (place >= 0)
