"""How much signal a search needs, from injections."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["SensitivityPoint", "sensitivity_curve", "smallest_signal"]


@dataclass(frozen=True)
class SensitivityPoint:
    """Significances with one amount of signal.

    Attributes
    ----------
    injected : float
        Signal events.
    median, low, high : float
        Of the repeats: 50 %, 16 % and 84 % quantile of the significance.
    repeats : int
    """

    injected: float
    median: float
    low: float
    high: float
    repeats: int


def sensitivity_curve(
    injected: ArrayLike, significance: ArrayLike
) -> tuple[SensitivityPoint, ...]:
    """Summarise repeated injections by their amount of signal.

    Parameters
    ----------
    injected : float, shape (injections,)
    significance : float, shape (injections,)
        Finite.

    Returns
    -------
    tuple of SensitivityPoint
        By rising signal.

    Raises
    ------
    ValueError
        Arrays of different lengths, empty, or with a significance that is not finite.
    """
    amounts, sigma = np.asarray(injected, float), np.asarray(significance, float)
    if amounts.shape != sigma.shape or not sigma.size or not np.isfinite(sigma).all():
        message = (
            "sensitivity_curve: needs one finite significance an injection, got "
            f"{np.count_nonzero(np.isfinite(sigma))} of {amounts.size}"
        )
        raise ValueError(message)
    return tuple(
        _point(float(amount), sigma[amounts == amount]) for amount in np.unique(amounts)
    )


def smallest_signal(
    injected: ArrayLike,
    significance: ArrayLike,
    level: float,
    *,
    seed: int = 0,
    resamples: int = 200,
) -> tuple[float, float, float] | None:
    """Interpolate the smallest signal whose median significance reaches a level.

    Medians are made non-decreasing first (pool adjacent violators), then joined by
    straight lines in the amount of signal.

    Parameters
    ----------
    injected, significance : float, shape (injections,)
    level : float
        In sigma, for example 3 or 5.
    seed, resamples : int
        Of the bootstrap over repeats that gives the errors.

    Returns
    -------
    (float, float, float) or None
        Best value, 16 % and 84 % quantile of the bootstrap (of the resamples that
        reach the level); None if the largest injection does not reach it.

    Raises
    ------
    ValueError
        As `sensitivity_curve`.

    Examples
    --------
    >>> smallest_signal([0, 100, 200], [0.0, 2.0, 4.0], 3.0)[0]
    150.0
    """
    amounts, sigma = np.asarray(injected, float), np.asarray(significance, float)
    best = _crossing(amounts, sigma, level)
    if best is None:
        return None
    random = np.random.default_rng(seed)
    groups = [np.flatnonzero(amounts == amount) for amount in np.unique(amounts)]
    found = []
    for _ in range(resamples):
        drawn = np.concatenate(
            [random.choice(repeats, len(repeats)) for repeats in groups]
        )
        crossing = _crossing(amounts[drawn], sigma[drawn], level)
        if crossing is not None:
            found.append(crossing)
    low, high = np.quantile(found or [best], [0.16, 0.84])
    return best, float(low), float(high)


def _point(amount: float, sigma: NDArray[np.float64]) -> SensitivityPoint:
    low, median, high = np.quantile(sigma, [0.16, 0.5, 0.84]).tolist()
    return SensitivityPoint(amount, median, low, high, len(sigma))


def _crossing(
    amounts: NDArray[np.float64], sigma: NDArray[np.float64], level: float
) -> float | None:
    points = sensitivity_curve(amounts, sigma)
    x = np.array([point.injected for point in points])
    y = _non_decreasing([point.median for point in points])
    reached = np.flatnonzero(y >= level)
    if not len(reached):
        return None
    first = int(reached[0])
    if first == 0:
        return float(x[0])
    share = (level - y[first - 1]) / (y[first] - y[first - 1])
    return float(x[first - 1] + share * (x[first] - x[first - 1]))


def _non_decreasing(values: list[float]) -> NDArray[np.float64]:
    """Average neighbours that fall, until none does."""
    blocks: list[tuple[float, int]] = []
    for value in values:
        blocks.append((value, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, m), (b, n) = blocks[-2:]
            blocks[-2:] = [((a * m + b * n) / (m + n), m + n)]
    return np.repeat([value for value, _ in blocks], [count for _, count in blocks])
