"""The bump hunts of a dijet search as tasks: of the data, and of background alone."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.learn.ensemble import (
    combine_histograms,
    ensemble_share,
    histograms_above,
    shared_fraction,
)
from oddjet.runs.atomic import write_json_atomic
from oddjet.searches.dijet_scores import WindowScores
from oddjet.stats.bump_hunt import Window, WindowResult, hunt_window
from oddjet.stats.ensemble_hunt import hunt_ensemble
from oddjet.stats.trials import largest_significances

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.runs.progress import Progress

__all__ = ["HUNT", "LARGEST", "hunt", "pseudo_experiments", "window_of"]

HUNT, LARGEST = "hunt.json", "largest.json"


def hunt(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a task
    *,
    window: Window,
    efficiency: float,
    ensemble: str,
    statistical_error: str,
    high_sideband_min: float,
    collision_energy_gev: float,
    blinded: bool,
) -> None:
    """Select, histogram, combine the networks, fit and judge the signal region."""
    scored = WindowScores.read(inputs["scores"])
    selection = scored.selection(window, scored.thresholds(window, efficiency))
    histograms = histograms_above(*selection, num_bins=window.num_bins)
    combined = combine_histograms(histograms, rule=ensemble)
    judged: Callable[..., WindowResult]
    if statistical_error == "shared":
        judged = partial(
            hunt_ensemble,
            histograms=histograms,
            shared=shared_fraction(*selection),
            ensemble_share=ensemble_share(ensemble, len(histograms)),
        )
    else:
        covariance = combined.ensemble_covariance
        judged = partial(hunt_window, ensemble_covariance=covariance)
    result = judged(
        window,
        combined.counts,
        high_sideband_min=high_sideband_min,
        collision_energy_gev=collision_energy_gev,
    )
    write_json_atomic(
        directory / HUNT, _as_json(window, combined.counts, result, blinded=blinded)
    )


def pseudo_experiments(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a task
    *,
    experiments: int,
    collision_energy_gev: float,
    seed: int,
) -> None:
    """Repeat all hunts on background that fluctuates, and keep the largest excess.

    Every spectrum is drawn from its own fit, as if windows and feature sets were
    independent. They share events, so that fewer of them are: the global p-value is
    larger than it need be. A window that was searched is searched again, however few
    events a bin of its sideband is left with.
    """
    fitted = []
    for name in sorted(inputs):
        found = json.loads((inputs[name] / HUNT).read_text("utf-8"))
        if found["status"] == "ok":
            fitted.append((window_of(found), np.asarray(found["fitted"])))

    def experiment(random: np.random.Generator) -> list[float | None]:
        return [
            hunt_window(
                window,
                random.poisson(expected).astype(np.float64),
                high_sideband_min=-1.0,
                collision_energy_gev=collision_energy_gev,
            ).significance
            for window, expected in fitted
        ]

    largest = largest_significances(experiment, num_experiments=experiments, seed=seed)
    write_json_atomic(
        directory / LARGEST, [None if np.isnan(z) else float(z) for z in largest]
    )


def window_of(found: Mapping[str, Any]) -> Window:
    """Give the window of a result that `hunt` wrote."""
    edges = found["edges_gev"]
    low, high = found["low_gev"], found["high_gev"]
    return Window(low, high, low - edges[0], len(edges) - 1)


def _as_json(
    window: Window,
    counts: NDArray[np.float64],
    result: WindowResult,
    *,
    blinded: bool,
) -> dict[str, Any]:
    """Write down what may be seen: while blind, the sidebands and their fit."""
    inside = window.in_signal_region
    fit = result.fit
    shown = np.where(inside, np.nan, counts) if blinded else counts
    found: dict[str, Any] = {
        "low_gev": window.low_gev,
        "high_gev": window.high_gev,
        "edges_gev": window.edges_gev.tolist(),
        "status": result.status,
        "reason": result.reason,
        "counts": [None if np.isnan(n) else float(n) for n in shown],
        "fitted": None,
        "fit_p_value": None,
    }
    if fit is not None and fit.status == "ok":
        found |= {
            "fitted": fit.expected.tolist(),
            "fit_p_value": fit.attempts[-1].p_value,
            "function": fit.function,
            "num_fitted": int(np.sum(fit.fitted)),
        }
    if result.status == "ok" and not blinded and result.model is not None:
        found |= {
            "observed": result.model.observed,
            "expected": result.model.background,
            "fit_uncertainty": result.fit_uncertainty,
            "ensemble_uncertainty": result.ensemble_uncertainty,
            "dispersion": result.model.dispersion,
            "significance": result.significance,
            "p_value": result.p_value,
        }
    return found
