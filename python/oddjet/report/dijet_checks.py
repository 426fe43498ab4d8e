"""What stands around the result of a dijet search: validation, and injected signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oddjet.report.dijet_figures import cls_figure, first_figures
from oddjet.report.dijet_wording import failed_windows, spectrum_name, window_name
from oddjet.report.markup import Html, table
from oddjet.report.numbers import NOTHING, format_expectation, format_sigma
from oddjet.report.page import Section

__all__ = ["injection_sections", "validation_sections"]

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
    " curve that never falls to 5 %, or rises on its way, gives no limit. If the data"
    " hold a signal already, the networks learn from both, and select what is put in"
    " better than they would alone: its efficiency is then too good, and a limit too"
    " strong. Where a window shows an excess, read limits with that in mind."
)


def validation_sections(results: Mapping[str, Any]) -> list[Section]:
    """Show which windows pass with which samples; nothing where none was asked for.

    Parameters
    ----------
    results : mapping
        The content of results.json.

    Returns
    -------
    list of Section
    """
    rows = results.get("validation")
    if rows is None:
        return []
    if not rows:
        return [Section("Validation", ["There is no sample without signal."])]
    head = (
        "Window",
        "Sample",
        "Spectra",
        "Failed",
        "Median",
        "Spread",
        "Verdict",
    )
    cells = [
        (
            window_name(row),
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
    if failed := failed_windows(results):
        names = ", ".join(f"{low:g} to {high:g} GeV" for low, high in failed)
        content.append(f"Not validated: {names}. Their results are to be distrusted.")
    content.append(table(head, cells, caption=caption, text_columns=(0, 1, 6)))
    return [Section("Validation", content)]


def injection_sections(results: Mapping[str, Any]) -> list[Section]:
    """Show limits, CLs curves and discoveries; nothing where no signal was injected.

    Parameters
    ----------
    results : mapping
        The content of results.json.

    Returns
    -------
    list of Section
    """
    curves = results.get("injections")
    if not curves:
        return []
    content: list[Html | str] = [_INJECTIONS, _limits_table(curves)]
    drawn = [curve for curve in curves if _has_points(curve)]
    content += first_figures("cls", drawn, cls_figure, _caption, most=MOST_CURVES)
    content += _without_limit(curves)
    found = [curve for curve in curves if curve["discovery"] is not None]
    if found:
        content.append(_discovery_table(found))
    return [Section("Injected signals and limits", content)]


def _caption(curve: Mapping[str, Any]) -> str:
    what = f"{curve['signal']}, {spectrum_name(curve)}"
    return f"{what}: observed and expected CLs."


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
                spectrum_name(curve),
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
                spectrum_name(curve),
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
        f"No limit on {curve['signal']} ({spectrum_name(curve)}): {limit['reason']}."
        for curve in curves
        if (limit := curve.get("limit")) is not None and limit["events"] is None
    ]


def _has_points(curve: Mapping[str, Any]) -> bool:
    return any(point["cls"] is not None for point in curve["points"])


def _sigma(value: float | None) -> str:
    return NOTHING if value is None else format_sigma(value)


def _events(value: float | None) -> str:
    return NOTHING if value is None else format_expectation(value)


def _cross_section(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.3g}"
