"""What the templates of a dijet search make of sidebands, next to the data there."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.campaigns.task import Task
from oddjet.runs.atomic import write_json_atomic
from oddjet.runs.seeds import derive_seed
from oddjet.searches.dijet_tasks import TEMPLATE, feature_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from oddjet.campaigns.campaign import Outcome
    from oddjet.runs.progress import Progress
    from oddjet.searches.dijet_config import DijetConfig
    from oddjet.searches.dijet_graph import Hunt
    from oddjet.stats.bump_hunt import Window

__all__ = ["Closure", "closure_results", "closures_of", "template_closure"]

CLOSURE = "closure.json"


@dataclass(frozen=True)
class Closure:
    """The comparison of one template.

    Attributes
    ----------
    window : Window
    features, template : str
    task : Task
    """

    window: Window
    features: str
    template: str
    task: Task


def closures_of(config: DijetConfig, hunts: Sequence[Hunt]) -> list[Closure]:
    """Compose the comparisons of all templates; sidebands agree with themselves.

    Parameters
    ----------
    config : DijetConfig
    hunts : sequence of Hunt

    Returns
    -------
    list of Closure
        One for each window, feature set and template; none if none are asked for.
    """
    made: dict[str, Closure] = {}
    for hunt in hunts if config.closure else ():
        if hunt.template == "sideband":
            continue
        inputs = {name: hunt.networks.inputs[name] for name in ("data", "template")}
        task = Task(
            "closure",
            template_closure,
            {
                "window": hunt.window,
                "features": config.feature_sets[hunt.features],
                "mass": config.mass,
                "folds": config.folds,
                "seed": derive_seed(config.seed, "closure"),
            },
            inputs,
        )
        closure = Closure(hunt.window, hunt.features, hunt.template, task)
        made.setdefault(task.address, closure)
    return list(made.values())


def template_closure(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a task
    *,
    window: Window,
    features: Sequence[str],
    mass: str,
    folds: int,
    seed: int,
) -> None:
    """Compare data and template in the sidebands: two-sample test and histograms."""
    from oddjet.background.closure import feature_closures, sideband_closure
    from oddjet.background.sideband import in_sidebands
    from oddjet.background.template import FeatureTable

    data = feature_table(inputs["data"], window, features, mass, folds)
    region = (window.low_gev, window.high_gev, window.sideband_gev)
    data = data[in_sidebands(data.mass_gev, *region)]
    with np.load(inputs["template"] / TEMPLATE) as stored:
        columns = (field.name for field in dataclasses.fields(FeatureTable))
        beside = FeatureTable(*(stored[f"beside-{name}"] for name in columns))
    found = sideband_closure(data, beside, seed=seed)
    histograms = [
        {
            "feature": name,
            **{key: value.tolist() for key, value in vars(one).items()},
        }
        for name, one in zip(features, feature_closures(data, beside), strict=True)
    ]
    write_json_atomic(
        directory / CLOSURE,
        {"auc": found.value, "auc_error": found.error, "histograms": histograms},
    )


def closure_results(done: Sequence[tuple[Closure, Outcome]]) -> list[dict[str, Any]]:
    """Give what each comparison found.

    Parameters
    ----------
    done : sequence of (Closure, Outcome)

    Returns
    -------
    list of dict
        `auc` of None with a `reason` where there is no template.
    """
    rows = []
    for closure, outcome in done:
        row: dict[str, Any] = {
            "low_gev": closure.window.low_gev,
            "high_gev": closure.window.high_gev,
            "features": closure.features,
            "template": closure.template,
            "reason": outcome.reason,
            "auc": None,
        }
        if outcome.reason is None:
            row |= json.loads((outcome.place / CLOSURE).read_text("utf-8"))
        rows.append(row)
    return rows
