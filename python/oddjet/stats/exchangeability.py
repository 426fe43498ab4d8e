"""Are two samples exchangeable? A test of scores within strata, exact by permutation.

A classifier was trained on other events to tell sample from sample. If the label of an
event carries no information beyond its stratum, the labels within each stratum are one
random permutation among others, whatever the classifier is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = [
    "ExchangeabilityTest",
    "exchangeability_test",
    "overlap_weights",
    "permuted_sums",
    "stratified_rank_scores",
]


@dataclass(frozen=True)
class ExchangeabilityTest:
    """How well held-out scores tell one sample from another.

    Attributes
    ----------
    auc : float
        Probability that an event of the first sample scores higher than one of the
        second in its stratum, averaged over the strata; 1/2 for equal samples.
    auc_width : float
        Its standard deviation under permutations.
    auc_p_value : float
        Of an AUC at least as large.
    num_tail, tail_expected : float
        Events of the first sample among the highest scores of both, and the mean of
        that number under permutations.
    tail_p_value : float
    permutations : int
    """

    auc: float
    auc_width: float
    auc_p_value: float
    num_tail: int
    tail_expected: float
    tail_p_value: float
    permutations: int


def overlap_weights(
    stratum: NDArray[np.intp], is_first: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Weight two samples so that they have the same share in every stratum.

    An event weighs as much as the share of the other sample in its stratum: at most 1,
    and 0 where there is nothing to compare.

    Parameters
    ----------
    stratum : intp, shape (events,)
        >= 0.
    is_first : bool, shape (events,)

    Returns
    -------
    float64, shape (events,)

    References
    ----------
    Li, Morgan, Zaslavsky, J. Am. Stat. Assoc. 113 (2018) 390.

    Examples
    --------
    >>> overlap_weights(np.zeros(4, int), np.array([True, False, False, False]))
    array([0.75, 0.25, 0.25, 0.25])
    """
    total = np.bincount(stratum)
    first = np.bincount(stratum, is_first, minlength=len(total))
    share = np.divide(first, total, out=np.zeros(len(total)), where=total > 0)[stratum]
    weights: NDArray[np.float64] = np.where(is_first, 1 - share, share)
    return weights


def stratified_rank_scores(
    score: NDArray[np.floating], stratum: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Give each event its centred rank in its stratum, (rank - (N + 1)/2) / (N + 1).

    Summed over a sample, these are van Elteren's statistic, the Wilcoxon test with
    strata: sum over strata of (U - n m / 2) / (N + 1). Ties have their mean rank.

    Parameters
    ----------
    score : float, shape (events,)
    stratum : intp, shape (events,)

    Returns
    -------
    float64, shape (events,)

    References
    ----------
    van Elteren, Bull. Inst. Int. Stat. 37 (1960) 351.

    Examples
    --------
    >>> stratified_rank_scores(np.array([3.0, 1.0, 7.0]), np.array([0, 0, 1]))
    array([ 0.16666667, -0.16666667,  0.        ])
    """
    result = np.zeros(len(score))
    order = np.argsort(stratum, kind="stable")
    bounds = np.flatnonzero(np.diff(stratum[order])) + 1
    for events in np.split(order, bounds):
        size = len(events)
        ranks = stats.rankdata(score[events])
        result[events] = (ranks - (size + 1) / 2) / (size + 1)
    return result


def permuted_sums(
    values: NDArray[np.float64],
    stratum: NDArray[np.intp],
    is_first: NDArray[np.bool_],
    *,
    permutations: int,
    seed: int,
) -> NDArray[np.float64]:
    """Sum values over the first sample for labels permuted within the strata.

    Parameters
    ----------
    values : float64, shape (events,) or (events, quantities)
    stratum : intp, shape (events,)
    is_first : bool, shape (events,)
    permutations : int
    seed : int

    Returns
    -------
    float64, shape (permutations,) or (permutations, quantities)
    """
    random = np.random.default_rng(seed)
    order = np.argsort(stratum, kind="stable")
    values, stratum, is_first = values[order], stratum[order], is_first[order]
    sizes = np.unique(stratum, return_counts=True)[1]
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    number = np.repeat(np.add.reduceat(is_first, np.cumsum(sizes) - sizes), sizes)
    # The first events of each stratum, in an order that is random within it.
    taken = np.flatnonzero(np.arange(len(stratum)) - starts < number)
    sums = []
    for _ in range(permutations):
        shuffled = np.lexsort((random.random(len(stratum)), stratum))
        sums.append(values[shuffled[taken]].sum(axis=0))
    return np.array(sums)


def exchangeability_test(
    score: NDArray[np.floating],
    is_first: NDArray[np.bool_],
    stratum: NDArray[np.intp],
    *,
    tail: float,
    permutations: int,
    seed: int,
) -> ExchangeabilityTest:
    """Test whether scores tell two samples apart beyond their strata.

    Parameters
    ----------
    score : float, shape (events,)
        Of events that the classifier was not trained on, higher for the first sample;
        finite.
    is_first : bool, shape (events,)
        Both samples have an event.
    stratum : intp, shape (events,)
        What the samples may differ in, such as a cell in jet pT and recoil.
    tail : float
        Fraction of highest scores to look at, in (0, 1).
    permutations : int
        No p-value is below 1 / (1 + permutations).
    seed : int

    Returns
    -------
    ExchangeabilityTest
        Two p-values, each exact. AUC looks at all events, the tail at those that a
        search counts.

    Raises
    ------
    ValueError
        No stratum holds events of both samples.

    References
    ----------
    Lopez-Paz & Oquab, arXiv:1610.06545 (classifier two-sample tests); Phipson & Smyth,
    Stat. Appl. Genet. Mol. Biol. 9 (2010) 39.
    """
    ranks = stratified_rank_scores(score, stratum)
    highest = np.zeros(len(score))
    number = max(1, round(tail * len(score)))
    highest[np.argsort(-score, kind="stable")[:number]] = 1.0
    total = np.bincount(stratum)
    first = np.bincount(stratum, is_first, minlength=len(total))
    pairs = float(np.sum(first * (total - first) / (total + 1)))
    if pairs == 0:
        message = "exchangeability_test: no stratum holds events of both samples"
        raise ValueError(message)
    values = np.stack([ranks, highest], axis=1)
    permuted = permuted_sums(
        values, stratum, is_first, permutations=permutations, seed=seed
    )
    observed = values[is_first].sum(axis=0)
    # Sums of the same numbers in another order differ by rounding.
    at_least = np.count_nonzero(permuted >= observed - 1e-9, axis=0)
    p_values = (1 + at_least) / (1 + permutations)
    return ExchangeabilityTest(
        auc=0.5 + float(observed[0]) / pairs,
        auc_width=float(permuted[:, 0].std()) / pairs,
        auc_p_value=float(p_values[0]),
        num_tail=round(float(observed[1])),
        tail_expected=float(permuted[:, 1].mean()),
        tail_p_value=float(p_values[1]),
        permutations=permutations,
    )
