"""Upper limits with CLs: the asymptotic formulae, and the crossing of any curve.

A curve of CLs that never falls below 1 - level, or that rises on its way, gives no
limit: `UpperLimit.value` is then None and `reason` says why.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from oddjet.stats.counting_model import CountingModel

__all__ = [
    "CLs",
    "UpperLimit",
    "asymptotic_cls",
    "cls_from_test_statistics",
    "gaussian_coverage",
    "gaussian_upper_limit",
    "limit_from_scan",
    "upper_limit",
]

Statistic = Literal["qtilde", "q"]
_BANDS = (2.0, 1.0, 0.0, -1.0, -2.0)


@dataclass(frozen=True)
class CLs:
    """CLs of one signal strength.

    Attributes
    ----------
    observed : float
    expected : tuple of five float
        For background alone that fluctuates by -2, -1, 0, 1, 2 sigma: increasing,
        in the order of pyhf.
    """

    observed: float
    expected: tuple[float, float, float, float, float]


@dataclass(frozen=True)
class UpperLimit:
    """An upper limit, or why there is none.

    Attributes
    ----------
    value : float or None
    reason : str or None
    """

    value: float | None
    reason: str | None = None


def cls_from_test_statistics(
    q: float, q_asimov: float, *, statistic: Statistic = "qtilde"
) -> CLs:
    """Give CLs from a test statistic and its value on the Asimov data.

    With qtilde the asymptotic distribution changes form where q exceeds q_A:
    (q - q_A) / (2 sqrt(q_A)) there, sqrt(q) - sqrt(q_A) below; with q always the
    latter. At q_A = 0 (no signal tested) both hypotheses are one: CLs is 1.

    Parameters
    ----------
    q, q_asimov : float
        >= 0.
    statistic : "qtilde" or "q"

    Returns
    -------
    CLs

    References
    ----------
    Cowan, Cranmer, Gross, Vitells, arXiv:1007.1727, equations 60, 65 and 66.

    Examples
    --------
    >>> round(cls_from_test_statistics(4.0, 4.0).observed, 4)
    0.0455
    """
    if q_asimov <= 0:
        return CLs(1.0, (1.0, 1.0, 1.0, 1.0, 1.0))
    root = math.sqrt(q_asimov)
    if statistic == "qtilde" and q > q_asimov:
        shift = (q - q_asimov) / (2 * root)
    else:
        shift = math.sqrt(q) - root
    expected = tuple(_ratio(sigma, root) for sigma in _BANDS)
    return CLs(_ratio(shift, root), expected)  # type: ignore[arg-type]


def _ratio(shift: float, root: float) -> float:
    """Give the ratio of two normal tails, through logarithms: neither underflows."""
    difference = special.log_ndtr(-shift - root) - special.log_ndtr(-shift)
    return float(np.exp(difference))


def asymptotic_cls(
    model: CountingModel, mu: float, *, statistic: Statistic = "qtilde"
) -> CLs:
    """Give the asymptotic CLs of a counting model, without a fit that could fail.

    Parameters
    ----------
    model : CountingModel
    mu : float
        Signal strength tested, >= 0.
    statistic : "qtilde" or "q"
        The former never compares with a negative best signal.

    Returns
    -------
    CLs

    Raises
    ------
    ValueError
        mu < 0.

    Examples
    --------
    >>> round(asymptotic_cls(CountingModel(100, 100, 10), 30.0).observed, 3)
    0.039
    """
    if not mu >= 0:
        message = f"asymptotic_cls: the signal strength must be >= 0, got {mu}"
        raise ValueError(message)
    if mu == 0:
        return cls_from_test_statistics(0.0, 0.0)  # exactly: no rounding of q_A
    q = _test_statistic(model, mu, statistic)
    q_asimov = _test_statistic(model.asimov(), mu, statistic)
    return cls_from_test_statistics(q, q_asimov, statistic=statistic)


def _test_statistic(model: CountingModel, mu: float, statistic: Statistic) -> float:
    best = model.best_mu()
    if best > mu:
        return 0.0
    q = model.deviance(mu)
    if statistic == "qtilde" and best < 0:
        q -= model.deviance(0.0)
    return max(q, 0.0)


def upper_limit(
    cls_of: Callable[[float], float],
    *,
    level: float = 0.95,
    first: float = 1.0,
    highest: float = 1e12,
    tolerance: float = 1e-8,
) -> UpperLimit:
    """Find where CLs falls to 1 - level, whatever the scale of the signal strength.

    The bracket grows or shrinks by factors of two from `first`, then Brent's method.

    Parameters
    ----------
    cls_of : callable
        CLs of a signal strength > 0.
    level : float
        In (0, 1).
    first : float
        Where to look first, > 0; any value leads to the same limit.
    highest : float
        Where to give up.
    tolerance : float
        Relative.

    Returns
    -------
    UpperLimit
        None where CLs is not a number, or has not fallen at `highest`.

    Examples
    --------
    >>> round(upper_limit(lambda mu: math.exp(-mu)).value, 6)
    2.995732
    """
    wanted = 1 - level
    low, high, value = 0.0, first, cls_of(first)
    while value > wanted and high < highest:
        low, high = high, 2 * high
        value = cls_of(high)
    while value <= wanted and low == 0.0 and high > first * 1e-12:
        below = high / 2
        at_below = cls_of(below)
        if not at_below <= wanted:
            low, value = below, cls_of(high)
            break
        high = below
    if math.isnan(value):
        return UpperLimit(None, f"CLs is not a number at a signal of {high:g}")
    if value > wanted:
        reason = f"CLs is still {value:.3g} at a signal of {high:g}, above {wanted:.3g}"
        return UpperLimit(None, reason)
    if low == 0.0:
        return UpperLimit(
            None, f"CLs is below {wanted:.3g} down to a signal of {high:g}"
        )
    found = optimize.brentq(
        lambda mu: cls_of(mu) - wanted, low, high, xtol=low * tolerance, rtol=tolerance
    )
    return UpperLimit(float(found))


def limit_from_scan(
    signal: ArrayLike, cls: ArrayLike, *, level: float = 0.95, slack: float = 0.0
) -> UpperLimit:
    """Find where a scanned CLs curve crosses 1 - level.

    Between the points log CLs is taken as linear. Each point of a rerun-everything
    scan carries noise; a rise of up to `slack` is forgiven, a larger one is not, for a
    curve that goes up and down crosses anywhere.

    Parameters
    ----------
    signal : float, shape (points,)
        Increasing.
    cls : float, shape (points,)
        In [0, 1].
    level : float
        In (0, 1).
    slack : float
        Largest rise from any point to a later one that is forgiven.

    Returns
    -------
    UpperLimit
        "No limit" (None, with a reason) for fewer than two points, a NaN, a curve
        that rises, or one that is above or below 1 - level everywhere.

    Examples
    --------
    >>> round(limit_from_scan([0, 1, 2], [1.0, 0.5, 0.005]).value, 3)
    1.5
    >>> limit_from_scan([0, 1, 2], [1.0, 0.4, 0.3]).reason
    'CLs never falls to 0.05: it is 0.3 at the largest signal, 2'
    """
    x, y = np.asarray(signal, np.float64), np.asarray(cls, np.float64)
    if x.ndim != 1 or x.shape != y.shape or np.any(np.diff(x) <= 0):
        message = (
            "limit_from_scan: signal and cls must be equally long and signal must "
            f"increase, got the shapes {x.shape} and {y.shape}"
        )
        raise ValueError(message)
    wanted = 1 - level
    reason = _why_no_limit(x, y, wanted, slack)
    if reason is not None:
        return UpperLimit(None, reason)
    after = int(np.flatnonzero(y <= wanted)[0])
    # CLs may be exactly 0, whose logarithm is not finite; 1e-300 is as good.
    upper, lower = np.log(np.maximum(y[[after - 1, after]], 1e-300))
    share = (upper - np.log(wanted)) / (upper - lower)
    return UpperLimit(float(x[after - 1] + share * (x[after] - x[after - 1])))


def _why_no_limit(
    x: np.ndarray, y: np.ndarray, wanted: float, slack: float
) -> str | None:
    if len(x) < 2:
        return f"a CLs curve needs two points or more, there are {len(x)}"
    if np.isnan(y).any():
        return f"CLs is not a number at a signal of {x[np.isnan(y)][0]:g}"
    rises = y - np.minimum.accumulate(y)
    worst = int(np.argmax(rises))
    if rises[worst] > slack:
        return (
            f"CLs is not monotonic: it rises by {rises[worst]:.3g} up to {x[worst]:g}"
        )
    if y[-1] > wanted:
        return (
            f"CLs never falls to {wanted:.3g}: it is {y[-1]:.3g} at the largest "
            f"signal, {x[-1]:g}"
        )
    if y[0] <= wanted:
        return f"CLs is below {wanted:.3g} from the smallest signal on, {x[0]:g}"
    return None


def gaussian_upper_limit(
    measured: float, uncertainty: float, *, level: float = 0.95
) -> float:
    """Give the CLs limit on the mean of a Gaussian, in closed form.

    Parameters
    ----------
    measured : float
        May be negative.
    uncertainty : float
        > 0.
    level : float
        In (0, 1).

    Returns
    -------
    float
        measured + uncertainty z, Phi(-z) = (1 - level) Phi(measured / uncertainty).

    Examples
    --------
    >>> round(gaussian_upper_limit(0.0, 1.0), 4)
    1.96
    """
    pull = measured / uncertainty
    log_tail = math.log1p(-level) + float(special.log_ndtr(pull))
    return measured - uncertainty * float(special.ndtri_exp(log_tail))


def gaussian_coverage(mu_over_sigma: float, *, level: float = 0.95) -> float:
    """Give how often the CLs limit on a Gaussian mean lies above the true mean.

    More often than `level`: the price of never excluding what one cannot see.

    Parameters
    ----------
    mu_over_sigma : float
        True mean in units of the uncertainty, > 0.
    level : float
        In (0, 1).

    Returns
    -------
    float

    Examples
    --------
    >>> round(gaussian_coverage(2.0), 3)
    0.974
    """
    # The limit increases with the measurement: it equals the truth at one of them.
    highest = mu_over_sigma + 10.0
    lowest = mu_over_sigma - 40.0
    excluded_below = optimize.brentq(
        lambda x: gaussian_upper_limit(x, 1.0, level=level) - mu_over_sigma,
        lowest,
        highest,
        xtol=1e-12,
    )
    return float(special.ndtr(mu_over_sigma - excluded_below))
