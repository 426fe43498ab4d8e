"""The page of a search for semi-visible jets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oddjet.report.abcd_figures import (
    contamination_figure,
    multiplier_figure,
    stability_figure,
    working_point_figure,
)
from oddjet.report.abcd_tables import working_point_table
from oddjet.report.markup import Html, table
from oddjet.report.numbers import format_p_value, format_sigma
from oddjet.report.page import (
    Page,
    Section,
    figure,
    write_page,
)
from oddjet.report.svj_closure import closure_content, data_content
from oddjet.report.svj_limits import limit_content
from oddjet.report.tables import cutflow_tables
from oddjet.report.wording import Answer, excess_kind, facts

if TYPE_CHECKING:
    from oddjet.report.search_report import CutRow
    from oddjet.stats.abcd_scan import WorkingPointScan

__all__ = ["SvjPanels", "svj_answer", "write_svj_report"]

_READING = (
    "Two networks, X and Y, learn to tell the signal from the background, and to know"
    " nothing of each other where there is only background. Then the background that"
    " passes both cuts is n(pass X, fail Y) n(fail X, pass Y) / n(fail both), in every"
    " bin of the transverse mass M_T. The simulated events are split three ways: one"
    " part trains, one chooses the cuts, and everything quoted here is of the third."
    " SP is the signal plane (jets close in eta), VP the validation plane, where the"
    " same cuts can be tested on data."
)


@dataclass(frozen=True)
class SvjPanels:
    """What the page draws, besides the content of results.json.

    Attributes
    ----------
    scan, test_scan : WorkingPointScan or None
        Of the events that chose the cuts, and of those that are quoted.
    history : mapping or None
        "epochs" and "targets" of the training.
    cutflows : mapping of sample to rows
        (name, events, sum of weights, sum of squares) each.
    areas : mapping of plane to Html
        Maps of LundNet's areas under the curve.
    """

    scan: WorkingPointScan | None = None
    test_scan: WorkingPointScan | None = None
    history: Mapping[str, Any] | None = None
    cutflows: Mapping[str, Sequence[CutRow]] = field(default_factory=dict)
    areas: Mapping[str, Html] = field(default_factory=dict)


def write_svj_report(
    path: Path | str,
    results: Mapping[str, Any],
    panels: SvjPanels,
    *,
    config_yaml: str,
    provenance: Mapping[str, Any],
) -> None:
    """Write the page as one self-contained HTML file.

    Parameters
    ----------
    path : Path or str
    results : mapping
        The content of results.json. While it is closed it holds nothing of the signal
        plane of the data.
    panels : SvjPanels
    config_yaml : str
        The configuration.
    provenance : mapping
        Versions and processor.

    Raises
    ------
    UserError
        The directory of `path` does not exist.
    """
    warnings = [f"Mind: {text}." for text in results["warnings"]]
    sections = [
        Section("How to read this page", [_READING, *warnings]),
        Section("Limits", limit_content(results)),
        Section("Does the prediction close?", closure_content(results)),
        *_stability(results, panels),
        *_data(results),
        Section("The working point", _working_point(panels)),
        *_training(panels),
        *_tagger(panels),
        Section("Selection", [_selection(panels)]),
    ]
    page = Page(
        title="Semi-visible jets",
        introduction=f"{facts(results)} · {results['luminosity_ifb']:g} /fb",
        answers=[svj_answer(results)],
        sections=sections,
        config_yaml=config_yaml,
        provenance=provenance,
    )
    write_page(path, page)


def svj_answer(results: Mapping[str, Any]) -> Answer:
    """Say in a sentence what was found.

    Parameters
    ----------
    results : mapping
        The content of results.json.

    Returns
    -------
    Answer
    """
    if results["status"] != "ok":
        reason = str(results.get("reason", "no point of the signal has a limit"))
        return Answer("undetermined", "no answer", f"Not determined: {reason}.")
    mind = " Read what to mind below first." if results["warnings"] else ""
    found = results["significance"]
    if found is not None:
        sigma = float(found["sigma"])
        return Answer(
            excess_kind(sigma),
            f"{format_sigma(sigma)} \N{GREEK SMALL LETTER SIGMA} local",
            f"The largest excess of the grid is {format_sigma(sigma)} sigma (local, p"
            f" {format_p_value(results['p_value'])}) at"
            f" {_spoken(results, results['largest'])}."
            f" {_best_limit(results, 'observed')}{mind}",
        )
    closed = " The signal plane of the data is closed until --unblind."
    whose = " All of it is expected, from simulation alone."
    return Answer(
        "blinded" if results["blinded"] else "compatible",
        "expected limits",
        _best_limit(results, "expected")
        + (closed if results["blinded"] else whose)
        + mind,
    )


def _best_limit(results: Mapping[str, Any], kind: str) -> str:
    """Say what is excluded, or how far the best point is from it."""
    said = "Expected to be excluded" if kind == "expected" else "Excluded"
    ranges = [
        f"{_from_to(*masses)} at r_inv = {row['r_inv']:g}"
        for row in results["excluded"]
        for masses in row[f"{kind}_gev"]
    ]
    if ranges:
        return f"{said} at 95 % CL: a Z' of {'; '.join(ranges)}."
    limits = {
        point["name"]: point["observed"] if kind == "observed" else point["expected"][2]
        for point in results["points"]
        if point["expected"] and point["status"] == "ok"
    }
    best = min(limits, key=lambda name: float(limits[name]))
    return (
        f"{said} at 95 % CL: no point of the grid. The lowest {kind} limit on mu is"
        f" {limits[best]:.3g}, at {_spoken(results, best)}."
    )


def _from_to(low: float, high: float) -> str:
    return f"{low:.0f} GeV" if low == high else f"{low:.0f} to {high:.0f} GeV"


def _spoken(results: Mapping[str, Any], name: str) -> str:
    """Say which point of the grid a name is."""
    (point,) = (each for each in results["points"] if each["name"] == name)
    return f"m(Z') = {point['z_prime_mass_gev']:g} GeV, r_inv = {point['r_inv']:g}"


def _stability(results: Mapping[str, Any], panels: SvjPanels) -> list[Section]:
    test, most = panels.test_scan, float(results["contamination_max"])
    if test is None or test.chosen is None:
        return []
    return [
        Section(
            "Boundaries and contamination",
            [
                figure(
                    stability_figure(test),
                    "The non-closure if one cut moves and the other stays, on the"
                    " events that are quoted. Points of one line share most events.",
                ),
                figure(
                    contamination_figure(test, most),
                    "The part of a signal that the method predicts away, of the point"
                    f" of the grid where it is largest; {most:g} is allowed (a line,"
                    " where it is crossed). Limits count it: their signal fills all"
                    " four regions. A signal in the data raises the prediction, but"
                    " no efficiency: the networks learn from simulation alone.",
                ),
            ],
        )
    ]


def _data(results: Mapping[str, Any]) -> list[Section]:
    if results["data"] is None:
        return []
    return [Section("Data", data_content(results))]


def _working_point(panels: SvjPanels) -> list[Html | str]:
    if panels.scan is None:
        return ["There is none: the steps before it failed."]
    return [
        working_point_table(panels.scan),
        figure(
            working_point_figure(panels.scan),
            "Chosen is the largest mean significance among the cuts that keep all"
            " rules; hatched are those that break one, white those that leave a bin of"
            " a region empty. Of events that are quoted nowhere.",
        ),
    ]


def _training(panels: SvjPanels) -> list[Section]:
    history = panels.history
    if history is None or not history["targets"]:
        return []
    targets, epochs = history["targets"], history["epochs"]
    # Bins are many and their names long: they are in the table.
    names = [name for name in targets if "bin" not in name]
    last = epochs[-1]
    rows = [
        (name, f"{last['terms'][name]:.3g}", f"{target:.3g}",
         _multiplier(last["multipliers"][name]))
        for name, target in targets.items()
    ]  # fmt: skip
    caption = "Constraints in the last epoch, on the events that train"
    return [
        Section(
            "Training of X and Y",
            [
                table(("Term", "Value", "Target", "Multiplier"), rows, caption=caption),
                figure(
                    multiplier_figure(
                        {n: [e["multipliers"][n] for e in epochs] for n in names},
                        {n: [e["terms"][n] for e in epochs] for n in names},
                        targets,
                    ),
                    "Above, the weight that each constraint has learnt. Below, each"
                    " constraint over its target: met below the dashed line. Targets"
                    " start larger and shrink to their size. R is the distance"
                    " correlation, 0 for independent quantities.",
                ),
            ],
        )
    ]


def _multiplier(value: float) -> str:
    """Write a weight of the loss; what decays towards zero is zero."""
    return f"{value:.2g}" if value > 1e-3 else "0"


def _tagger(panels: SvjPanels) -> list[Section]:
    maps = [
        figure(each, f"{plane}: jets of each signal against all backgrounds.")
        for plane, each in panels.areas.items()
    ]
    return [Section("LundNet, jet by jet", maps)] if maps else []


def _selection(panels: SvjPanels) -> Html | str:
    if not panels.cutflows:
        return "Tables were given: they were selected before."
    return cutflow_tables(panels.cutflows)
