"""The report stage of a mono-jet search: everything it found, on one page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.report.monojet_page import write_report
from oddjet.report.search_report import SearchReport
from oddjet.runs.lock import lock_directory
from oddjet.runs.made_from import made_from
from oddjet.searches.cutflows import read_cutflows
from oddjet.searches.observables import OBSERVABLES, read_observables
from oddjet.searches.regions import CONTROL_REGION, SIGNAL_REGION
from oddjet.searches.scores import read_scores
from oddjet.searches.search import PAGE, RESULTS
from oddjet.searches.stages import CUTFLOW, HISTORY, SCORES
from oddjet.searches.truth import TRUTH, read_truth

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.runs.progress import Progress
    from oddjet.searches.scores import RegionScores
    from oddjet.searches.truth import Truth
    from oddjet.select.cutflow import CutFlow


def render(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a stage
    **arguments: Any,
) -> None:
    """Write the report page; arguments as in `search_report`."""
    write_report(directory / PAGE, search_report(inputs, **arguments))


def redraw(run: Path, path: Path) -> None:
    """Write the page of a finished run again; see `Search.redraw`."""
    with lock_directory(run):
        drawing = made_from(run, "report", command="oddjet search")
        write_report(path, search_report(drawing.inputs, **drawing.arguments))


def search_report(
    inputs: Mapping[str, Path],
    *,
    title: str,
    trainings: Sequence[str],
    config_yaml: str,
    provenance: Mapping[str, Any],
) -> SearchReport:
    """Collect what the other stages left.

    Parameters
    ----------
    inputs : mapping of stage to directory
        `count`, `score`, `cutflow`, `truth`, `observables` and the trainings.
    title : str
        Heading of the page.
    trainings : sequence of str
        Stages that trained a network.
    config_yaml : str
        The configuration without its files.
    provenance : mapping
        Versions and processor.

    Returns
    -------
    SearchReport
    """
    results = json.loads((inputs["count"] / RESULTS).read_text("utf-8"))
    scores = read_scores(inputs["score"] / SCORES)
    cutflows = read_cutflows((inputs["cutflow"] / CUTFLOW).read_text("utf-8"))
    truth = read_truth(inputs["truth"] / TRUTH)
    history = [
        json.loads((inputs[name] / HISTORY).read_text("utf-8"))["loss"]
        for name in trainings
    ]
    return SearchReport(
        title=title,
        results=results | _signal_fraction(truth),
        cutflows={name: _rows(cutflow) for name, cutflow in cutflows.items()},
        scores={name: region.score for name, region in scores.items()},
        weights={name: region.weight for name, region in scores.items()},
        truth=truth or None,
        observables=read_observables(inputs["observables"] / OBSERVABLES),
        selected=_selected(scores, results["counts"].get("folds", ())),
        threshold=results["counts"]["threshold"],
        folds=results["counts"].get("folds", ()),
        training_history=history,
        training_names=_training_names(trainings),
        config_yaml=config_yaml,
        provenance=provenance,
    )


def _selected(
    scores: Mapping[str, RegionScores], folds: Sequence[Mapping[str, Any]]
) -> NDArray[np.bool_]:
    """Mark the jets of the signal region above the threshold of their fold."""
    if SIGNAL_REGION not in scores:
        return np.zeros(0, np.bool_)
    signal = scores[SIGNAL_REGION]
    selected = np.zeros(len(signal), np.bool_)
    for fold in folds:
        own = signal.fold == fold["fold"]
        selected |= own & (signal.score > fold["threshold"])
    return selected


def _training_names(stages: Sequence[str]) -> list[str]:
    """Write 'train-0' and 'train-0-1' as 'fold 0, network 0' and 'fold 0, network 1'.

    Where every fold has one network, it is 'fold 0'.
    """
    parts = [stage.split("-")[1:] for stage in stages]
    if all(len(part) == 1 for part in parts):
        return [f"fold {fold}" for (fold,) in parts]
    return [f"fold {part[0]}, network {([*part, '0'])[1]}" for part in parts]


def _rows(cutflow: CutFlow) -> list[tuple[str, int, float, float]]:
    return [
        (row.name, row.events, row.sum_weights, row.sum_weights_squared)
        for row in cutflow.rows
    ]


def _signal_fraction(truth: Truth) -> dict[str, float]:
    """Give the fraction of the signal region that the control region has none of.

    Nothing where they share no process: then the control region was selected to be of
    others, such as Z to leptons.
    """
    if not {SIGNAL_REGION, CONTROL_REGION} <= truth.keys():
        return {}
    known = np.isin(truth[SIGNAL_REGION], truth[CONTROL_REGION])
    return {"signal_fraction": float(np.mean(~known))} if known.any() else {}
