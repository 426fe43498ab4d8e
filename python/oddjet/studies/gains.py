"""What a cut on the score makes of S / sqrt(B), at fixed background efficiencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oddjet.report.page import figure
from oddjet.report.series_figure import Series, series_figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from oddjet.report.markup import Html

__all__ = ["efficiencies_of", "gain_figure"]

_PREFIX = "after_"
_CAPTION = (
    "The cut keeps the given share of pure background; S/sqrt(B) is multiplied by the"
    " share of pure signal over the root of that. Bars are the spread of the trainings;"
    " a point is left out where too few background events are above the cut."
)


def efficiencies_of(points: Sequence[Mapping[str, Any]]) -> list[str]:
    """List the background efficiencies whose gain was measured, the loosest first."""
    names = points[0]["summary"]
    found = [name.removeprefix(_PREFIX) for name in names if name.startswith(_PREFIX)]
    return sorted(found, key=float, reverse=True)


def gain_figure(points: Sequence[Mapping[str, Any]], before: Sequence[float]) -> Html:
    """Draw S / sqrt(B) after the cut against that before, a series an efficiency.

    Parameters
    ----------
    points : sequence of mapping
        With `summary`, which has `after_0.1` and so on.
    before : sequence of float
        S / sqrt(B) of each.

    Returns
    -------
    Html
        One <figure>.
    """
    series = []
    for efficiency in efficiencies_of(points):
        found = [
            (x, point["summary"][f"{_PREFIX}{efficiency}"])
            for x, point in zip(before, points, strict=True)
        ]
        found = [(x, after) for x, after in found if after["mean"] is not None]
        series.append(
            Series(
                f"efficiency {efficiency}",
                [x for x, _ in found],
                [after["mean"] for _, after in found],
                [after["spread"] or 0.0 for _, after in found],
            )
        )
    svg = series_figure(
        "after",
        series,
        x_label="S/\u221aB before the cut",
        y_label="S/\u221aB after the cut",
        diagonal="as before the cut",
    )
    return figure(svg, _CAPTION)
