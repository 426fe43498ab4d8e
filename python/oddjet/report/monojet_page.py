"""The page of a mono-jet search."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from oddjet.report.checks import checks_tables
from oddjet.report.figures import loss_figure, score_figure, truth_figure
from oddjet.report.markup import Html, element
from oddjet.report.numbers import MINUS, format_count
from oddjet.report.page import Page, Section, figure, write_page
from oddjet.report.score_histogram import (
    ScoreHistogram,
    score_edges,
    score_histogram,
)
from oddjet.report.search_report import (
    CONTROL_REGION,
    SIGNAL_REGION,
    SearchReport,
    close_signal_region,
    is_blinded,
)
from oddjet.report.study_figures import comparison_figure
from oddjet.report.tables import (
    counts_table,
    cutflow_tables,
    fold_table,
    region_name,
    significance_table,
)
from oddjet.report.wording import answer, facts

__all__ = ["write_report"]

_MOST_PROCESSES = 7


def write_report(path: Path | str, report: SearchReport) -> None:
    """Write the report of a search as one self-contained HTML page.

    Equal content gives equal bytes. While the search is blind, nothing of the signal
    region is written, whatever the report holds.

    Parameters
    ----------
    path : Path or str
        Where to write; the file appears complete or not at all.
    report : SearchReport
        What to show.

    Raises
    ------
    MissingExtra
        A figure is to be drawn and matplotlib or mplhep is not installed.
    UserError
        The directory of `path` does not exist.
    """
    if is_blinded(report.results):
        report = close_signal_region(report)
    page = Page(
        title=report.title,
        introduction=facts(report.results),
        answers=[answer(report.results)],
        sections=[
            _reading(report.results),
            *_cutflow(report),
            *_counts(report),
            *_checks(report),
            *_score(report),
            *_selected(report),
            *_truth(report),
            *_training(report),
        ],
        config_yaml=report.config_yaml,
        provenance=report.provenance,
    )
    write_page(path, page)


# Who scored a jet, after "Networks learnt ... by their structure alone, and ".
_WHO_SCORED = {
    "k_fold": "each jet was scored by networks that had not seen it",
    "sequential": "each jet was scored by networks that had seen earlier folds only",
    "in_sample": "all jets were scored by networks that were trained on them, as in"
    " the paper: what a network memorises can look like an excess, so this page"
    " compares with published tables and claims nothing",
}


def _reading(results: Mapping[str, Any]) -> Section:
    who_scored = _WHO_SCORED[str(results.get("scoring", "k_fold"))]
    link = element(
        "a",
        "Finke, Krämer, Lipp, Mück, arXiv:2204.11889",
        href="https://arxiv.org/abs/2204.11889",
    )
    text = element(
        "p",
        "Networks learnt to tell jets of the signal region from jets of the control"
        f" region by their structure alone, and {who_scored}. A calibrated score ",
        Html(f"<i>s</i> means that a fraction 10<sup>{MINUS}<i>s</i></sup>"),
        " of the control region scores higher, so if both"
        " regions hold the same jets, the threshold lets the same fraction of"
        " either pass. More jets of the signal region above it than the exact"
        " test allows are the odd jets that the search looks for (method: ",
        link,
        ").",
    )
    return Section("How to read this page", [text])


def _counts(report: SearchReport) -> list[Section]:
    results, counts = report.results, report.results.get("counts") or {}
    tests = results.get("significance") or results.get("paper_formula")
    folds = report.folds or counts.get("folds")
    if not (tests or counts or folds):
        return []
    columns = element(
        "div",
        counts_table(results) if counts else "",
        fold_table(folds, counts) if folds else "",
        class_="columns",
    )
    content = [significance_table(results), columns] if tests else [columns]
    return [Section("Counts and tests", content)]


def _checks(report: SearchReport) -> list[Section]:
    tables = checks_tables(report.results)
    return [Section("How far to trust it", [tables])] if tables else []


def _score(report: SearchReport) -> list[Section]:
    control = report.scores.get(CONTROL_REGION)
    if control is None or len(control) == 0:
        return []
    histograms = _region_histograms(report)
    if histograms[CONTROL_REGION].total <= 0.0:
        return [Section("Scores", ["No control jet could be scored."])]
    svg = score_figure(
        histograms[CONTROL_REGION], histograms.get(SIGNAL_REGION), report.threshold
    )
    caption = _score_caption(report, histograms)
    return [Section("Scores", [figure(svg, caption)])]


def _score_caption(
    report: SearchReport, histograms: Mapping[str, ScoreHistogram]
) -> str:
    caption = (
        "Dashed: what two regions that hold the same jets would give. The last bin"
        " includes all jets beyond it."
    )
    if SIGNAL_REGION in histograms:
        caption += (
            " The control region is scaled to the number of jets of the signal region;"
            " below is the ratio of the two, where the control region has jets. Error"
            " bars are 68 % Poisson intervals, the band is the statistical uncertainty"
            " of the control region."
        )
    else:
        caption += " The signal region is not shown."
    for region, histogram in histograms.items():
        if histogram.not_scorable:
            caption += (
                f" {region_name(region)}: {format_count(histogram.not_scorable)} of"
                f" {format_count(len(report.scores[region]))} jets could not be scored"
                " and are not shown."
            )
    return caption


def _region_histograms(report: SearchReport) -> dict[str, ScoreHistogram]:
    edges = score_edges(list(report.scores.values()), report.threshold)
    weights = report.weights or {}
    return {
        region: score_histogram(scores, edges, weights.get(region))
        for region, scores in report.scores.items()
        if region in (SIGNAL_REGION, CONTROL_REGION) and len(scores) > 0
    }


def _selected(report: SearchReport) -> list[Section]:
    """Show what the selected jets look like: the first thing an excess asks for."""
    selected = report.selected
    if selected is None or not report.observables:
        return []
    others = ~selected & np.isfinite(report.scores[SIGNAL_REGION])
    if not (selected.any() and others.any()):
        return []
    weight = (report.weights or {}).get(SIGNAL_REGION)
    svg = comparison_figure(
        "search",
        {name: column[selected] for name, column in report.observables.items()},
        {name: column[others] for name, column in report.observables.items()},
        None if weight is None else (weight[selected], weight[others]),
    )
    caption = (
        f"The {format_count(int(selected.sum()))} jets of the signal region above the"
        f" thresholds, and its {format_count(int(others.sum()))} others, both of area"
        " 1; error bars are statistical. z: constituent pT over jet pT; of the"
        " constituents that the network sees. Jets beyond an axis are in its last bin."
    )
    return [Section("Selected and rejected jets", [figure(svg, caption)])]


def _truth(report: SearchReport) -> list[Section]:
    truth = (report.truth or {}).get(SIGNAL_REGION)
    if truth is None or len(truth) == 0:
        return []
    svg = truth_figure(_process_histograms(report), report.threshold)
    caption = (
        "Simulation truth, not used: the processes behind the jets of the signal"
        " region, known because they were simulated. Neither training nor scores nor"
        " counts have seen it. Stacked, the rarest process lowest; in brackets the"
        " number of scored jets."
    )
    return [Section("What it was (simulation truth, not used)", [figure(svg, caption)])]


def _process_histograms(report: SearchReport) -> dict[str, ScoreHistogram]:
    """Histograms by process; beyond seven, the most frequent are put together."""
    scores = report.scores[SIGNAL_REGION]
    truth = np.asarray((report.truth or {})[SIGNAL_REGION]).astype(str)
    weights = (report.weights or {}).get(SIGNAL_REGION)
    edges = score_edges(list(report.scores.values()), report.threshold)
    names, counts = np.unique(truth, return_counts=True)
    rare_first = names[np.argsort(counts, kind="stable")]
    groups = {str(name): truth == name for name in rare_first[:_MOST_PROCESSES]}
    if len(rare_first) > _MOST_PROCESSES:
        groups["all others"] = np.isin(truth, rare_first[_MOST_PROCESSES:])
    return {
        name: score_histogram(
            scores[chosen], edges, None if weights is None else weights[chosen]
        )
        for name, chosen in groups.items()
    }


def _cutflow(report: SearchReport) -> list[Section]:
    if not report.cutflows:
        return []
    note = "Efficiencies are those of the weighted numbers."
    content = [cutflow_tables(report.cutflows), element("p", note, class_="note")]
    return [Section("Cut flows", content)]


def _training(report: SearchReport) -> list[Section]:
    if not any(len(losses) for losses in report.training_history):
        return []
    svg = loss_figure(report.training_history, report.training_names)
    caption = (
        "A loss that stays at ln 2 means that the networks found nothing to tell"
        " the regions apart; one below it may also come from memorised jets, which"
        " is why held-out scores are the ones to trust."
    )
    return [Section("Training", [figure(svg, caption)])]
