"""The figures of the page: scores, simulation truth, training loss."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
from oddjet.report.score_histogram import ScoreHistogram, flat_null
from oddjet.runs.errors import require

__all__ = ["loss_figure", "score_figure", "truth_figure"]

_SCORE_LABEL = r"calibrated score: $-\log_{10}$(control-region efficiency)"
_MOST_LINES = len(PROCESS_COLORS) - 1


def score_figure(
    control: ScoreHistogram,
    signal: ScoreHistogram | None,
    threshold: float | None,
) -> Html:
    """Compare the scores of signal and control region.

    The control region is scaled to the number of jets of the signal region. Error
    bars are central 68 % Poisson intervals.

    Parameters
    ----------
    control : ScoreHistogram
        Control region; at least one jet with a score.
    signal : ScoreHistogram or None
        Signal region with the same edges; None while it is closed.
    threshold : float or None
        Where to draw the threshold.

    Returns
    -------
    Html
        One <svg> element.
    """

    def draw(figure: Any) -> None:
        if signal is None or signal.total == 0.0:
            axes = figure.subplots()
            _draw_scores(axes, control, signal, threshold)
            axes.set_xlabel(_SCORE_LABEL)
            return
        axes, ratio = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.15))
        scaled = control.scaled(signal.total / control.total)
        _draw_scores(axes, scaled, signal, threshold)
        _draw_ratio(ratio, scaled, signal, threshold)
        ratio.set_xlabel(_SCORE_LABEL)
        figure.align_ylabels()

    regions = "control region" if signal is None else "signal and control region"
    return draw_svg(
        "scores", draw, description=f"Histogram of the calibrated scores, {regions}"
    )


def truth_figure(
    by_process: Mapping[str, ScoreHistogram], threshold: float | None
) -> Html:
    """Stack the simulated processes of the signal region, the rarest lowest.

    On a logarithmic axis only the lowest layer can be read off; there the rare
    process belongs.

    Parameters
    ----------
    by_process : mapping of process to ScoreHistogram
        All with the same edges.
    threshold : float or None
        Where to draw the threshold.

    Returns
    -------
    Html
        One <svg> element.
    """
    layers = sorted(by_process.items(), key=lambda item: (item[1].total, item[0]))

    def draw(figure: Any) -> None:
        mplhep = require("mplhep", extra="report")
        axes = figure.subplots()
        mplhep.histplot(
            [layer.values for _, layer in layers],
            bins=layers[0][1].edges,
            stack=True,
            histtype="fill",
            label=[f"{name} ({layer.total:,.0f})" for name, layer in layers],
            color=_layer_colors(len(layers)),
            ax=axes,
            flow="none",
        )
        total = np.sum([layer.values for _, layer in layers], axis=0)
        _finish_scores(axes, layers[0][1].edges, total, threshold)
        axes.set_title("Simulation truth, not used by the search", loc="left")
        axes.set_xlabel(_SCORE_LABEL)

    return draw_svg(
        "truth",
        draw,
        description="Simulated processes of the signal region, not used by the search",
        height=4.4,
    )


def loss_figure(
    training_history: Sequence[Sequence[float]], names: Sequence[str] = ()
) -> Html:
    """Draw the training loss of every network.

    Parameters
    ----------
    training_history : sequence of sequences of float
        Loss of each epoch, for each network; not all need the same length.
    names : sequence of str
        Of the networks; by default they are folds.

    Returns
    -------
    Html
        One <svg> element.
    """
    named = len(training_history) <= _MOST_LINES
    names = names or [f"fold {fold}" for fold in range(len(training_history))]

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        for fold, losses in enumerate(training_history):
            axes.plot(
                np.arange(1, len(losses) + 1),
                losses,
                # The first colour, a grey, would pass for the dashed line.
                color=PROCESS_COLORS[fold + 1] if named else MUTED,
                marker="o" if len(losses) == 1 else "",
                label=names[fold] if named else None,
            )
        axes.axhline(
            math.log(2.0), color=MUTED, linestyle="--", label="ln 2: no separation"
        )
        axes.margins(x=0.02, y=0.12)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.xaxis.minorticks_off()
        axes.yaxis.get_major_formatter().set_useOffset(False)
        axes.set_xlabel("epoch")
        axes.set_ylabel("training loss")
        # Above the axes, where no line can run through it.
        legend_above(axes)

    return draw_svg(
        "loss", draw, description="Training loss of every fold by epoch", height=3.9
    )


def _layer_colors(num_layers: int) -> list[str]:
    """Colour the most frequent process first.

    So the backgrounds look the same in pages with and without a signal.
    """
    colors = [PROCESS_COLORS[i % len(PROCESS_COLORS)] for i in range(num_layers)]
    return colors[::-1]


def _draw_scores(
    axes: Any,
    control: ScoreHistogram,
    signal: ScoreHistogram | None,
    threshold: float | None,
) -> None:
    mplhep = require("mplhep", extra="report")
    edges = control.edges
    scaled = "" if signal is None else ", scaled"
    mplhep.histplot(
        control.values,
        bins=edges,
        histtype="fill",
        color=CONTROL,
        label=f"control region{scaled}",
        ax=axes,
        flow="none",
    )
    shown = control if signal is None else signal
    centres = np.linspace(edges[0], edges[-1], 200)
    axes.plot(
        centres,
        flat_null(centres, total=shown.total, width=edges[1] - edges[0]),
        color=MUTED,
        linestyle="--",
        label=r"regions alike: $10^{-s}$",
    )
    if signal is not None:
        errors = _poisson_errors(signal)
        _draw_points(axes, edges, signal.values, errors, label="signal region")
    highest = np.maximum(control.values, shown.values)
    _finish_scores(axes, edges, highest, threshold)


def _draw_ratio(
    axes: Any,
    control: ScoreHistogram,
    signal: ScoreHistogram,
    threshold: float | None,
) -> None:
    edges = control.edges
    known = control.values > 0.0
    norm = np.where(known, control.values, np.nan)
    low, high = _poisson_errors(signal)
    ratio = signal.values / norm
    band = np.sqrt(control.variances) / norm
    axes.stairs(
        np.nan_to_num(1.0 + band, nan=1.0),
        edges,
        baseline=np.nan_to_num(1.0 - band, nan=1.0),
        fill=True,
        color=CONTROL,
    )
    axes.axhline(1.0, color=MUTED, linestyle="--", linewidth=1.0)
    _draw_points(axes, edges, ratio, (low / norm, high / norm))
    _draw_threshold(axes, threshold)
    top = np.max(ratio + high / norm, initial=1.0, where=known & (signal.values > 0.0))
    axes.set_ylim(0.0, max(2.0, 1.1 * float(top)))
    axes.set_ylabel("SR / CR", loc="center")


def _draw_points(
    axes: Any,
    edges: NDArray[np.float64],
    values: NDArray[np.float64],
    errors: tuple[NDArray[np.float64], NDArray[np.float64]],
    label: str | None = None,
) -> None:
    """Draw points with error bars; an empty bin has none."""
    full = np.nan_to_num(values) > 0.0
    axes.errorbar(
        0.5 * (edges[:-1] + edges[1:])[full],
        values[full],
        yerr=[error[full] for error in errors],
        fmt="o",
        markersize=5.0,
        linewidth=1.2,
        color=INK,
        label=label,
        zorder=5,
    )


def _finish_scores(
    axes: Any,
    edges: NDArray[np.float64],
    highest: NDArray[np.float64],
    threshold: float | None,
) -> None:
    _draw_threshold(axes, threshold, label=True)
    filled = highest[highest > 0.0]
    smallest = min(1.0, float(filled.min(initial=1.0)))
    axes.set_yscale("log")
    axes.set_ylim(0.3 * smallest, 8.0 * float(filled.max(initial=1.0)))
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylabel(f"jets / {edges[1] - edges[0]:.2g}")
    handles, labels = axes.get_legend_handles_labels()
    # Points first, for they are what the reader looks for; the order of drawing is
    # another, so that they lie on top.
    first = [i for i, label in enumerate(labels) if label == "signal region"]
    order = first + [i for i in range(len(labels)) if i not in first]
    axes.legend(
        [handles[i] for i in order], [labels[i] for i in order], loc="upper right"
    )


def _draw_threshold(axes: Any, threshold: float | None, *, label: bool = False) -> None:
    if threshold is not None:
        name = f"threshold: {threshold:.2f}" if label else None
        axes.axvline(threshold, color=ACCENT, linewidth=1.8, label=name)


def _poisson_errors(
    histogram: ScoreHistogram,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distances from the value to the ends of its 68 % interval; 0 for empty bins."""
    intervals = require("hist.intervals", extra="report")
    low = np.zeros_like(histogram.values)
    high = np.zeros_like(histogram.values)
    full = histogram.values > 0.0
    values, variances = histogram.values[full], histogram.variances[full]
    ends = intervals.poisson_interval(values, variances)
    low[full], high[full] = values - ends[0], ends[1] - values
    return low, high
