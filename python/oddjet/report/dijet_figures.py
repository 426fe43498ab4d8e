"""The figures of a dijet search: spectra with their fits, significances."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from oddjet.report.dijet_wording import window_name
from oddjet.report.figure_svg import (
    ACCENT,
    CONTROL,
    INK,
    MUTED,
    PROCESS_COLORS,
    draw_svg,
    legend_above,
)
from oddjet.report.markup import Html
from oddjet.report.page import figure

__all__ = ["cls_figure", "first_figures", "significance_figure", "spectrum_figure"]


def first_figures(
    name: str,
    rows: Sequence[Mapping[str, Any]],
    draw: Callable[[str, Mapping[str, Any]], Html],
    caption: Callable[[Mapping[str, Any]], str],
    *,
    most: int,
) -> list[Html | str]:
    """Draw the first of many figures: all would make a page that no browser likes.

    Parameters
    ----------
    name : str
        Of them all, unique on the page.
    rows : sequence of mapping
    draw, caption : callable
        Of a row; `draw` is told the name of its figure too.
    most : int

    Returns
    -------
    list of Html or str
        After the figures a sentence, if results.json holds more.
    """
    drawn: list[Html | str] = [
        figure(draw(f"{name}-{number}", row), caption(row))
        for number, row in enumerate(rows[:most])
    ]
    if len(rows) > most:
        drawn.append(f"The other {len(rows) - most} are in results.json.")
    return drawn


def spectrum_figure(name: str, point: Mapping[str, Any]) -> Html:
    """Draw a spectrum with the fit to its sidebands, and what is left over.

    Parameters
    ----------
    name : str
        Unique on the page.
    point : mapping
        Of `points` in results.json, with a fit; counts of None are not drawn.

    Returns
    -------
    Html
        One <svg> element.
    """
    edges = np.asarray(point["edges_gev"]) / 1000
    counts = np.array([np.nan if n is None else n for n in point["counts"]], float)
    fitted = np.asarray(point["fitted"], float)
    centres = (edges[1:] + edges[:-1]) / 2
    errors = np.sqrt(np.maximum(counts, 1.0))

    def draw(figure: Any) -> None:
        axes, pulls = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.15))
        for each in (axes, pulls):
            low, high = point["low_gev"] / 1000, point["high_gev"] / 1000
            each.axvspan(low, high, color=MUTED, alpha=0.15, linewidth=0)
        axes.errorbar(
            centres, counts, errors, color=INK, marker="o", markersize=4,
            linestyle="none", label="events, median of the networks",
        )  # fmt: skip
        axes.plot(centres, fitted, color=ACCENT, label=f"fit: {point['function']}")
        axes.set_yscale("log")
        axes.set_ylabel("events / bin")
        legend_above(axes, columns=2)
        pulls.axhline(0.0, color=MUTED, linewidth=1.0)
        pulls.plot(
            centres, (counts - fitted) / np.sqrt(fitted), color=CONTROL, marker="o",
            markersize=3.5, linestyle="none",
        )  # fmt: skip
        pulls.set_ylabel("pull")
        pulls.set_ylim(-4.5, 4.5)
        pulls.set_xlabel("mass of both jets [TeV]")
        figure.align_ylabels()

    window = window_name(point)
    return draw_svg(name, draw, description=f"Spectrum of the window {window}")


def significance_figure(points: Sequence[Mapping[str, Any]]) -> Html:
    """Draw the signed local significance of every spectrum against the mass.

    Parameters
    ----------
    points : sequence of mapping
        Of results.json; those without a significance are not drawn.

    Returns
    -------
    Html
        One <svg> element.
    """
    series: dict[str, list[tuple[float, float]]] = {}
    for point in points:
        if point.get("significance") is None:
            continue
        label = f"{point['features']}, {point['template']}, {point['efficiency']:g}"
        centre = (point["low_gev"] + point["high_gev"]) / 2000
        series.setdefault(label, []).append((centre, point["significance"]))

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        for level, alpha in ((2, 0.12), (1, 0.2)):
            axes.axhspan(-level, level, color=MUTED, alpha=alpha, linewidth=0)
        axes.axhline(0.0, color=MUTED, linewidth=1.0)
        markers = "osD^v<>P"
        for number, (label, values) in enumerate(series.items()):
            x, z = zip(*sorted(values), strict=True)
            axes.plot(
                x, z, color=PROCESS_COLORS[(number + 1) % len(PROCESS_COLORS)],
                marker=markers[number % len(markers)], markersize=5, linewidth=1.0,
                label=label,
            )  # fmt: skip
        reach = max(3.2, *(abs(z) + 0.5 for v in series.values() for _, z in v))
        axes.set_ylim(-reach, reach)
        axes.margins(x=0.05)
        axes.set_xlabel("centre of the signal region [TeV]")
        axes.set_ylabel(r"local significance [$\sigma$]")
        legend_above(axes, columns=2)

    return draw_svg(
        "significance", draw, description="Local significance of every window"
    )


def cls_figure(name: str, curve: Mapping[str, Any]) -> Html:
    """Draw CLs against the number of injected signal events.

    Parameters
    ----------
    name : str
        Unique on the page.
    curve : mapping
        Of `injections` in results.json; points without CLs are not drawn.

    Returns
    -------
    Html
        One <svg> element.
    """
    points = [point for point in curve["points"] if point["cls"] is not None]
    events = np.array([0.0, *(point["events"] for point in points)])
    observed = np.array([1.0, *(point["cls"] for point in points)])
    bands = np.array([[1.0] * 5, *(point["cls_expected"] for point in points)])
    # Where a curve has fallen to it, nobody asks by how much further it falls.
    lowest = 1e-3

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        for (low, high), alpha in (((0, 4), 0.12), ((1, 3), 0.2)):
            axes.fill_between(
                events, np.maximum(bands[:, low], lowest / 10),
                np.maximum(bands[:, high], lowest / 10),
                color=CONTROL, alpha=alpha, linewidth=0,
            )  # fmt: skip
        axes.plot(events, np.maximum(bands[:, 2], lowest / 10), color=CONTROL,
                  linestyle="--", label="expected")  # fmt: skip
        axes.plot(events, np.maximum(observed, lowest / 10), color=INK, marker="o",
                  markersize=4, label="observed")  # fmt: skip
        axes.axhline(0.05, color=ACCENT, linewidth=1.0, label="5 %")
        axes.set_yscale("log")
        axes.set_ylim(lowest, 1.5)
        axes.set_xlabel("signal events injected")
        axes.set_ylabel("CLs")
        legend_above(axes)

    return draw_svg(name, draw, description=f"CLs of the signal {curve['signal']}")
