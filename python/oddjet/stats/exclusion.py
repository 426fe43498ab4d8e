"""Limits on a grid of masses and invisible fractions: what is excluded, and its tables.

A signal point is excluded where the upper limit on its strength is below 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.stats.hepdata import Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oddjet.stats.abcd_limits import AbcdLimit

__all__ = ["GridPoint", "excluded_ranges", "limit_tables"]


@dataclass(frozen=True)
class GridPoint:
    """One signal and its limit.

    Attributes
    ----------
    mass_gev : float
        Of the mediator.
    r_inv : float
        Invisible fraction.
    limit : AbcdLimit
    """

    mass_gev: float
    r_inv: float
    limit: AbcdLimit


def excluded_ranges(
    mass_gev: Sequence[float], limits: Sequence[float | None]
) -> list[tuple[float, float]]:
    """Find the ranges of mass in which the limit is below 1.

    Between neighbouring masses log limit is taken as linear. Where a limit is not
    determined nothing is excluded, up to its neighbours.

    Parameters
    ----------
    mass_gev : sequence of float
        Ascending.
    limits : sequence of float or None
        Upper limits on mu.

    Returns
    -------
    list of (float, float)
        From and to; the ends are those of the scan where it ends inside.

    Raises
    ------
    ValueError
        Masses that do not ascend, or of another number than the limits.

    Examples
    --------
    >>> excluded_ranges([1000, 2000, 3000], [0.1, 0.1, 10.0])
    [(1000.0, 2500.0)]
    >>> excluded_ranges([1000, 2000, 3000], [0.1, None, 0.1])
    [(1000.0, 1000.0), (3000.0, 3000.0)]
    """
    if len(mass_gev) != len(limits) or np.any(np.diff(np.asarray(mass_gev)) <= 0):
        message = (
            "excluded_ranges: masses must ascend and have a limit each, got "
            f"{list(mass_gev)} and {len(limits)} limits"
        )
        raise ValueError(message)
    heights = [None if each is None else math.log(each) for each in limits]
    ranges: list[tuple[float, float]] = []
    begin: float | None = None
    for i, height in enumerate(heights):
        inside = height is not None and height < 0
        before = heights[i - 1] if i else None
        mass = float(mass_gev[i])
        if inside and begin is None:
            begin = mass if before is None else _crossing(mass_gev, heights, i)
        elif not inside and begin is not None:
            last = float(mass_gev[i - 1])
            end = last if height is None else _crossing(mass_gev, heights, i)
            ranges.append((begin, end))
            begin = None
    if begin is not None:
        ranges.append((begin, float(mass_gev[-1])))
    return ranges


def _crossing(
    mass_gev: Sequence[float], heights: Sequence[float | None], i: int
) -> float:
    """Where log limit crosses zero between points i - 1 and i."""
    before, after = heights[i - 1], heights[i]
    assert before is not None
    assert after is not None
    share = before / (before - after)
    return float(mass_gev[i - 1] + share * (mass_gev[i] - mass_gev[i - 1]))


def limit_tables(points: Sequence[GridPoint]) -> list[Table]:
    """Give a HEPData table of limits against mass for each invisible fraction.

    Parameters
    ----------
    points : sequence of GridPoint

    Returns
    -------
    list of Table
        By ascending r_inv; a limit that is not determined is given as "-".
    """
    tables = []
    for r_inv in sorted({point.r_inv for point in points}):
        here = sorted(
            (point for point in points if point.r_inv == r_inv),
            key=lambda point: point.mass_gev,
        )
        limits = [point.limit for point in here]
        bands = [each.expected for each in limits]
        tables.append(
            Table(
                f"Limits at r_inv = {r_inv:g}",
                f"Upper limits at 95 % CL on the signal strength for r_inv = {r_inv:g}",
                (Column("m(Z')", [point.mass_gev for point in here], "GeV"),),
                (
                    Column("observed limit", [each.observed for each in limits]),
                    Column(
                        "expected limit",
                        [None if band is None else band[2] for band in bands],
                        errors={
                            "1 s.d.": [_around(band, 1) for band in bands],
                            "2 s.d.": [_around(band, 2) for band in bands],
                        },
                    ),
                ),
            )
        )
    return tables


def _around(band: tuple[float, ...] | None, sigmas: int) -> tuple[float, float] | None:
    """Give how far a band reaches above and below its median."""
    if band is None:
        return None
    return band[2 + sigmas] - band[2], band[2 - sigmas] - band[2]
