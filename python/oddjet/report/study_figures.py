"""The figures of a study: scores by truth, selected jets beside others, curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oddjet.report.figure_svg import ACCENT, CONTROL, INK, MUTED, draw_svg
from oddjet.report.markup import Html

__all__ = ["class_score_figure", "comparison_figure", "sensitivity_figure"]

# Colours of arXiv:2204.11889, Figs. 1-3: background, signal, and further backgrounds.
_REST, _SIGNAL = "#d62728", "#1f77b4"
_OTHERS = ("#ff7f0e", "#2ca02c", "#832db6", "#a96b59")
_BINS = 50

#: Observables of jets: how they are written, and whether they are whole numbers.
_LABELS = {
    "constituents": "constituents",
    "width": r"width $\sum z\,\Delta R$",
    "leading_fraction": "largest $z = p_T/p_T$(jet)",
    "pt_dispersion": r"dispersion $(\sum z^2)^{1/2}$",
    "jet_pt": "jet $p_T$ [GeV]",
    "jet_eta": r"jet $\eta$",
    "recoil": "MET or recoil [GeV]",
}


def class_score_figure(
    name: str,
    signal_region: Mapping[str, NDArray[np.floating]],
    control_region: NDArray[np.floating],
    *,
    rest: str,
    thresholds: Sequence[float],
) -> Html:
    """Draw the scores of each process, as Figs. 1-3 of arXiv:2204.11889.

    Parameters
    ----------
    name : str
        Unique on the page.
    signal_region : mapping of process to float array
        Scores s in [0, 1] of the signal region, in the order of the legend.
    control_region : float array
        Scores of the control region.
    rest : str
        The main background.
    thresholds : sequence of float
        Of each fold.

    Returns
    -------
    Html
        One <svg> element.
    """

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        edges = _common_edges([control_region, *signal_region.values()], thresholds)
        axes.stairs(
            np.histogram(control_region, edges)[0],
            edges,
            color=INK,
            linewidth=1.3,
            label="control region",
        )
        for process, color in _colors(list(signal_region), rest).items():
            counts = np.histogram(signal_region[process], edges)[0]
            label = f"{process} ({len(signal_region[process]):,})"
            axes.stairs(counts, edges, color=color, linewidth=1.6, label=label)
        for fold, threshold in enumerate(thresholds):
            axes.axvline(
                threshold,
                color=MUTED,
                linestyle="--",
                linewidth=1.2,
                label=None if fold else "threshold of each fold",
            )
        axes.set_yscale("log")
        axes.set_ylim(0.5, 30 * max(1, len(control_region) / 10))
        axes.set_xlim(edges[0], edges[-1])
        axes.set_xlabel("score $s$")
        axes.set_ylabel(f"jets / {edges[1] - edges[0]:.2g}")
        axes.legend(loc="upper right", ncols=2)

    return draw_svg(
        f"classes-{name}", draw, description=f"Scores of the processes of {name}"
    )


def comparison_figure(
    name: str,
    selected: Mapping[str, NDArray[np.floating]],
    rejected: Mapping[str, NDArray[np.floating]],
    weights: tuple[NDArray[np.floating], NDArray[np.floating]] | None = None,
) -> Html:
    """Draw observables of selected jets beside those of rejected ones.

    Parameters
    ----------
    name : str
        Unique on the page.
    selected, rejected : mapping of observable to float array
        The same observables; at least one jet each.
    weights : (float array, float array), optional
        Of the selected and of the rejected jets; one each if absent.

    Returns
    -------
    Html
        One <svg> element; both distributions have the area 1.
    """
    shown = [key for key in _LABELS if key in selected]

    def draw(figure: Any) -> None:
        rows = (len(shown) + 1) // 2
        panels = figure.subplots(rows, 2, squeeze=False).ravel()
        for panel, key in zip(panels, shown, strict=False):
            _draw_observable(panel, selected[key], rejected[key], weights, key)
        for panel in panels[len(shown) :]:
            panel.axis("off")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=2)

    return draw_svg(
        f"selected-{name}",
        draw,
        description="Observables of selected and of rejected jets",
        height=0.6 + 2.3 * ((len(shown) + 1) // 2),
    )


def sensitivity_figure(
    injected: Sequence[float],
    median: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    levels: Sequence[float],
) -> Html:
    """Draw the significance over the number of injected signal events.

    Parameters
    ----------
    injected : sequence of float
        Rising.
    median, low, high : sequence of float
        50 %, 16 % and 84 % quantile over the repeats [sigma].
    levels : sequence of float
        Where lines are drawn [sigma].

    Returns
    -------
    Html
        One <svg> element.
    """

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        axes.fill_between(injected, low, high, color=CONTROL, label="68 % of repeats")
        axes.plot(injected, median, color=INK, marker="o", label="median")
        for place, level in enumerate(levels):
            axes.axhline(
                level,
                color=ACCENT,
                linestyle="--",
                linewidth=1.2,
                label=None if place else "levels asked for",
            )
        axes.set_xlabel("injected signal events $N_A$")
        axes.set_ylabel("significance [sigma]")
        axes.margins(x=0.02)
        axes.legend(loc="upper left")

    return draw_svg(
        "sensitivity", draw, description="Significance by injected events", height=4.4
    )


def _draw_observable(
    axes: Any,
    selected: NDArray[np.floating],
    rejected: NDArray[np.floating],
    weights: tuple[NDArray[np.floating], NDArray[np.floating]] | None,
    key: str,
) -> None:
    both = np.concatenate([selected, rejected])
    low, high = np.quantile(both, [0.002, 0.998])
    if key == "constituents":
        edges = np.arange(np.floor(low) - 0.5, np.ceil(high) + 1.0, 2.0)
    else:
        edges = np.linspace(low, max(high, low + 1e-6), 22)
    if len(edges) < 2:
        edges = np.array([low - 0.5, low + 0.5])
    w_selected, w_rejected = weights or (None, None)
    inside = np.clip(rejected, edges[0], edges[-1])
    expected = np.histogram(inside, edges, weights=w_rejected, density=True)[0]
    axes.stairs(expected, edges, fill=True, color=CONTROL, label="rejected jets")
    inside = np.clip(selected, edges[0], edges[-1])
    counts = np.histogram(inside, edges)[0]
    density = np.histogram(inside, edges, weights=w_selected, density=True)[0]
    full = counts > 0
    axes.errorbar(
        0.5 * (edges[:-1] + edges[1:])[full],
        density[full],
        yerr=density[full] / np.sqrt(counts[full]),
        fmt="o",
        markersize=4.0,
        linewidth=1.1,
        color=INK,
        label="selected jets",
    )
    axes.set_xlabel(_LABELS[key], fontsize=11.5, loc="center")
    axes.set_yticks([])
    axes.tick_params(labelsize=10.0)
    axes.set_ylim(bottom=0.0)


def _common_edges(
    scores: Sequence[NDArray[np.floating]], thresholds: Sequence[float]
) -> NDArray[np.float64]:
    """Choose bins over the range that scores take, which is narrow without a signal."""
    known = [array[np.isfinite(array)] for array in scores]
    every = np.concatenate([*known, np.asarray(thresholds, float)])
    low, high = (float(every.min()), float(every.max())) if len(every) else (0.0, 1.0)
    margin = max(0.02 * (high - low), 1e-3)
    return np.linspace(max(low - margin, 0.0), min(high + margin, 1.0), _BINS + 1)


def _colors(processes: Sequence[str], rest: str) -> dict[str, str]:
    """Colour processes as the paper does; the main background is drawn first."""
    others = [name for name in processes if name not in (rest, "signal")]
    colors = {rest: _REST} if rest in processes else {}
    colors |= {n: _OTHERS[i % len(_OTHERS)] for i, n in enumerate(others)}
    return colors | ({"signal": _SIGNAL} if "signal" in processes else {})
