"""The page of a test of the method's assumption."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oddjet.report.figures import loss_figure
from oddjet.report.markup import Html, table
from oddjet.report.page import Page, Section, figure
from oddjet.report.wording import Answer
from oddjet.runs.config import dump_yaml
from oddjet.studies.pages import mean_curve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from oddjet.studies.assumption_config import AssumptionConfig

__all__ = ["assumption_report"]


def assumption_report(found: Mapping[str, Any], study: AssumptionConfig) -> Page:
    """Compose the page of a test of the assumption.

    Parameters
    ----------
    found : mapping
        The content of study.json.
    study : AssumptionConfig

    Returns
    -------
    Page
    """
    rows = found["comparisons"]
    names = [f"{row['first']} and {row['second']}" for row in rows]
    curves = [mean_curve(row["losses"]) for row in rows]
    how = (
        "A network is trained on one part of the jets, weighted so that both samples"
        " have the same kinematics, and scores the other. AUC: how often a jet of the"
        " first sample scores higher than one of the second of the same kinematics,"
        f" 1/2 if they are alike; tail: jets of the first among the"
        f" {100 * study.tail:g} % highest scores. Each p-value is exact, from"
        f" {study.permutations:,} permutations of the labels within bins of jet pT,"
        " |eta| and recoil; that of a comparison is the smallest times their number."
    )
    loss = figure(
        loss_figure(curves, names), "Mean training loss of the networks of each pair."
    )
    return Page(
        title="May these control regions stand for the signal region?",
        introduction=(
            "The method of arXiv:2204.11889 rests on jets that do not know what the"
            " boson became. This page asks a network whether they do."
        ),
        answers=[_verdict(row, study.p_value_min) for row in rows],
        sections=[
            Section("Comparisons", [_comparison_table(rows), how]),
            Section("Training", [loss]),
        ],
        config_yaml=dump_yaml(study),
    )


def _verdict(row: Mapping[str, Any], p_value_min: float) -> Answer:
    pair = f"{row['first']} and {row['second']}"
    p_value = f"p = {row['p_value']:.2g}"
    if row["alike"]:
        sentence = (
            f"A network does not tell jets of {pair} apart ({p_value}, above"
            f" {p_value_min:g}), so at this size of samples one may stand for the"
            " other."
        )
        return Answer("compatible", "alike", sentence)
    sentence = (
        f"A network tells jets of {pair} apart ({p_value}, below {p_value_min:g}): a"
        " search of one against the other would find the difference."
    )
    return Answer("alarm", "told apart", sentence)


def _comparison_table(rows: Sequence[Mapping[str, Any]]) -> Html:
    head = ("Samples", "Fold", "Jets", "AUC", "p", "Tail", "Expected", "p of tail")
    lines = [
        (
            f"{row['first']} and {row['second']}",
            str(test["fold"]),
            f"{test['num_jets']:,}",
            f"{test['auc']:.4f} ± {test['auc_width']:.4f}",
            f"{test['auc_p_value']:.3g}",
            f"{test['num_tail']:,}",
            f"{test['tail_expected']:.1f}",
            f"{test['tail_p_value']:.3g}",
        )
        for row in rows
        for test in row["folds"]
    ]
    return table(head, lines, caption="How well held-out jets are told apart")
