"""A quantity of several trainings against what was varied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oddjet.report.figure_svg import ACCENT, MUTED, draw_svg, legend_above
from oddjet.report.markup import Html

__all__ = ["repeat_figure"]


def repeat_figure(
    name: str,
    x: Sequence[float],
    mean: Sequence[float],
    spread: Sequence[float],
    *,
    x_label: str,
    y_label: str,
    band: tuple[float, float] | None = None,
    line: tuple[float, str] | None = None,
    logarithmic: bool = False,
) -> Html:
    """Draw means with the spread of the trainings.

    Parameters
    ----------
    name : str
        Unique on the page.
    x, mean, spread : sequence of float
        Of each point; a spread of 0 draws no bar.
    x_label, y_label : str
    band : (float, float), optional
        Mean and spread of the same procedure where there is nothing to find.
    line : (float, str), optional
        A level, and what it is.
    logarithmic : bool
        The x axis, whose values must be positive then.

    Returns
    -------
    Html
        One <svg> element.
    """

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        if band is not None:
            low, high = band[0] - band[1], band[0] + band[1]
            axes.axhspan(low, high, color=MUTED, alpha=0.3, linewidth=0)
            axes.axhline(band[0], color=MUTED, linestyle="--", label="no signal")
        if line is not None:
            axes.axhline(line[0], color=MUTED, linestyle=":", label=line[1])
        axes.errorbar(
            x, mean, spread, color=ACCENT, marker="o", markersize=5, linestyle="none",
            capsize=3, label="mean and spread of the trainings",
        )  # fmt: skip
        if logarithmic:
            axes.set_xscale("log")
        axes.margins(x=0.05, y=0.15)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        legend_above(axes, columns=2)

    description = f"{y_label} against {x_label}"
    return draw_svg(name, draw, description=description, height=4.2)
