"""Limits on the page of a search for semi-visible jets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oddjet.report.limit_figures import exclusion_figure, limit_figure
from oddjet.report.markup import Html, table
from oddjet.report.numbers import NOTHING, format_expectation, format_sigma
from oddjet.report.page import figure
from oddjet.stats.abcd_limits import AbcdLimit
from oddjet.stats.exclusion import GridPoint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["grid_points", "limit_content"]

_HEADS = (
    "m(Z') [GeV]", "r_inv", "Cross section [pb]", "Passes both",
    "Expected limit on mu", "1 s.d. band", "Observed", "Expected Z", "Local sigma",
)  # fmt: skip


def grid_points(points: Sequence[Mapping[str, Any]]) -> list[GridPoint]:
    """Give the limits of `points` in results.json, as figures and tables take them."""
    return [
        GridPoint(
            point["z_prime_mass_gev"],
            point["r_inv"],
            AbcdLimit(
                point["status"],
                point["reason"],
                point["observed"],
                None if point["expected"] is None else tuple(point["expected"]),
                point["best_mu"],
                point["significance"],
            ),
        )
        for point in points
    ]


def limit_content(results: Mapping[str, Any]) -> list[Html | str]:
    """Show limits against the mass, over the grid, and as a table."""
    points = results["points"]
    grid = grid_points(points)
    content: list[Html | str] = []
    for r_inv in sorted({point.r_inv for point in grid}):
        here = [point for point in grid if point.r_inv == r_inv]
        if sum(point.limit.expected is not None for point in here) > 1:
            caption = (
                f"r_inv = {r_inv:g}: upper limits at 95 % CL on the signal strength mu,"
                " relative to the cross section given; excluded below the line at 1."
            )
            content.append(figure(limit_figure(here), caption))
    content += _exclusion(grid)
    content.append(
        table(_HEADS, [_row(point) for point in points],
              caption="Every point of the signal")
    )  # fmt: skip
    return content + _reasons(points)


def _exclusion(grid: Sequence[GridPoint]) -> list[Html | str]:
    if all(point.limit.expected is None for point in grid):
        return []
    try:
        drawn = exclusion_figure(grid)
    except ValueError:
        return []  # No grid of two masses and two fractions.
    return [figure(drawn, "Over the grid; lines where a limit is 1, if one is.")]


def _row(point: Mapping[str, Any]) -> tuple[str, ...]:
    expected, significance = point["expected"], point["significance"]
    band = f"{expected[1]:.3g} to {expected[3]:.3g}" if expected else NOTHING
    passing = point["signal_events"]
    return (
        f"{point['z_prime_mass_gev']:g}",
        f"{point['r_inv']:g}",
        f"{point['cross_section_pb']:g}",
        NOTHING if passing is None else format_expectation(passing),
        f"{expected[2]:.3g}" if expected else "not determined",
        band,
        _number(point["observed"], ".3g"),
        _number(point["expected_significance"], ".2g"),
        NOTHING if significance is None else format_sigma(significance),
    )


def _number(value: float | None, form: str) -> str:
    return NOTHING if value is None else format(value, form)


def _reasons(points: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say once for each reason which points have no limit."""
    where: dict[str, list[str]] = {}
    for point in points:
        if point["status"] != "ok":
            where.setdefault(str(point["reason"]).rstrip("."), []).append(point["name"])
    return [
        f"Not determined: {'; '.join(names)}: {reason}."
        for reason, names in where.items()
    ]
