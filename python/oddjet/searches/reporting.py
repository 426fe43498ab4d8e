"""The report stage: everything a search found, on one page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.io import describe, iterate
from oddjet.report.page import write_report
from oddjet.report.search_report import SearchReport
from oddjet.searches.counting import RESULTS
from oddjet.searches.regions import CONTROL_REGION, REGIONS, SIGNAL_REGION
from oddjet.searches.result import read_cutflows, write_cutflows
from oddjet.searches.scores import read_scores
from oddjet.searches.stages import CUTFLOW, HISTORY, SCORES
from oddjet.select.cutflow import CutFlow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.runs.progress import Progress
    from oddjet.searches.scores import RegionScores

REPORT = "report.html"


def collect_cutflows(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a stage
    *,
    blinded: bool,
) -> None:
    """Put the cut flows of both regions into one file; a blinded one stays out."""
    shown = [name for name in REGIONS if not (blinded and name == SIGNAL_REGION)]
    cutflows = {
        name: CutFlow.from_csv((inputs[f"prepare-{name}"] / CUTFLOW).read_text("utf-8"))
        for name in shown
    }
    (directory / CUTFLOW).write_text(write_cutflows(cutflows), encoding="utf-8")


def render(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,
    *,
    title: str,
    trainings: tuple[str, ...],
    config_yaml: str,
    provenance: Mapping[str, Any],
    paths: Mapping[str, tuple[str, ...]],
) -> None:
    """Write the report page. The only stage that reads truth, to show it."""
    results = json.loads((inputs["count"] / RESULTS).read_text("utf-8"))
    scores = read_scores(inputs["score"] / SCORES)
    cutflows = read_cutflows((inputs["cutflow"] / CUTFLOW).read_text("utf-8"))
    truth = _truth(scores, paths, progress)
    if truth is not None and not results["blinded"]:
        results["signal_fraction"] = _signal_fraction(truth)
    history = [
        json.loads((inputs[name] / HISTORY).read_text("utf-8"))["loss"]
        for name in trainings
    ]
    page = SearchReport(
        title=title,
        results=results,
        cutflows={name: _rows(cutflow) for name, cutflow in cutflows.items()},
        scores={name: region.score for name, region in scores.items()},
        weights={name: region.weight for name, region in scores.items()},
        truth=truth,
        threshold=results["counts"]["threshold"],
        folds=results["counts"].get("folds", ()),
        training_history=history,
        config_yaml=config_yaml,
        provenance=provenance,
    )
    write_report(directory / REPORT, page)


def _rows(cutflow: CutFlow) -> list[tuple[str, int, float, float]]:
    return [
        (row.name, row.events, row.sum_weights, row.sum_weights_squared)
        for row in cutflow.rows
    ]


def _truth(
    scores: Mapping[str, RegionScores],
    paths: Mapping[str, tuple[str, ...]],
    progress: Progress,
) -> dict[str, NDArray[np.str_]] | None:
    """Read the simulated process of every scored event, where the files have it."""
    truth = {}
    for name, region in scores.items():
        if "truth" not in describe(paths[name]).collections:
            continue
        with progress.task(f"read truth of {name}", total=len(region)) as task:
            truth[name] = _processes(region, paths[name])
            task.advance(len(region))
    return truth or None


def _processes(region: RegionScores, paths: tuple[str, ...]) -> NDArray[np.str_]:
    """Find the scored events in the files; both have the same order."""
    parts = [np.empty(0, np.str_)]
    for events in iterate(paths, columns=["truth"]):
        in_file = region.ids["file"] == events.id.file[:1].to_numpy()
        entries = region.ids["entry"][in_file]
        scored = np.isin(events.id.entry.to_numpy(), entries)
        process = events.truth.process[scored].to_list()
        parts.append(np.array(process, np.str_))
    return np.concatenate(parts)


def _signal_fraction(truth: Mapping[str, NDArray[np.str_]]) -> float | None:
    """Give the fraction of the signal region that the control region has none of."""
    if not {SIGNAL_REGION, CONTROL_REGION} <= truth.keys():
        return None
    known = np.unique(truth[CONTROL_REGION])
    return float(np.mean(~np.isin(truth[SIGNAL_REGION], known)))
