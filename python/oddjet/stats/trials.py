"""The look-elsewhere effect: a global p-value from pseudo-experiments."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from oddjet.runs.seeds import derive_seed

__all__ = ["GlobalSignificance", "global_significance", "largest_significances"]


@dataclass(frozen=True)
class GlobalSignificance:
    """How often background alone gives a local significance as large anywhere.

    Attributes
    ----------
    p_value : float
        (k + 1) / (N + 1): never 0, and exact for exchangeable experiments.
    interval : tuple of two float
        68.3 % Clopper-Pearson interval of the probability.
    significance : float
        One-sided sigma of p_value. With k = 0 it is what N experiments can show, and
        the truth may be larger: see `is_bound`. With k = N it is that of N / (N + 1).
    num_experiments, num_as_large, num_failed : int
        N without the failed ones, k, and experiments in which no window succeeded.
    is_bound : bool
        k = 0.
    """

    p_value: float
    interval: tuple[float, float]
    significance: float
    num_experiments: int
    num_as_large: int
    num_failed: int
    is_bound: bool


def largest_significances(
    experiment: Callable[[np.random.Generator], Sequence[float | None]],
    *,
    num_experiments: int,
    seed: int,
) -> np.ndarray:
    """Run background-only pseudo-experiments over the whole scan.

    Parameters
    ----------
    experiment : callable
        Draws one pseudo-experiment with the generator it is given and repeats the
        scan on it: fit and, if it is meant to, training. Gives the local
        significance of every window, None where the window failed.
    num_experiments : int
        >= 1.
    seed : int
        Every experiment derives its own generator: any subset can be run elsewhere.

    Returns
    -------
    float64, shape (num_experiments,)
        The largest of each; NaN where every window failed.

    Examples
    --------
    >>> largest_significances(lambda rng: [rng.normal(), None, 9.0],
    ...                       num_experiments=2, seed=1)
    array([9., 9.])
    """
    if num_experiments < 1:
        message = f"largest_significances: num_experiments >= 1, got {num_experiments}"
        raise ValueError(message)
    largest = np.full(num_experiments, np.nan)
    for number in range(num_experiments):
        generator = np.random.default_rng(derive_seed(seed, "pseudo", number))
        found = [z for z in experiment(generator) if z is not None]
        if found:
            largest[number] = max(found)
    return largest


def global_significance(
    observed: float, largest: ArrayLike, *, failures_max: float = 0.05
) -> GlobalSignificance:
    """Compare the largest local significance with those of pseudo-experiments.

    Parameters
    ----------
    observed : float
        The largest of the scan of the data.
    largest : float, shape (experiments,)
        As `largest_significances` gives them; NaN is a failed experiment.
    failures_max : float
        Largest fraction of failed experiments that is tolerated.

    Returns
    -------
    GlobalSignificance

    Raises
    ------
    ValueError
        An observed NaN, no experiments, or too many failed ones.

    Examples
    --------
    >>> found = global_significance(2.0, np.linspace(-1.0, 2.96, 100))
    >>> found.num_as_large, round(found.p_value, 3)
    (25, 0.257)
    """
    values = np.asarray(largest, np.float64)
    good = values[~np.isnan(values)]
    failed = len(values) - len(good)
    if math.isnan(observed) or not len(good) or failed > failures_max * len(values):
        message = (
            f"global_significance: {failed} of {len(values)} pseudo-experiments failed "
            f"(at most {failures_max:.0%} may) for an observed {observed}"
        )
        raise ValueError(message)
    k, total = int(np.sum(good >= observed)), len(good)
    tail = (1 - math.erf(1 / math.sqrt(2))) / 2
    low = float(stats.beta.ppf(tail, k, total - k + 1)) if k else 0.0
    high = float(stats.beta.ppf(1 - tail, k + 1, total - k)) if k < total else 1.0
    p_value = (k + 1) / (total + 1)
    below_one = total / (total + 1)
    return GlobalSignificance(
        p_value=p_value,
        interval=(low, high),
        significance=-float(special.ndtri(min(p_value, below_one))),
        num_experiments=total,
        num_as_large=k,
        num_failed=failed,
        is_bound=k == 0,
    )
