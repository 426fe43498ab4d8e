"""The tasks of a dijet search: template, scores, bump hunt.

Each is a pure function of its inputs and arguments that writes into the directory it
is given (see `oddjet.campaigns.task`).
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from oddjet.background.template import FeatureTable
from oddjet.runs.atomic import write_json_atomic
from oddjet.runs.errors import UserError
from oddjet.runs.seeds import derive_seed
from oddjet.searches.event_table import read_event_table
from oddjet.searches.table_source import TABLE
from oddjet.stats.bump_hunt import Window, WindowResult, hunt_window
from oddjet.stats.trials import largest_significances

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.learn.classifier_config import ClassifierConfig
    from oddjet.runs.progress import Progress

__all__ = [
    "HUNT",
    "LARGEST",
    "copied",
    "hunt",
    "make_template",
    "pseudo_experiments",
    "score",
]

TEMPLATE, SCORES, HUNT = "template.npz", "scores.npz", "hunt.json"
LARGEST = "largest.json"


def copied(
    directory: Path,
    inputs: Mapping[str, Path],  # noqa: ARG001 - the signature of a task
    progress: Progress,  # noqa: ARG001
    *,
    table: str,
) -> None:
    """Take a table into the campaign, whose results must not move with a run."""
    shutil.copyfile(table, directory / TABLE)


def make_template(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a task
    *,
    method: str,
    preset: Literal["cpu", "published"],
    window: Window,
    features: Sequence[str],
    mass: str,
    folds: int,
    seed: int,
) -> None:
    """Make the background template of a window.

    Inputs are `data` and, for SALAD, `simulation`.
    """
    from oddjet.background.methods import TemplateTask
    from oddjet.background.methods import make_template as by_name

    tables = {
        name: _feature_table(place, window, features, mass, folds)
        for name, place in inputs.items()
    }
    made = by_name(
        method,
        TemplateTask(
            data=tables["data"],
            low_gev=window.low_gev,
            high_gev=window.high_gev,
            sideband_gev=window.sideband_gev,
            seed=seed,
            preset=preset,
            simulation=tables.get("simulation"),
        ),
    )
    seen = np.stack([made.seen_by(fold) for fold in range(folds)])
    np.savez(
        directory / TEMPLATE,
        features=made.table.features,
        folds=made.table.folds,
        weights=made.table.weights,
        seen=seen,
    )


def score(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a task
    *,
    window: Window,
    features: Sequence[str],
    mass: str,
    folds: int,
    seeds: int,
    classifier: ClassifierConfig,
    seed: int,
) -> None:
    """Score the data of a window with networks that have not seen them.

    Networks tell the data of the signal region from the template. Of fold f, events
    of the fold f + 1 validate and the rest train; of the template only what was made
    without fold f, so that no network has seen an event that it scores in any form.
    All folds and seeds train as one batched model.
    """
    from oddjet.learn.batched_training import train_members
    from oddjet.learn.member_batches import Member

    data = _feature_table(inputs["data"], window, features, mass, folds)
    with np.load(inputs["template"] / TEMPLATE) as stored:
        template = {name: stored[name] for name in stored.files}
    inside = (data.mass_gev >= window.low_gev) & (data.mass_gev < window.high_gev)
    table = np.concatenate([data.features[inside], template["features"]])
    fold = np.concatenate([data.folds[inside], template["folds"]])
    weights = np.concatenate([data.weights[inside], template["weights"]])
    label = np.arange(len(table)) < np.count_nonzero(inside)
    members = []
    for scored in range(folds):
        validates = (scored + 1) % folds
        seen = np.concatenate([data.folds[inside] != scored, template["seen"][scored]])
        training = np.flatnonzero(seen & (fold != validates))
        validation = np.flatnonzero(seen & (fold == validates))
        _require_both(label, weights, training, validation, window)
        members += [
            Member(training, validation, derive_seed(seed, "network", scored, number))
            for number in range(seeds)
        ]
    trained = train_members(table, label, members, classifier, weights=weights)
    scores = np.empty((seeds, len(data)), np.float32)
    logits = trained.logits(data.features).reshape(folds, seeds, len(data))
    for scored in range(folds):
        own = data.folds == scored
        scores[:, own] = logits[scored][:, own]
    np.savez(
        directory / SCORES,
        scores=scores,
        folds=data.folds,
        mass=data.mass_gev,
        weights=data.weights,
        best_epoch=trained.best_epoch.reshape(folds, seeds),
    )


def hunt(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a task
    *,
    window: Window,
    efficiency: float,
    ensemble: str,
    high_sideband_min: float,
    collision_energy_gev: float,
    blinded: bool,
) -> None:
    """Select, histogram, combine the networks, fit and judge the signal region."""
    from oddjet.learn.ensemble import combine_histograms, selected_histograms

    with np.load(inputs["scores"] / SCORES) as stored:
        found = {name: stored[name] for name in stored.files}
    mass = found["mass"]
    bins = np.digitize(mass, window.edges_gev) - 1
    bins[(bins < 0) | (bins >= window.num_bins)] = -1
    inside = (mass >= window.low_gev) & (mass < window.high_gev)
    histograms = selected_histograms(
        found["scores"],
        found["folds"],
        inside,
        bins,
        num_bins=window.num_bins,
        efficiency=efficiency,
    )
    combined = combine_histograms(histograms, rule=ensemble)
    result = hunt_window(
        window,
        combined.counts,
        ensemble_covariance=combined.ensemble_covariance,
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
    high_sideband_min: float,
    collision_energy_gev: float,
    seed: int,
) -> None:
    """Repeat all hunts on background that fluctuates, and keep the largest excess.

    Every spectrum is drawn from its own fit, as if windows and feature sets were
    independent. They share events, so that fewer of them are: the global p-value is
    larger than it need be.
    """
    fitted = []
    for name in sorted(inputs):
        found = json.loads((inputs[name] / HUNT).read_text("utf-8"))
        if found["status"] == "ok":
            fitted.append((_window_of(found), np.asarray(found["fitted"])))

    def experiment(random: np.random.Generator) -> list[float | None]:
        return [
            hunt_window(
                window,
                random.poisson(expected).astype(np.float64),
                high_sideband_min=high_sideband_min,
                collision_energy_gev=collision_energy_gev,
            ).significance
            for window, expected in fitted
        ]

    largest = largest_significances(experiment, num_experiments=experiments, seed=seed)
    write_json_atomic(
        directory / LARGEST, [None if np.isnan(z) else float(z) for z in largest]
    )


def _window_of(found: Mapping[str, Any]) -> Window:
    edges = found["edges_gev"]
    low, high = found["low_gev"], found["high_gev"]
    return Window(low, high, low - edges[0], len(edges) - 1)


def _feature_table(
    place: Path, window: Window, features: Sequence[str], mass: str, folds: int
) -> FeatureTable:
    """Read the events of a window with its sidebands."""
    from oddjet.learn.folds import fold_of

    table = read_event_table(place / TABLE)
    values = table.columns[mass]
    chosen = (values >= window.edges_gev[0]) & (values < window.edges_gev[-1])
    used = table[chosen]
    # The source is a hash already; a second one gives the folds of this search.
    ids = {"file": used.source, "entry": np.zeros(len(used), np.int64)}
    return FeatureTable(
        features=np.stack([used.columns[name] for name in features], axis=1),
        mass_gev=used.columns[mass],
        folds=fold_of(ids, folds),
        weights=used.weights,
    )


def _require_both(
    label: NDArray[np.bool_],
    weights: NDArray[np.float64],
    training: NDArray[np.int64],
    validation: NDArray[np.int64],
    window: Window,
) -> None:
    for rows in (training, validation):
        for name, value in (("data", True), ("template", False)):
            total = float(np.sum(weights[rows][label[rows] == value]))
            if not total > 0:
                message = (
                    f"the window {window.low_gev:g}-{window.high_gev:g} GeV has too few"
                    f" events: the {name} of a fold weigh {total:g}"
                )
                raise UserError(message)


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
            "significance": result.significance,
            "p_value": result.p_value,
        }
    return found
