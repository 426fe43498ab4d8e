"""The table and the page of a hunting study: what knows the mass, what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oddjet.report.markup import Html, table
from oddjet.report.page import Page, Section, figure
from oddjet.report.repeat_figure import repeat_figure
from oddjet.report.wording import Answer
from oddjet.studies.augmentation import ORIGINAL
from oddjet.studies.gains import efficiencies_of, gain_figure
from oddjet.studies.repeats import Repeated, markdown_table
from oddjet.studies.variants import EFFECT_CAPTION, effect_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Rows = tuple[list[str], list[list[str]]]

__all__ = ["hunting_report", "hunting_table"]

_CORRELATIONS = "Correlation with the region variable, background"
_ROUNDS = "Signal region against sidebands without a signal, unseen events"
_POINTS = "Mean and spread of the trainings"
_EFFECT = "Effect of copies and of luminosity"
#: Of an AUC that a verdict may rest on: the pathology it looks for is 0.2 and more.
_LARGEST_ERROR = 0.05
_WHY = (
    "A feature that is related to the variable of the regions lets a network find the"
    " regions without any signal. Linear and rank correlation see monotone relations,"
    " distance correlation any; what only several features together know, the second"
    " table shows."
)


def hunting_table(
    features: Mapping[str, Any],
    points: Sequence[Mapping[str, Any]],
    warning: str | None = None,
) -> str:
    """Write everything in Markdown.

    Parameters
    ----------
    features : mapping
        As `oddjet.studies.hunting.choose_features` writes it.
    points : sequence of mapping
        As `oddjet.studies.hunting.make_point` writes them.
    warning : str, optional
        Comes first.

    Returns
    -------
    str
    """
    parts = {
        _CORRELATIONS: _correlations(features["correlations"]),
        _ROUNDS: _rounds(features["rounds"]),
        f"{_POINTS}, with {', '.join(features['used'])}": _points(points),
    }
    if effect := effect_rows(points, "times", "signal x"):
        parts[_EFFECT] = effect
    shown = [f"{title}:\n\n{markdown_table(*rows)}" for title, rows in parts.items()]
    return "\n".join(shown if warning is None else [f"**{warning}**\n", *shown])


def hunting_report(
    features: Mapping[str, Any],
    points: Sequence[Mapping[str, Any]],
    *,
    variable: str,
    config_yaml: str,
    warning: str | None = None,
) -> Page:
    """Compose the page; arguments as for `hunting_table`."""
    sections = [
        Section(
            f"What knows {variable}",
            [
                _WHY,
                _shown(_correlations(features["correlations"]), _CORRELATIONS),
                _shown(_rounds(features["rounds"]), _ROUNDS),
            ],
        ),
        Section("What a signal changes", [*_curves(points)]),
    ]
    if effect := effect_rows(points, "times", "signal x"):
        shown = [EFFECT_CAPTION, _shown(effect, _EFFECT)]
        sections.append(Section(_EFFECT, shown))
    answers = [_verdict(features, variable)]
    if warning is not None:
        answers.insert(0, Answer("alarm", "truth among the labels", warning))
    return Page(
        title="Hunting in a mass window",
        introduction="Signal region against sidebands (Collins, Howe, Nachman,"
        f" arXiv:1805.02664), trained with {', '.join(features['used'])}.",
        answers=answers,
        sections=sections,
        config_yaml=config_yaml,
    )


def _verdict(features: Mapping[str, Any], variable: str) -> Answer:
    """Say whether the features that are used know the regions."""
    used = features["used"]
    found = next(
        (one for one in features["rounds"] if list(one["features"]) == used), None
    )
    if found is None:
        message = f"no test was made with the features {', '.join(used)}"
        raise ValueError(message)
    auc = _with_error(found["auc"], 3)
    if found["auc"]["error"] > _LARGEST_ERROR:
        return Answer(
            "undetermined",
            "too few events",
            f"Whether the features know {variable} cannot be said: the AUC of the"
            f" regions without a signal is {auc}. Weights that differ by much leave"
            " few effective events; give more background.",
        )
    if found["found"]:
        return Answer(
            "alarm",
            f"AUC {found['auc']['value']:.2f}",
            f"Without any signal a network tells the regions apart (AUC {auc}): the"
            f" features know {variable}, and what is found with them is no signal.",
        )
    return Answer(
        "compatible",
        f"AUC {found['auc']['value']:.2f}",
        f"Without a signal a network does not tell the regions apart (AUC {auc}).",
    )


def _curves(points: Sequence[Mapping[str, Any]]) -> list[Html]:
    shown = [_shown(_points(points), _POINTS)]
    curve = [point for point in points if point["variant"] == ORIGINAL]
    null = next((p["summary"] for p in curve if p["times"] == 0), None)
    drawn = [point for point in curve if point["times"] > 0]
    for name, label in (("auc", "AUC"), ("accuracy", "best accuracy")):
        if not drawn:
            continue
        band = None
        if null is not None and null[name]["mean"] is not None:
            band = (null[name]["mean"], null[name]["spread"] or 0.0)
        svg = repeat_figure(
            name,
            [point["times"] for point in drawn],
            [point["summary"][name]["mean"] for point in drawn],
            [point["summary"][name]["spread"] or 0.0 for point in drawn],
            x_label="signal size, times the expected one",
            y_label=f"{label} on pure samples",
            band=band,
            logarithmic=True,
        )
        caption = (
            "The band is made by the same procedure without a signal: the best"
            " accuracy of nothing is above one half."
        )
        shown.append(figure(svg, caption))
    if drawn:
        before = [point["summary"]["sensitivity"]["mean"] for point in drawn]
        shown.append(gain_figure(drawn, before))
    return shown


def _shown(rows: Rows, caption: str) -> Html:
    return table(*rows, caption=caption)


def _correlations(found: Sequence[Mapping[str, Any]]) -> Rows:
    kinds = ("linear", "rank", "distance")
    rows = [[one["name"], *(f"{one[kind]:.3f}" for kind in kinds)] for one in found]
    return ["feature", *kinds], rows


def _rounds(rounds: Sequence[Mapping[str, Any]]) -> Rows:
    cuts = list(rounds[0]["pass_ratios"])
    rows = [
        [
            ", ".join(found["features"]),
            _with_error(found["auc"], 3),
            *(_with_error(found["pass_ratios"][cut], 2) for cut in cuts),
            f"{found['folds']} x {found['networks']}",
        ]
        for found in rounds
    ]
    head = ["features", "AUC", *(f"passed at {cut}, SR over SB" for cut in cuts)]
    return [*head, "trainings"], rows


def _with_error(measured: Mapping[str, float] | None, decimals: int) -> str:
    if measured is None:
        return "too few"
    return f"{measured['value']:.{decimals}f} ± {measured['error']:.{decimals}f}"


def _points(points: Sequence[Mapping[str, Any]]) -> Rows:
    curve = [point for point in points if point["variant"] == ORIGINAL]
    efficiencies = efficiencies_of(curve)
    quantities = ["sensitivity", "auc", "accuracy", "auc_regions"]
    quantities += [f"after_{each}" for each in efficiencies]
    head = ["signal", "S/sqrt(B)", "AUC", "best accuracy", "AUC of regions, background"]
    head += [f"S/sqrt(B) after a cut at {each}" for each in efficiencies]
    rows = [
        [f"x {point['times']:g}"]
        + [str(Repeated(**point["summary"][name])) for name in quantities]
        + [str(point["summary"]["auc"]["repeats"])]
        for point in curve
    ]
    return [*head, "trainings"], rows
