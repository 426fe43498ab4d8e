"""Several series of points in one figure, with the diagonal that they are judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from oddjet.report.figure_svg import MUTED, PROCESS_COLORS, draw_svg, legend_above
from oddjet.report.markup import Html

__all__ = ["Series", "series_figure"]

_MARKERS = "osD^vP*X"


@dataclass(frozen=True)
class Series:
    """Points of one kind.

    Attributes
    ----------
    label : str
    x, y : sequence of float
    spread : sequence of float, optional
        Of y, as bars.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    spread: Sequence[float] | None = None


def series_figure(
    name: str,
    series: Sequence[Series],
    *,
    x_label: str,
    y_label: str,
    diagonal: str | None = None,
) -> Html:
    """Draw points of several kinds, each with a colour and a marker of its own.

    Parameters
    ----------
    name : str
        Unique on the page.
    series : sequence of Series
        In the order of the legend.
    x_label, y_label : str
    diagonal : str, optional
        What the line y = x means; drawn over the range of both axes.

    Returns
    -------
    Html
        One <svg> element.
    """

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        for number, each in enumerate(series):
            axes.errorbar(
                each.x, each.y, each.spread, label=each.label, linestyle="none",
                color=PROCESS_COLORS[(number + 1) % len(PROCESS_COLORS)],
                marker=_MARKERS[number % len(_MARKERS)], markersize=5, capsize=3,
            )  # fmt: skip
        if diagonal is not None:
            low = max(axes.get_xlim()[0], axes.get_ylim()[0])
            high = min(axes.get_xlim()[1], axes.get_ylim()[1])
            if low < high:
                ends = [low, high]
                axes.plot(ends, ends, color=MUTED, linestyle="--", label=diagonal)
        axes.margins(x=0.05, y=0.1)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        legend_above(axes)

    return draw_svg(name, draw, description=f"{y_label} against {x_label}", height=4.6)
