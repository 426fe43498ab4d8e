"""The figures of an ABCD search: does it close, where to cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.report.figure_svg import (
    ACCENT,
    INK,
    MUTED,
    PROCESS_COLORS,
    draw_svg,
    has_contour,
    legend_above,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from oddjet.report.markup import Html
    from oddjet.stats.abcd import Closure
    from oddjet.stats.abcd_scan import WorkingPointScan

__all__ = [
    "contamination_figure",
    "multiplier_figure",
    "process_closure_figure",
    "stability_figure",
    "working_point_figure",
]

_MOST_LINES = len(PROCESS_COLORS) - 1


def process_closure_figure(
    closures: Mapping[str, Closure], *, name: str = "process-closure"
) -> Html:
    """Draw the non-closure of each process beside that of their sum.

    Parameters
    ----------
    closures : mapping of name to Closure
        As `oddjet.stats.abcd.closure_tests_of_processes` gives them; one without an
        answer is named, and has no point.
    name : str
        Unique on the page.

    Returns
    -------
    Html
        One <svg> element.
    """
    names = list(closures)

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        axes.axvline(0.0, color=MUTED, linestyle="--")
        for row, (process, closure) in enumerate(closures.items()):
            if closure.non_closure is None:
                axes.text(0.0, row, "not determined", ha="center", va="center")
                continue
            axes.errorbar(
                100 * closure.non_closure,
                row,
                xerr=100 * (closure.non_closure_error or 0.0),
                fmt="o",
                color=ACCENT if process == "total" else INK,
            )
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.minorticks_off()
        axes.set_xlabel("predicted / found - 1 [%]")

    return draw_svg(
        name,
        draw,
        description="Non-closure of every process and of their sum",
        height=1.6 + 0.45 * len(names),
    )


def stability_figure(scan: WorkingPointScan) -> Html:
    """Draw the non-closure as one boundary moves and the other stays.

    Parameters
    ----------
    scan : WorkingPointScan
        With a chosen point.

    Returns
    -------
    Html
        One <svg> element.

    Raises
    ------
    ValueError
        A scan without a chosen point.
    """
    i, j = _chosen(scan)
    missed = 100 * scan.metrics["non_closure"]

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        axes.axhline(0.0, color=MUTED, linestyle="--")
        for name, values, color, at in (
            ("cut on X, Y as chosen", missed[:, j], PROCESS_COLORS[1], i),
            ("cut on Y, X as chosen", missed[i, :], PROCESS_COLORS[2], j),
        ):
            axes.plot(scan.cuts, values, color=color, label=name)
            axes.plot(scan.cuts[at], values[at], "o", color=ACCENT)
        axes.set_xlabel("boundary")
        axes.set_ylabel("predicted / found - 1 [%]")
        legend_above(axes)

    return draw_svg(
        "boundary-stability",
        draw,
        description="Non-closure as the boundaries of the regions move",
        height=4.2,
    )


def contamination_figure(scan: WorkingPointScan, largest: float) -> Html:
    """Draw the part of the signal that the method predicts away, at every pair of cuts.

    Parameters
    ----------
    scan : WorkingPointScan
    largest : float
        That the rules allow: a line.

    Returns
    -------
    Html
        One <svg> element.
    """
    return _map_figure(
        scan,
        scan.metrics["contamination"],
        name="contamination",
        label="signal contamination r",
        description="Signal contamination of the prediction at every pair of cuts",
        level=largest,
        span=(0.0, max(2 * largest, 1e-3)),
    )


def working_point_figure(scan: WorkingPointScan) -> Html:
    """Draw the significance at every pair of cuts, and where all rules are kept.

    Parameters
    ----------
    scan : WorkingPointScan

    Returns
    -------
    Html
        One <svg> element. Hatched: points that break a rule.
    """
    return _map_figure(
        scan,
        scan.metrics["significance"],
        name="working-point",
        label="mean significance [s.d.]",
        description="Mean expected significance at every pair of cuts",
        forbidden=True,
    )


def _map_figure(
    scan: WorkingPointScan,
    values: Any,
    *,
    name: str,
    label: str,
    description: str,
    level: float | None = None,
    span: tuple[float, float] | None = None,
    forbidden: bool = False,
) -> Html:
    """Draw a metric over both cuts, with the chosen pair."""
    cuts = scan.cuts
    half = 0.5 * (cuts[1] - cuts[0])
    edges = np.append(cuts - half, cuts[-1] + half)
    values = np.asarray(values).T
    low, high = span or (None, None)

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        mesh = axes.pcolormesh(
            edges,
            edges,
            np.ma.masked_invalid(values),
            cmap="viridis",
            vmin=low,
            vmax=high,
            rasterized=True,
        )
        figure.colorbar(mesh, ax=axes, label=label)
        if level is not None and has_contour(values, level):
            axes.contour(cuts, cuts, values, levels=[level], colors=[INK])
        if forbidden and not scan.allowed.all():
            broken = (~scan.allowed.T).astype(float)
            axes.contourf(
                cuts, cuts, broken, levels=[0.5, 1.5], colors="none",
                hatches=["////"],
            )  # fmt: skip
        if scan.cut is not None:
            axes.plot(*scan.cut, "*", color=ACCENT, markersize=16, label="chosen")
            legend_above(axes)
        axes.set_xlabel("cut on X")
        axes.set_ylabel("cut on Y")

    return draw_svg(name, draw, description=description, height=5.0)


def _chosen(scan: WorkingPointScan) -> tuple[int, int]:
    if scan.chosen is None:
        message = f"there is no chosen working point to draw: {scan.reason}"
        raise ValueError(message)
    return scan.chosen


def multiplier_figure(
    multipliers: Mapping[str, Sequence[float]],
    terms: Mapping[str, Sequence[float]],
    targets: Mapping[str, float],
) -> Html:
    """Draw each multiplier, and its constraint over its target, by epoch.

    Parameters
    ----------
    multipliers, terms : mapping of constraint to sequence of float
        One entry an epoch.
    targets : mapping of constraint to float

    Returns
    -------
    Html
        One <svg> element.
    """
    names = list(multipliers)

    def draw(figure: Any) -> None:
        above, below = figure.subplots(2, 1, sharex=True)
        for i, name in enumerate(names):
            color = PROCESS_COLORS[1 + i % _MOST_LINES]
            epochs = np.arange(1, len(multipliers[name]) + 1)
            above.plot(epochs, multipliers[name], color=color, label=name)
            ratio = np.asarray(terms[name], np.float64) / targets[name]
            below.plot(epochs, ratio, color=color)
        below.axhline(1.0, color=MUTED, linestyle="--")
        below.set_yscale("log")
        below.xaxis.get_major_locator().set_params(integer=True)
        below.xaxis.minorticks_off()
        above.set_ylabel("multiplier")
        below.set_ylabel("term / target")
        below.set_xlabel("epoch")
        figure.align_ylabels()
        legend_above(above, columns=2)

    return draw_svg(
        "multipliers", draw, description="Multipliers and constraints by epoch"
    )
