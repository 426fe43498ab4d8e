"""The page of a study of mixed samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oddjet.report.markup import Html, table
from oddjet.report.page import Page, Section, figure
from oddjet.report.repeat_figure import repeat_figure
from oddjet.report.wording import Answer
from oddjet.studies.augmentation import ORIGINAL
from oddjet.studies.repeats import Repeated, markdown_table
from oddjet.studies.variants import EFFECT_CAPTION, effect_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "fraction_curve",
    "fraction_rows",
    "mixed_report",
    "mixed_table",
    "null_answers",
]

_EFFECT = "Effect of copies"

_QUANTITIES = {
    "auc": "AUC, pure samples",
    "accuracy": "best accuracy",
    "auc_mixtures": "AUC of the mixtures",
    "pairing": "true pairs, SPANet",
    "pairing_min_delta_r": "true pairs, min delta R",
}


def mixed_table(points: Sequence[Mapping[str, Any]], warning: str | None) -> str:
    """Write everything in Markdown; a warning first.

    Parameters
    ----------
    points : sequence of mapping
        As `oddjet.studies.mixed.make_point` writes them.
    warning : str or None

    Returns
    -------
    str
    """
    parts = [] if warning is None else [f"**{warning}**\n"]
    parts.append(markdown_table(*fraction_rows(points)))
    if effect := effect_rows(points, "fraction", "f1"):
        parts.append(f"{_EFFECT}:\n\n{markdown_table(*effect)}")
    return "\n".join(parts)


def fraction_rows(
    points: Sequence[Mapping[str, Any]],
) -> tuple[list[str], list[list[str]]]:
    """Give the head and the rows of the table: a row a signal fraction."""
    drawn = [point for point in points if point["variant"] == ORIGINAL]
    quantities = [name for name in _QUANTITIES if name in drawn[0]["summary"]]
    rows = [
        [
            f"{point['fraction']:g}",
            *(str(Repeated(**point["summary"][name])) for name in quantities),
            str(point["summary"]["auc"]["repeats"]),
        ]
        for point in drawn
    ]
    return ["f1", *(_QUANTITIES[name] for name in quantities), "trainings"], rows


def mixed_report(
    points: Sequence[Mapping[str, Any]], config_yaml: str, warning: str | None = None
) -> Page:
    """Compose the page.

    Parameters
    ----------
    points : sequence of mapping
        As `oddjet.studies.mixed.make_point` writes them.
    config_yaml : str
    warning : str, optional

    Returns
    -------
    Page
    """
    sections = [Section("Separation", fraction_curve(points))]
    if effect := effect_rows(points, "fraction", "f1"):
        copies = [EFFECT_CAPTION, table(*effect, caption=_EFFECT)]
        sections.append(Section(_EFFECT, copies))
    alarms = (
        [] if warning is None else [Answer("alarm", "truth among the labels", warning)]
    )
    return Page(
        title="Mixed samples",
        introduction="What labels of mixtures teach about signal and background"
        " (Metodiev, Nachman, Thaler, arXiv:1708.02949).",
        answers=[*alarms, *null_answers(points)],
        sections=sections,
        config_yaml=config_yaml,
    )


def null_answers(points: Sequence[Mapping[str, Any]]) -> list[Answer]:
    """Say whether networks learn nothing at f1 = 1/2, as they must; [] without it.

    Both AUCs are compared with one half by two standard errors of their mean: that of
    the mixtures in events that no network has seen, and that on pure samples, which a
    single network misses by far.
    """
    null = next(
        (p for p in points if p["fraction"] == 0.5 and p["variant"] == ORIGINAL), None
    )
    if null is None or null["summary"]["auc"]["error"] is None:
        return []
    pure, mixed = (null["summary"][name] for name in ("auc", "auc_mixtures"))
    off = any(abs(each["mean"] - 0.5) > 2 * each["error"] for each in (pure, mixed))
    values = [
        f"{each['mean']:.3f} \N{PLUS-MINUS SIGN} {each['error']:.3f}"
        for each in (pure, mixed)
    ]
    found = (
        f"AUC on pure samples {values[0]}, of the mixtures {values[1]} (means of"
        f" {pure['repeats']} trainings with their standard errors)"
    )
    if off:
        return [
            Answer(
                "alarm",
                "not one half",
                f"Mixtures that are alike should teach nothing: {found}. Two standard"
                " errors are exceeded by one in ten of such tests by chance; otherwise"
                " the samples differ in more than the signal.",
            )
        ]
    return [
        Answer(
            "compatible",
            "nothing learnt at f1 = 0.5",
            f"Mixtures that are alike teach nothing: {found}.",
        )
    ]


def fraction_curve(points: Sequence[Mapping[str, Any]]) -> list[Html]:
    """Draw the AUC on pure samples against f1, and its table; without copies.

    Parameters
    ----------
    points : sequence of mapping
        With `fraction`, `variant` and `summary`.

    Returns
    -------
    list of Html
    """
    drawn = [point for point in points if point["variant"] == ORIGINAL]
    auc = [point["summary"]["auc"] for point in drawn]
    fractions = [point["fraction"] for point in drawn]
    pure = [a["mean"] for a, f in zip(auc, fractions, strict=True) if f in (0, 1)]
    svg = repeat_figure(
        "fractions",
        fractions,
        [each["mean"] for each in auc],
        [each["spread"] or 0.0 for each in auc],
        x_label="signal fraction of the first mixture",
        y_label="AUC on pure samples",
        line=(max(pure), "pure labels") if pure else None,
    )
    head, rows = fraction_rows(points)
    caption = (
        "Networks learn to tell two mixtures of signal fraction f1 and 1 - f1; the one"
        " with more signal is to score high, which is fixed before training. They are"
        " judged on pure samples that no network has seen. At f1 = 0.5 nothing can be"
        " learnt: single networks scatter around 0.5 by far more than their own errors."
    )
    shown = table(head, rows, caption="Mean and spread of the trainings")
    return [figure(svg, caption), shown]
