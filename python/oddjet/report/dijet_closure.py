"""How templates close in the sidebands, on the page of a dijet search."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from oddjet.report.dijet_figures import first_figures
from oddjet.report.dijet_wording import template_name, window_name
from oddjet.report.figure_svg import CONTROL, INK, MUTED, draw_svg
from oddjet.report.markup import Html, table
from oddjet.report.numbers import NOTHING, format_sigma
from oddjet.report.page import Section

__all__ = ["closure_figure", "closure_sections"]

MOST_FIGURES = 6
_READING = (
    "What the models behind a template make of the sidebands, next to the data there,"
    " each event with models that have not seen it. Classifiers of the features and the"
    " mass try to tell the two apart: the area under their curve is 0.5 where they"
    " cannot. A template that fails here is not to be believed in the signal region;"
    " one that passes may still fail there."
)


def closure_sections(results: Mapping[str, Any]) -> list[Section]:
    """Show the two-sample tests and the worst features' histograms.

    Parameters
    ----------
    results : mapping
        The content of results.json.

    Returns
    -------
    list of Section
        None where no template was compared.
    """
    rows = results.get("templates")
    if not rows:
        return []
    content: list[Html | str] = [_READING, _areas(rows)]
    good = [row for row in rows if row["auc"] is not None]
    good.sort(key=lambda row: -_pull(row))
    if len(good) > MOST_FIGURES:
        content.append("Those that close worst:")
    content += first_figures(
        "closure", good, closure_figure, _caption, most=MOST_FIGURES
    )
    content += [
        f"No template to compare: {template_name(row)}: {row['reason']}."
        for row in rows
        if row["auc"] is None
    ]
    return [Section("Templates in the sidebands", content)]


def _areas(rows: Sequence[Mapping[str, Any]]) -> Html:
    head = ("Window", "Features", "Template", "Area", "Uncertainty", "From 0.5")
    cells = [
        (
            window_name(row),
            row["features"],
            row["template"],
            *_area(row),
        )
        for row in rows
    ]
    caption = "Classifier two-sample tests; the last column in standard deviations"
    return table(head, cells, caption=caption, text_columns=(0, 1, 2))


def _area(row: Mapping[str, Any]) -> tuple[str, str, str]:
    if row["auc"] is None:
        return (NOTHING, NOTHING, "failed")
    return (f"{row['auc']:.4f}", f"{row['auc_error']:.4f}", format_sigma(_pull(row)))


def _pull(row: Mapping[str, Any]) -> float:
    """Give the distance of the area from 0.5, in standard deviations."""
    error: float = row["auc_error"]
    return (row["auc"] - 0.5) / error if error > 0 else 0.0


def _caption(row: Mapping[str, Any]) -> str:
    return f"{template_name(row)}: data (points) and template (line) in the sidebands."


def closure_figure(name: str, row: Mapping[str, Any]) -> Html:
    """Draw each feature of data and template in the sidebands, and their ratio.

    Parameters
    ----------
    name : str
        Unique on the page.
    row : mapping
        Of `templates` in results.json, with `histograms`.

    Returns
    -------
    Html
        One <svg> element.
    """
    histograms = row["histograms"]
    columns = min(2, len(histograms))
    lines = math.ceil(len(histograms) / columns)

    def draw(whole: Any) -> None:
        grid = whole.subplots(
            2 * lines, columns, squeeze=False, height_ratios=(3, 1.15) * lines
        )
        for axes in grid.flat:
            axes.set_visible(False)
        for number, histogram in enumerate(histograms):
            line, column = divmod(number, columns)
            _draw_feature(grid[2 * line][column], grid[2 * line + 1][column], histogram)
        whole.align_ylabels()

    return draw_svg(
        name,
        draw,
        description=f"Features in the sidebands of {template_name(row)}",
        height=0.8 + 3.2 * lines,
    )


def _draw_feature(axes: Any, below: Any, histogram: Mapping[str, Any]) -> None:
    edges, data, template, data_variance, template_variance = (
        np.asarray(histogram[key], np.float64)
        for key in ("edges", "data", "template", "data_variance", "template_variance")
    )
    centres = (edges[1:] + edges[:-1]) / 2
    points = {"color": INK, "marker": "o", "markersize": 2.5, "linestyle": "none"}
    axes.stairs(template, edges, color=CONTROL)
    axes.errorbar(centres, data, np.sqrt(data_variance), **points)
    axes.set_ylim(bottom=0.0)
    axes.set_ylabel("events / bin")
    axes.tick_params(labelbottom=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = data / template
        error = np.sqrt(data_variance) / template
        band = np.sqrt(template_variance) / template
    filled = template > 0
    high, low = (np.where(filled, 1 + sign * band, 1.0) for sign in (1, -1))
    below.stairs(high, edges, baseline=low, fill=True, color=CONTROL, alpha=0.25)
    below.axhline(1.0, color=MUTED, linewidth=1.0)
    below.errorbar(centres[filled], ratio[filled], error[filled], **points)
    below.set_ylim(0.6, 1.4)
    below.set_ylabel("ratio")
    below.set_xlabel(histogram["feature"])
    for each in (axes, below):
        each.set_xlim(edges[0], edges[-1])
        each.set_visible(True)
