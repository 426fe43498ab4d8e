"""What stands around the result of a dijet search: validation, and injected signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oddjet.report.dijet_figures import cls_figure
from oddjet.report.markup import Html, table
from oddjet.report.numbers import NOTHING, format_expectation, format_sigma
from oddjet.report.study_page import StudySection, figure

__all__ = ["injection_sections", "validation_sections", "windows_that_fail"]

#: Curves beyond so many would make a page that no browser likes.
MOST_CURVES = 12
_SAMPLES = {
    "control": "events beside the selection",
    "simulation": "enlarged simulation",
    "down_up": "down-up-sampled data",
}
_VALIDATION = (
    "The whole search was run on samples without a signal: events beside the"
    " selection, simulation enlarged by a model of its features, and data whose"
    " features a model of a few of them gave. A window passes where neither the median"
    " nor the spread of the significances of all its spectra reaches the limit of the"
    " configuration, with every sample."
)
_INJECTIONS = (
    "Signal events were put into the data, and template, networks and fit made again"
    " for every number of them. CLs compares what the networks then select of the"
    " signal with what the data show without it; an event counts with the networks that"
    " have not seen it. What the signal adds to the sidebands counts against it. A"
    " curve that never falls to 5 %, or rises on its way, gives no limit."
)


def windows_that_fail(results: Mapping[str, Any]) -> list[tuple[float, float]]:
    """List the windows [GeV] that a sample without signal does not pass.

    Parameters
    ----------
    results : mapping
        The content of results.json.

    Returns
    -------
    list of (low, high)
        Empty without validation.
    """
    rows = results.get("validation", ())
    failed = [(r["low_gev"], r["high_gev"]) for r in rows if not r["passes"]]
    return list(dict.fromkeys(failed))


def validation_sections(results: Mapping[str, Any]) -> list[StudySection]:
    """Show which windows pass with which samples; nothing where none was asked for.

    Parameters
    ----------
    results : mapping
        The content of results.json.

    Returns
    -------
    list of StudySection
    """
    rows = results.get("validation")
    if rows is None:
        return []
    if not rows:
        return [StudySection("Validation", ["There is no sample without signal."])]
    head = (
        "Window [GeV]",
        "Sample",
        "Spectra",
        "Failed",
        "Median",
        "Spread",
        "Verdict",
    )
    cells = [
        (
            _window(row),
            _SAMPLES[row["sample"]],
            str(row["spectra"]),
            str(row["failed"]),
            _sigma(row["median"]),
            _sigma(row["spread"]),
            "passes" if row["passes"] else "fails",
        )
        for row in rows
    ]
    caption = "Signed local significances of all spectra of a sample"
    content: list[str] = [_VALIDATION]
    if failed := windows_that_fail(results):
        names = ", ".join(f"{low:g} to {high:g} GeV" for low, high in failed)
        content.append(f"Not validated: {names}. Their results are to be distrusted.")
    content.append(table(head, cells, caption=caption, text_columns=(0, 1, 6)))
    return [StudySection("Validation", content)]


def injection_sections(results: Mapping[str, Any]) -> list[StudySection]:
    """Show limits, CLs curves and discoveries; nothing where no signal was injected.

    Parameters
    ----------
    results : mapping
        The content of results.json.

    Returns
    -------
    list of StudySection
    """
    curves = results.get("injections")
    if not curves:
        return []
    content: list[str] = [_INJECTIONS, _limits_table(curves)]
    drawn = [curve for curve in curves if _has_points(curve)]
    for number, curve in enumerate(drawn[:MOST_CURVES]):
        caption = f"{curve['signal']}, {_spectrum(curve)}: observed and expected CLs."
        content.append(figure(cls_figure(f"cls-{number}", curve), caption))
    if len(drawn) > MOST_CURVES:
        content.append(f"The other {len(drawn) - MOST_CURVES} are in results.json.")
    content += _without_limit(curves)
    found = [curve for curve in curves if curve["discovery"] is not None]
    if found:
        content.append(_discovery_table(found))
    return [StudySection("Injected signals and limits", content)]


def _limits_table(curves: Sequence[Mapping[str, Any]]) -> Html:
    head = (
        "Signal", "Spectrum", "Limit [events]", "Expected", "68 %", "Limit [pb]",
    )  # fmt: skip
    rows = []
    for curve in curves:
        limit = curve.get("limit")
        if limit is None:
            continue
        expected = [_events(value) for value in limit["expected_events"]]
        rows.append(
            (
                curve["signal"],
                _spectrum(curve),
                "no limit" if limit["events"] is None else _events(limit["events"]),
                expected[2],
                f"{expected[1]} to {expected[3]}",
                _cross_section(limit["cross_section_pb"]),
            )
        )
    caption = "Upper limits at 95 % CL on selected signal events of all masses"
    return table(head, rows, caption=caption, text_columns=(0, 1))


def _discovery_table(curves: Sequence[Mapping[str, Any]]) -> Html:
    head = ("Signal", "Spectrum", "Events injected", "Selected", "Local sigma")
    rows = []
    for curve in curves:
        point = curve["discovery"]
        rows.append(
            (
                curve["signal"],
                _spectrum(curve),
                str(point["events"]),
                _events(point.get("selected_signal")),
                "failed"
                if point["significance"] is None
                else format_sigma(point["significance"]),
            )
        )
    caption = "Injections of a multiple of sqrt(B) signal events in the signal region"
    return table(head, rows, caption=caption, text_columns=(0, 1))


def _without_limit(curves: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"No limit on {curve['signal']} ({_spectrum(curve)}): {limit['reason']}."
        for curve in curves
        if (limit := curve.get("limit")) is not None and limit["events"] is None
    ]


def _has_points(curve: Mapping[str, Any]) -> bool:
    return any(point["cls"] is not None for point in curve["points"])


def _spectrum(curve: Mapping[str, Any]) -> str:
    return (
        f"{_window(curve)} GeV, {curve['features']}, {curve['template']},"
        f" {100 * curve['efficiency']:g} % kept"
    )


def _window(row: Mapping[str, Any]) -> str:
    return f"{row['low_gev']:g} to {row['high_gev']:g}"


def _sigma(value: float | None) -> str:
    return NOTHING if value is None else format_sigma(value)


def _events(value: float | None) -> str:
    return NOTHING if value is None else format_expectation(value)


def _cross_section(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.3g}"
