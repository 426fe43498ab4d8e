"""Tail probabilities of (sums of) negative binomial counts, however small.

A count is the number of signal-region events above the k-th highest control
event; each event above is a signal-region event with probability q.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, signal, special, stats

# exp(-40) of the largest term is far below the rounding error of the sum.
_NEGLIGIBLE = 40.0


@dataclass(frozen=True)
class LogTails:
    """Natural logarithms of P(N >= n) and P(N <= n)."""

    upper: float
    lower: float


def sum_log_tails(n: int, k: NDArray[np.int64], q: NDArray[np.float64]) -> LogTails:
    """Tails of a sum of independent negative binomial counts.

    For one count, P(N >= n) = P(Bin(n + k - 1, q) >= n). For several the
    probabilities are convolved after exponential tilting, which makes n the mean:
    no logarithm of a small difference is taken, so 1e-1000 is as exact as 0.1.

    Parameters
    ----------
    n : int
        The observed sum, >= 0.
    k : int64, shape (counts,)
        Number of control events that each count waits for, >= 1.
    q : float64, shape (counts,)
        Probability of a signal-region event, in [0, 1).

    Returns
    -------
    LogTails
        Relative accuracy of the probabilities about 1e-10.

    References
    ----------
    Tilting: H. E. Daniels, Ann. Math. Statist. 25 (1954) 631, with the exact
    convolution in place of the saddle-point expansion.

    Examples
    --------
    >>> tails = sum_log_tails(2, np.array([1]), np.array([0.5]))
    >>> np.round(np.exp([tails.upper, tails.lower]), 12)
    array([0.25 , 0.875])
    """
    k, q = k[q > 0], q[q > 0]
    if not len(q):
        return LogTails(0.0 if n == 0 else -np.inf, 0.0)
    mean = float(np.sum(k * q / (1 - q)))
    upper = 0.0 if n == 0 else _log_tail(n, k, q, upper=True, tilted=n > mean)
    if n == 0:
        lower = float(np.sum(k * np.log1p(-q)))
    else:
        lower = _log_tail(n, k, q, upper=False, tilted=n < mean)
    return LogTails(min(upper, 0.0), min(lower, 0.0))


def log_tails(n: float, k: float, q: float) -> LogTails:
    """Tails of one count whose n and k need not be whole (effective numbers).

    P(N >= n) = I_q(n, k), the regularised incomplete beta function, and
    P(N <= n) = I_(1-q)(k, n + 1).

    Parameters
    ----------
    n : float
        The observed number, >= 0.
    k : float
        Control events, > 0.
    q : float
        In (0, 1).

    Returns
    -------
    LogTails
    """
    upper = _log_incomplete_beta(n, k, q) if n > 0 else 0.0
    return LogTails(upper, _log_incomplete_beta(k, n + 1, 1 - q))


def _log_incomplete_beta(a: float, b: float, x: float) -> float:
    probability = float(special.betainc(a, b, x))
    if probability > 1e-290:
        return float(np.log(probability))
    # DLMF 8.17.8: a sum of positive terms; they fall from the first one, because
    # where they rise the probability is not small.
    i = np.arange(1_000_000)
    terms = np.cumsum(np.log(x) + np.log((a + b + i) / (a + 1 + i)))
    leading = a * np.log(x) + b * np.log1p(-x) - np.log(a) - special.betaln(a, b)
    return float(leading + np.logaddexp(0.0, special.logsumexp(terms)))


def _log_tail(
    n: int, k: NDArray[np.int64], q: NDArray[np.float64], *, upper: bool, tilted: bool
) -> float:
    # Tilting by exp(theta N) maps q to q exp(theta) and keeps the family.
    theta = _tilt(n, k, q) if tilted else 0.0
    q_tilted = q * np.exp(theta)
    deviation = np.sqrt(np.sum(k * q_tilted) / np.min(1 - q_tilted) ** 2)
    reach = max(n, float(np.sum(k * q_tilted / (1 - q_tilted)))) + 10 * deviation
    size = int(reach + _NEGLIGIBLE / -np.log(np.max(q_tilted))) + 2
    probabilities = _convolved(size, k, q_tilted)
    count = np.arange(size)
    chosen = count >= n if upper else count <= n
    tail = np.sum(probabilities[chosen] * np.exp(-theta * (count[chosen] - n)))
    log_mass = np.sum(k * (np.log1p(-q) - np.log1p(-q_tilted)))
    return float(np.log(tail) + log_mass - theta * n)


def _tilt(n: int, k: NDArray[np.int64], q: NDArray[np.float64]) -> float:
    """Solve for the theta at which the mean of the tilted sum is n."""

    def excess(theta: float) -> float:
        tilted = q * np.exp(theta)
        return float(np.sum(k * tilted / (1 - tilted))) - n

    # The root lies between that of one count with all of k and that of one with
    # the least k; a little room keeps rounding from closing the bracket.
    low = np.log((n - 0.5) / (n - 0.5 + np.sum(k)) / np.max(q))
    high = np.log((n + 1) / (n + 1 + np.min(k)) / np.max(q))
    return float(optimize.brentq(excess, low, high))


def _convolved(
    size: int, k: NDArray[np.int64], q: NDArray[np.float64]
) -> NDArray[np.float64]:
    count = np.arange(size)
    total: NDArray[np.float64] | None = None
    for k_one, q_one in zip(k, q, strict=True):
        one = stats.nbinom.pmf(count, k_one, 1 - q_one)
        if total is None:
            total = one
        else:
            # Rounding errors are relative to the peak, which tilting puts at n.
            total = np.maximum(signal.fftconvolve(total, one)[:size], 0.0)
    assert total is not None
    return total
