"""How small a training may ask distance correlations and non-closures to be.

A constraint below what independent variables reach in a batch can never be met, and
one far below what the analysis needs costs separation for nothing. So a target is
derived from the non-closure that the analysis allows, and refused where the batch is
too small to show it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = [
    "check_closure_target",
    "check_distance_correlation_target",
    "closure_floor",
    "closure_target",
    "distance_correlation_floor",
    "distance_correlation_target",
]

#: R of the V-statistic for independent normal variables is 1.78 / sqrt(n): n dCov^2
#: averages E|x - x'| E|y - y'|, for normal ones 4/pi, over dVar(x) dVar(y) = 0.402.
#: Scores that gather at 0 and 1 come down to 1 / sqrt(n).
_FLOOR = 1.8


def distance_correlation_floor(num_effective: float) -> float:
    """Give the distance correlation that independent variables show in a batch.

    Parameters
    ----------
    num_effective : float
        Effective events (`oddjet.stats.effective_events`); > 0.

    Returns
    -------
    float
        1.8 / sqrt(num_effective), at most 1.

    Examples
    --------
    >>> round(distance_correlation_floor(10_000), 3)
    0.018
    """
    return min(_FLOOR / math.sqrt(num_effective), 1.0)


def distance_correlation_target(
    non_closure: float, *, pass_x: float, pass_y: float
) -> float:
    """Give the distance correlation that leaves a given non-closure.

    For two normal scores of correlation rho, cut so that fractions a and b pass, the
    prediction is off by rho phi_a phi_b / (a b (1 - a)(1 - b)) to first order, phi the
    density at the cut; rho is turned into R by the closed form of the bivariate normal.
    Other dependences give another constant: a rule to begin with.

    Parameters
    ----------
    non_closure : float
        Of the prediction, relative, > 0.
    pass_x, pass_y : float
        Background fractions that pass each cut, in (0, 1).

    Returns
    -------
    float

    Raises
    ------
    UserError
        A number out of range.

    References
    ----------
    Székely, Rizzo, Bakirov, Annals of Statistics 35 (2007), theorem 7.

    Examples
    --------
    >>> round(distance_correlation_target(0.05, pass_x=0.1, pass_y=0.1), 4)
    0.0117
    """
    _in_range("non_closure", non_closure, 0.0, math.inf)
    _in_range("pass_x", pass_x, 0.0, 1.0)
    _in_range("pass_y", pass_y, 0.0, 1.0)
    density = math.prod(
        math.exp(-(special.ndtri(f) ** 2) / 2) / math.sqrt(2 * math.pi)
        for f in (pass_x, pass_y)
    )
    spread = pass_x * pass_y * (1 - pass_x) * (1 - pass_y)
    rho = min(non_closure * spread / density, 1.0)
    squared = (
        rho * math.asin(rho)
        + math.sqrt(1 - rho**2)
        - rho * math.asin(rho / 2)
        - math.sqrt(4 - rho**2)
        + 1
    ) / (1 + math.pi / 3 - math.sqrt(3))
    return math.sqrt(max(squared, 0.0))


def closure_target(non_closure: float) -> float:
    """Turn a relative non-closure d into the symmetric one, d / (2 + d).

    Parameters
    ----------
    non_closure : float
        > 0.

    Returns
    -------
    float

    Raises
    ------
    UserError
        A number out of range.

    Examples
    --------
    >>> round(closure_target(0.1), 4)
    0.0476
    """
    _in_range("non_closure", non_closure, 0.0, math.inf)
    return non_closure / (2 + non_closure)


def closure_floor(*effective_events_of_regions: float) -> float:
    """Give the symmetric non-closure that fluctuations alone leave on average.

    Its standard deviation is half the relative one of the prediction over what is
    found, sqrt(sum 1/n); the mean of a magnitude is sqrt(2/pi) of that.

    Parameters
    ----------
    *effective_events_of_regions : float
        Of the four regions, > 0.

    Returns
    -------
    float

    Examples
    --------
    >>> round(closure_floor(400, 2000, 2000, 10_000), 4)
    0.0239
    """
    variance = sum(1 / n for n in effective_events_of_regions)
    return math.sqrt(variance / (2 * math.pi))


def check_distance_correlation_target(
    name: str, target: float, *, num_effective: float
) -> None:
    """Refuse a target that independent variables would not meet.

    Parameters
    ----------
    name : str
        Of the constraint, for the message.
    target : float
    num_effective : float
        Effective background events of a batch.

    Raises
    ------
    UserError

    Examples
    --------
    >>> check_distance_correlation_target("X and Y", 0.02, num_effective=10_000)
    """
    _in_range(f"the target of {name}", target, 0.0, math.inf)
    floor = distance_correlation_floor(max(num_effective, 1.0))
    if target < floor:
        needed = math.ceil((_FLOOR / target) ** 2)
        message = (
            f"the distance correlation of {name} cannot be brought to {target:g}: in a "
            f"batch of {num_effective:,.0f} effective background events independent "
            f"variables already show 1.8/sqrt(n_eff) = {floor:.4f}; raise the target, "
            f"or the batch to {needed:,} effective events"
        )
        raise UserError(message)


def check_closure_target(name: str, target: float, *, regions: ArrayLike) -> None:
    """Refuse a target for closure that fluctuations alone would break.

    Parameters
    ----------
    name : str
        Of the constraint, for the message.
    target : float
        Of the symmetric closure.
    regions : float, shape (4,)
        Effective events that can be hoped for in the four regions.

    Raises
    ------
    UserError

    Examples
    --------
    >>> check_closure_target("all", 0.05, regions=[400, 2000, 2000, 10_000])
    """
    _in_range(f"the target of {name}", target, 0.0, math.inf)
    events = [max(float(n), 1.0) for n in np.asarray(regions, np.float64)]
    floor = closure_floor(*events)
    if target < floor:
        message = (
            f"the closure of {name} cannot be brought to {target:g}: with "
            f"{', '.join(f'{n:,.0f}' for n in events)} effective events in the four "
            f"regions of a batch fluctuations alone leave {floor:.4f}; raise the "
            "target or the batch"
        )
        raise UserError(message)


def _in_range(name: str, value: float, lowest: float, highest: float) -> None:
    if not lowest < value < highest:
        message = f"{name} must lie in ({lowest:g}, {highest:g}), got {value:g}"
        raise UserError(message)
