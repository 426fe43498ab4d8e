"""Figures that are the same bytes every time, in the colours of the page."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from oddjet.report.markup import Html, element
from oddjet.runs.errors import require

__all__ = [
    "ACCENT",
    "CONTROL",
    "INK",
    "MUTED",
    "PROCESS_COLORS",
    "draw_svg",
    "has_contour",
    "legend_above",
]

# Stand-ins that no figure uses otherwise; the page gives them a colour for light,
# for dark and for paper.
INK, MUTED, ACCENT, CONTROL = "#010203", "#020304", "#030405", "#040506"
_PAGE_COLORS = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    ACCENT: "var(--accent)",
    CONTROL: "var(--control)",
}

# M. A. Petroff, arXiv:2107.02270: colours that the colour-blind can tell apart,
# readable on white and on black. Without the two reds, for red is the threshold.
PROCESS_COLORS = (
    "#94a4a2",
    "#3f90da",
    "#ffa90e",
    "#832db6",
    "#a96b59",
    "#92dadd",
    "#b9ac70",
    "#717581",
)

_STYLE = {
    "font.size": 13.0,
    "axes.labelsize": 13.0,
    "xtick.labelsize": 12.0,
    "ytick.labelsize": 12.0,
    "legend.fontsize": 11.5,
    "axes.titlesize": 13.0,
    "axes.unicode_minus": True,
    "axes.linewidth": 1.0,
    "xtick.major.size": 7.0,
    "xtick.minor.size": 3.5,
    "ytick.major.size": 7.0,
    "ytick.minor.size": 3.5,
    "lines.linewidth": 1.5,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "legend.frameon": False,
    # Letters as outlines look the same on every screen and need no font.
    "svg.fonttype": "path",
}


def draw_svg(
    name: str, draw: Callable[[Any], None], *, description: str, height: float = 5.2
) -> Html:
    """Draw a figure and return it as one <svg> element.

    Parameters
    ----------
    name : str
        Unique on the page: every id of the figure begins with it.
    draw : callable
        Receives an empty matplotlib figure.
    description : str
        What the figure shows, for those who cannot see it.
    height : float
        Height [inch]; the width is 6.4.

    Returns
    -------
    Html
        Identical for identical content and library versions.

    Raises
    ------
    MissingExtra
        matplotlib or mplhep is not installed.
    """
    matplotlib = require("matplotlib", extra="report")
    figure_module = require("matplotlib.figure", extra="report")
    style = require("mplhep", extra="report").style.ROOT
    # matplotlib salts the ids with a random number unless told otherwise.
    with matplotlib.rc_context({**style, **_STYLE, "svg.hashsalt": name}):
        figure = figure_module.Figure(figsize=(6.4, height), layout="constrained")
        draw(figure)
        buffer = io.StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(buffer, format="svg", metadata=nothing)
    return _for_page(buffer.getvalue(), name, description)


def _for_page(svg: str, name: str, description: str) -> Html:
    """Cut a standalone SVG file down to an element among others."""
    _, start, body = svg.partition("<svg ")
    view_box = re.search(r'viewBox="[^"]*"', body)
    if not start or view_box is None:
        message = "draw_svg: matplotlib wrote no <svg> with a viewBox"
        raise RuntimeError(message)
    content = _pack(body[body.index(">") + 1 :])
    content = re.sub(r'\bid="', f'id="{name}-', content)
    content = re.sub(r'xlink:href="#', f'href="#{name}-', content)
    content = content.replace("url(#", f"url(#{name}-")
    for stand_in, color in _PAGE_COLORS.items():
        content = content.replace(stand_in, color)
    head = f'<svg {view_box.group()} role="img" aria-labelledby="{name}-title">'
    title = element("title", description, id=f"{name}-title")
    return Html(f"{head}{title}{content}")


def _pack(svg: str) -> str:
    """Drop comments and layout: half of the bytes, and no text lives in them."""
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r">\s+<", "><", svg)
    return re.sub(r"\s+", " ", svg).strip()


def legend_above(axes: Any, *, columns: int = 3) -> None:
    """Put the legend above the axes, where no line can run through it."""
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=columns)


def has_contour(values: ArrayLike, level: float) -> bool:
    """Whether a contour at a level lies within a map; NaN is no value."""
    known = np.asarray(values)[np.isfinite(values)]
    return len(known) > 0 and bool(known.min() < level < known.max())
