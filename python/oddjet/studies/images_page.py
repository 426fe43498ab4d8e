"""The table and the page of a study of jet images."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from oddjet.report.markup import Html, table
from oddjet.report.page import Page, Section, figure
from oddjet.report.repeat_figure import repeat_figure
from oddjet.report.series_figure import Series, series_figure
from oddjet.report.wording import Answer
from oddjet.studies.augmentation import ORIGINAL
from oddjet.studies.gains import efficiencies_of, gain_figure
from oddjet.studies.mixed_page import fraction_curve, fraction_rows, null_answers
from oddjet.studies.repeats import Repeated, markdown_table
from oddjet.studies.variants import EFFECT_CAPTION, effect_rows, spelled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Point = Mapping[str, Any]
    Rows = tuple[list[str], list[list[str]]]

__all__ = ["images_report", "images_table", "threshold"]

_POINTS = "Mean and spread of the trainings on pure samples, without augmentation"
_WEAK = "Labels of the regions and truth: mean and spread of the trainings"
_MIXTURES = "Two mixtures of the signal region, of signal fraction f1 and 1 - f1"
_EFFECT = "Effect of copies and of luminosity"
_BAND = (
    "The band is made by the same procedure without a signal: the best accuracy of many"
    " thresholds is above one half by construction. Bars are the spread of the"
    " trainings, which differ in events, split and first weights."
)


def images_table(points: Sequence[Point], mixtures: Sequence[Point] = ()) -> str:
    """Write everything in Markdown.

    Parameters
    ----------
    points : sequence of mapping
        As `oddjet.studies.image_points.make_point` writes them.
    mixtures : sequence of mapping
        As `oddjet.studies.image_mixtures.make_mixture_point` writes them.

    Returns
    -------
    str
    """
    parts = {}
    if points:
        parts = {_POINTS: _curve(points), _WEAK: _weak(points)}
    if mixtures:
        parts[_MIXTURES] = fraction_rows(mixtures)
    if effect := effect_rows(points, "sensitivity", "S/sqrt(B)"):
        parts[_EFFECT] = effect
    return "\n".join(
        f"{title}:\n\n{markdown_table(*rows)}" for title, rows in parts.items()
    )


def images_report(
    points: Sequence[Point], mixtures: Sequence[Point], config_yaml: str
) -> Page:
    """Compose the page; points and mixtures as for `images_table`."""
    sections, on = [], []
    if points:
        on.append("a signal region against sidebands of their mass")
        sections += [
            Section("What a signal changes", _curves(points)),
            Section("Training and true accuracy", _weak_and_true(points)),
        ]
    if mixtures:
        on.append("mixtures of signal and background")
        sections.append(Section("Mixtures", fraction_curve(mixtures)))
    drawn = [p for p in _of(points, ORIGINAL) if p["sensitivity"] > 0]
    if drawn:
        gained = gain_figure(drawn, [point["before"] for point in drawn])
        sections.insert(1, Section("What a cut gains", [gained]))
    if effect := effect_rows(points, "sensitivity", "S/sqrt(B)"):
        shown = table(*effect, caption=_EFFECT)
        sections.insert(1, Section(_EFFECT, [EFFECT_CAPTION, shown]))
    return Page(
        title="Jet images",
        introduction="Networks of the images of two jets, trained on"
        f" {' and on '.join(on)} (F.-Y. Hsieh, note \u201cCWoLa\u201d), and judged on"
        " pure samples.",
        answers=[*([threshold(points)] if points else []), *null_answers(mixtures)],
        sections=sections,
        config_yaml=config_yaml,
    )


def threshold(points: Sequence[Point]) -> Answer:
    """Say from which S / sqrt(B) on the network learns the signal.

    That is where the mean AUC is above that without a signal by twice the error of the
    difference of both means, there and at every larger S / sqrt(B).
    """
    curve = _of(points, ORIGINAL)
    null = next((p["summary"]["auc"] for p in curve if p["sensitivity"] == 0), None)
    signals = [p for p in curve if p["sensitivity"] > 0]
    if null is None or null["error"] is None or not signals:
        return Answer(
            "undetermined",
            "no band",
            "Without trainings at S/sqrt(B) = 0, two or more, nothing says what a"
            " network finds by chance.",
        )
    learnt = None
    for point in reversed(signals):
        auc = point["summary"]["auc"]
        error = math.hypot(auc["error"], null["error"])
        if auc["mean"] - null["mean"] <= 2 * error:
            break
        learnt = point
    count = f"{null['repeats']} trainings without a signal give an AUC of"
    band = f"{count} {null['mean']:.3f} \N{PLUS-MINUS SIGN} {null['error']:.3f}"
    if learnt is None:
        return Answer(
            "undetermined",
            "not learnt",
            f"{band}, and no signal up to S/sqrt(B) = {signals[-1]['sensitivity']:g}"
            " lifts the mean by two standard errors.",
        )
    found = learnt["summary"]["auc"]
    return Answer(
        "compatible",
        f"S/\u221aB = {learnt['sensitivity']:g}",
        f"{band}; from S/sqrt(B) = {learnt['sensitivity']:g} on a signal lifts the mean"
        f" by two standard errors, there to {found['mean']:.3f} \N{PLUS-MINUS SIGN}"
        f" {found['error']:.3f} ({found['repeats']} trainings).",
    )


def _of(points: Sequence[Point], variant: str) -> list[Point]:
    return [point for point in points if point["variant"] == variant]


def _curve(points: Sequence[Point]) -> Rows:
    curve = _of(points, ORIGINAL)
    efficiencies = efficiencies_of(points)
    names = ["auc", "accuracy", "auc_regions"]
    names += [f"after_{efficiency}" for efficiency in efficiencies]
    head = ["S/sqrt(B)", "AUC", "best accuracy", "region AUC, background"]
    head += [f"S/\u221aB, cut at {each}" for each in efficiencies]
    return [*head, "trainings"], [
        [f"{point['sensitivity']:g}"]
        + [str(Repeated(**point["summary"][name])) for name in names]
        + [str(point["summary"]["auc"]["repeats"])]
        for point in curve
    ]


def _weak(points: Sequence[Point]) -> Rows:
    names = ("accuracy_training", "accuracy_validation", "accuracy")
    head = ["training sample", "S/sqrt(B)", "trained on, regions"]
    head += ["validation, regions", "pure samples, truth", "trainings"]
    return head, [
        [spelled(point["variant"]), f"{point['sensitivity']:g}"]
        + [str(Repeated(**point["summary"][name])) for name in names]
        + [str(point["summary"]["accuracy"]["repeats"])]
        for point in points
    ]


def _curves(points: Sequence[Point]) -> list[Html]:
    curve = _of(points, ORIGINAL)
    shown = [table(*_curve(points), caption=_POINTS)]
    null = next((p["summary"] for p in curve if p["sensitivity"] == 0), None)
    drawn = [point for point in curve if point["sensitivity"] > 0]
    for name, label in (("accuracy", "best accuracy"), ("auc", "AUC")):
        if not drawn:
            continue
        svg = repeat_figure(
            name,
            [point["sensitivity"] for point in drawn],
            [point["summary"][name]["mean"] for point in drawn],
            [point["summary"][name]["spread"] or 0.0 for point in drawn],
            x_label="S/\u221aB of the signal region",
            y_label=f"{label} on pure samples",
            band=None
            if null is None
            else (null[name]["mean"], null[name]["spread"] or 0),
        )
        shown.append(figure(svg, _BAND))
    return shown


def _weak_and_true(points: Sequence[Point]) -> list[Html]:
    series = []
    for variant in dict.fromkeys(point["variant"] for point in points):
        repeats = [one for point in _of(points, variant) for one in point["repeats"]]
        pairs = [
            (one["accuracy_validation"], one["accuracy"])
            for one in repeats
            if all(
                one[name] is not None and math.isfinite(one[name])
                for name in ("accuracy_validation", "accuracy")
            )
        ]
        weak, true = zip(*pairs, strict=True) if pairs else ((), ())
        series.append(Series(spelled(variant), weak, true))
    svg = series_figure(
        "weak",
        series,
        x_label="best accuracy, labels of the regions",
        y_label="best accuracy, pure samples",
        diagonal="equal",
    )
    caption = (
        "A point a training: how well it tells the regions of events that decide when"
        " to stop, which one can know without truth, and how well it tells signal from"
        " background. A few per cent in the one may be a wide range in the other."
    )
    return [
        figure(svg, caption),
        table(*_weak(points), caption=_WEAK, text_columns=(0,)),
    ]
