"""The tables of an ABCD search."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from oddjet.report.markup import Html, element, table
from oddjet.report.numbers import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oddjet.stats.abcd_scan import WorkingPointScan

__all__ = ["working_point_table"]

_COLUMNS = ("significance", "p_value", "non_closure", "pull", "contamination")
_HEADS = (
    "Cut on X", "Cut on Y", "Mean Z", "p", "Non-closure", "Pull", "Contamination",
    "Rules it breaks",
)  # fmt: skip


def working_point_table(scan: WorkingPointScan, *, reach: int = 1) -> Html:
    """Show the chosen pair of cuts among its neighbours, and which rules these break.

    Parameters
    ----------
    scan : WorkingPointScan
    reach : int
        Neighbours to each side.

    Returns
    -------
    Html
        A table with the chosen pair first; without one, why there is none.
    """
    if scan.cut is None:
        return element("p", f"No working point: {scan.reason}", class_="note")
    points = scan.neighbourhood(reach)
    points.sort(key=lambda point: (point["x_cut"], point["y_cut"]) != scan.cut)
    return table(
        _HEADS,
        [_row(point) for point in points],
        caption="The working point (first) and its neighbours",
        text_columns=(len(_HEADS) - 1,),
    )


def _row(point: Mapping[str, Any]) -> tuple[str, ...]:
    cuts = (f"{point['x_cut']:.3f}", f"{point['y_cut']:.3f}")
    numbers = (
        NOTHING if math.isnan(point[name]) else f"{point[name]:.3g}"
        for name in _COLUMNS
    )
    return (*cuts, *numbers, "; ".join(point["broken_rules"]) or "nothing")
