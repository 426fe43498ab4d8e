"""Exact p-values from permuted labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["PermutationResult", "permutation_test", "permuted_labels"]


@dataclass(frozen=True)
class PermutationResult:
    """An observation among what permuted labels gave.

    Attributes
    ----------
    p_value : float
        (1 + number of permutations at least as large) / (1 + permutations).
    mean, width : float
        Of the permutations; 0 and 1 for a calibrated significance.
    permutations : int
    """

    p_value: float
    mean: float
    width: float
    permutations: int


def permutation_test(observed: float, permuted: ArrayLike) -> PermutationResult:
    """Give the probability of an observation if labels mean nothing.

    Exact for any statistic, also of networks that were trained anew each time: if
    events of both regions are exchangeable, the observed labels are one permutation
    among others. It is never below 1 / (1 + permutations).

    Parameters
    ----------
    observed : float
    permuted : float, shape (permutations,)
        The same statistic for randomly permuted labels, at least one.

    Returns
    -------
    PermutationResult

    Raises
    ------
    ValueError
        No permutation, or a statistic that is not a number.

    References
    ----------
    Phipson & Smyth, Stat. Appl. Genet. Mol. Biol. 9 (2010) 39, for the "+ 1".

    Examples
    --------
    >>> permutation_test(2.0, [0.1, -1.0, 2.5]).p_value
    0.5
    """
    values = np.asarray(permuted, np.float64)
    if values.size == 0 or np.isnan(values).any() or np.isnan(observed):
        message = (
            "permutation_test: needs an observation and one permutation or more, all"
            f" numbers, got {observed} and {np.count_nonzero(~np.isnan(values))} of"
            f" {values.size}"
        )
        raise ValueError(message)
    at_least = int(np.count_nonzero(values >= observed))
    return PermutationResult(
        p_value=(1 + at_least) / (1 + values.size),
        mean=float(values.mean()),
        width=float(values.std(ddof=1)) if values.size > 1 else 0.0,
        permutations=int(values.size),
    )


def permuted_labels(
    in_signal_region: NDArray[np.bool_], seed: int
) -> NDArray[np.bool_]:
    """Shuffle which events are of the signal region; their number stays.

    Parameters
    ----------
    in_signal_region : bool, shape (events,)
    seed : int

    Returns
    -------
    bool, shape (events,)
    """
    return np.random.default_rng(seed).permutation(in_signal_region)
