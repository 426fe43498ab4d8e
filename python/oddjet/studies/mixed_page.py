"""The page of a study of mixed samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oddjet.report.markup import table
from oddjet.report.repeat_figure import repeat_figure
from oddjet.report.study_page import StudyReport, StudySection, figure
from oddjet.studies.repeats import Repeated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["mixed_report", "point_table"]

_QUANTITIES = {
    "auc": "AUC, pure samples",
    "accuracy": "best accuracy",
    "auc_mixtures": "AUC of the mixtures",
}


def point_table(
    points: Sequence[Mapping[str, Any]],
) -> tuple[list[str], list[list[str]]]:
    """Give the head and the rows of the table: a row a signal fraction."""
    rows = [
        [
            f"{point['fraction']:g}",
            *(str(Repeated(**point["summary"][name])) for name in _QUANTITIES),
            str(point["summary"]["auc"]["repeats"]),
        ]
        for point in points
    ]
    return ["f1", *_QUANTITIES.values(), "trainings"], rows


def mixed_report(points: Sequence[Mapping[str, Any]], config_yaml: str) -> StudyReport:
    """Compose the page.

    Parameters
    ----------
    points : sequence of mapping
        As `oddjet.studies.mixed.make_point` writes them.
    config_yaml : str

    Returns
    -------
    StudyReport
    """
    auc = [point["summary"]["auc"] for point in points]
    fractions = [point["fraction"] for point in points]
    pure = [a["mean"] for a, f in zip(auc, fractions, strict=True) if f in (0, 1)]
    svg = repeat_figure(
        "auc",
        fractions,
        [each["mean"] for each in auc],
        [each["spread"] or 0.0 for each in auc],
        x_label="signal fraction of the first mixture",
        y_label="AUC on pure samples",
        line=(max(pure), "pure labels") if pure else None,
    )
    head, rows = point_table(points)
    caption = (
        "Networks learn to tell two mixtures of signal fraction f1 and 1 - f1; the one"
        " with more signal is to score high, which is fixed before training. They are"
        " judged on pure samples that no network has seen. At f1 = 0.5 nothing can be"
        " learnt: single networks scatter around 0.5 by far more than their own errors."
    )
    shown = table(head, rows, caption="Mean and spread of the trainings")
    return StudyReport(
        title="Mixed samples",
        introduction="What labels of mixtures teach about signal and background"
        " (Metodiev, Nachman, Thaler, arXiv:1708.02949).",
        answers=[],
        sections=[StudySection("Separation", [figure(svg, caption), shown])],
        config_yaml=config_yaml,
    )
