"""The page of a dijet search."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from oddjet.report.dijet_checks import (
    injection_sections,
    validation_sections,
    windows_that_fail,
)
from oddjet.report.dijet_figures import significance_figure, spectrum_figure
from oddjet.report.markup import Html, element, table
from oddjet.report.numbers import (
    NOTHING,
    format_expectation,
    format_p_value,
    format_sigma,
)
from oddjet.report.study_page import (
    StudyReport,
    StudySection,
    figure,
    write_study_report,
)
from oddjet.report.tables import provenance_table
from oddjet.report.wording import Answer

__all__ = ["dijet_answer", "write_dijet_report"]

#: Spectra beyond so many would make a page that no browser likes.
MOST_SPECTRA = 12

_READING = (
    "In every window, networks learn to tell the data of the signal region from a"
    " template of the background made of the sidebands. The events that they find the"
    " oddest are kept, each scored by networks that have not seen it, and the sidebands"
    " of what is left say how many events to expect in the signal region. A deficit is"
    " a result too. Windows overlap and feature sets share events: local significances"
    " are no independent tests, and the headline is the global one."
)


def write_dijet_report(
    path: Path | str,
    results: Mapping[str, Any],
    *,
    config_yaml: str,
    provenance: Mapping[str, Any],
) -> None:
    """Write the page as one self-contained HTML file.

    Parameters
    ----------
    path : Path or str
    results : mapping
        The content of results.json. While it is blinded it holds nothing of the
        signal regions.
    config_yaml : str
        The configuration.
    provenance : mapping
        Versions and processor.

    Raises
    ------
    UserError
        The directory of `path` does not exist.
    """
    points = results["points"]
    shown = [p for p in points if p.get("significance") is not None]
    sections = [StudySection("How to read this page", [_READING])]
    sections += validation_sections(results)
    if shown:
        caption = "Signed local significance; bands of one and two sigma."
        scan = figure(significance_figure(points), caption)
        sections.append(StudySection("The scan", [scan]))
    listed: list[Html | str] = [_points_table(points), *_failures(points)]
    sections.append(StudySection("Every spectrum", listed))
    sections.append(StudySection("Spectra", _spectra(points)))
    sections += injection_sections(results)
    details = element("details", element("summary", "Provenance"),
                      provenance_table(provenance))  # fmt: skip
    sections.append(StudySection("Versions", [details]))
    write_study_report(
        path,
        StudyReport(
            title="Dijet resonances",
            introduction=f"search dijet · oddjet {results['oddjet_version']}"
            f" · seed {results['seed']}",
            answers=[dijet_answer(results)],
            sections=sections,
            config_yaml=config_yaml,
        ),
    )


def dijet_answer(results: Mapping[str, Any]) -> Answer:
    """Say in a sentence what was found.

    Parameters
    ----------
    results : mapping
        The content of results.json.

    Returns
    -------
    Answer
    """
    if results["blinded"]:
        return Answer(
            "blinded",
            "blinded",
            "Blinded: the signal regions of these data stay closed until the search"
            " is run with --unblind.",
        )
    largest = results["largest"]
    if largest is None:
        reason = str(results.get("reason", "no window has a significance"))
        return Answer("undetermined", "no answer", f"Not determined: {reason}.")
    before = ""
    if largest.get("corrected", largest["significance"]) < largest["significance"]:
        uncorrected = format_sigma(largest["significance"])
        before = f" (local; {uncorrected} before the correction for non-closure)"
    where = (
        f"The largest excess of the scan is {format_sigma(_judged(largest))} sigma"
        f"{before or ' (local)'} at {largest['low_gev']:g} to {largest['high_gev']:g}"
        f" GeV, with the features \N{LEFT DOUBLE QUOTATION MARK}{largest['features']}"
        f"\N{RIGHT DOUBLE QUOTATION MARK} and the template {largest['template']}"
    )
    if (largest["low_gev"], largest["high_gev"]) in windows_that_fail(results):
        where += ", a window that failed validation"
    return _largest_excess(results, where)


def _judged(point: Mapping[str, Any]) -> float:
    value: float = point.get("corrected", point["significance"])
    return value


def _largest_excess(results: Mapping[str, Any], where: str) -> Answer:
    """Say what the largest excess means in a scan of so many places."""
    sigma = "\N{GREEK SMALL LETTER SIGMA}"
    local, found = _judged(results["largest"]), results["significance"]
    if found is None:
        return Answer(
            "undetermined",
            f"{format_sigma(local)} {sigma} local",
            f"{where}; no pseudo-experiments were made, so its global significance is"
            " not known.",
        )
    if results["global"]["is_bound"]:
        drawn = results["global"]["pseudo_experiments"]
        return Answer(
            _kind(local),
            f"{format_sigma(local)} {sigma} local",
            f"{where}; none of {drawn} pseudo-experiments has one as large, so its"
            f" global p-value is below about {1 / drawn:.2g}: more of them would say by"
            " how much.",
        )
    return Answer(
        _kind(found["sigma"]),
        f"{format_sigma(found['sigma'])} {sigma} global",
        f"{where}; background alone gives one as large somewhere in the scan with p"
        f" {format_p_value(results['p_value'])}, {format_sigma(found['sigma'])} sigma.",
    )


def _kind(sigma: float) -> str:
    return "excess" if sigma >= 3 else "mild" if sigma >= 2 else "compatible"


def _points_table(points: Sequence[Mapping[str, Any]]) -> Html:
    corrected = any("corrected" in point for point in points)
    head = (
        "Window [GeV]", "Features", "Template", "Kept", "Observed", "Expected", "Fit p",
        "Local sigma", *(["Corrected"] if corrected else []),
    )  # fmt: skip
    rows = [
        (
            f"{point['low_gev']:g} to {point['high_gev']:g}",
            point["features"],
            point["template"],
            f"{point['efficiency']:g}",
            *_outcome(point),
            *([_corrected(point)] if corrected else []),
        )
        for point in points
    ]
    caption = "Observed: merged bins of the signal region, median of the networks"
    return table(head, rows, caption=caption, text_columns=(0, 1, 2))


def _corrected(point: Mapping[str, Any]) -> str:
    return format_sigma(point["corrected"]) if "corrected" in point else NOTHING


def _failures(points: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say once for each reason which spectra have no answer."""
    where: dict[str, list[str]] = {}
    for point in points:
        if point["status"] != "ok":
            window = f"{point['low_gev']:g} to {point['high_gev']:g} GeV"
            name = f"{window} ({point['features']}, {point['template']})"
            where.setdefault(str(point["reason"]), []).append(name)
    return [f"Failed: {'; '.join(names)}: {why}." for why, names in where.items()]


def _outcome(point: Mapping[str, Any]) -> tuple[str, str, str, str]:
    if point["status"] != "ok":
        return (NOTHING, NOTHING, NOTHING, "failed")
    p_value = f"{point['fit_p_value']:.2g}"
    if point.get("significance") is None:
        return ("closed", "closed", p_value, "closed")
    of_fit = math.hypot(point["fit_uncertainty"], point["ensemble_uncertainty"])
    expected = format_expectation(point["expected"])
    return (
        format_expectation(point["observed"]),
        f"{expected} ± {format_expectation(of_fit)}",
        p_value,
        format_sigma(point["significance"]),
    )


def _spectra(points: Sequence[Mapping[str, Any]]) -> list[Html | str]:
    """Draw the spectra of the largest excesses, or the first while blind."""
    fitted = [point for point in points if point.get("fitted") is not None]
    fitted.sort(key=lambda point: -(point.get("significance") or 0.0))
    if not fitted:
        return ["No window has a fit."]
    drawn: list[Html | str] = []
    for number, point in enumerate(fitted[:MOST_SPECTRA]):
        caption = (
            f"{point['low_gev']:g} to {point['high_gev']:g} GeV, {point['features']},"
            f" {point['template']}, {100 * point['efficiency']:g} % kept; the signal"
            " region (grey) is not fitted."
        )
        drawn.append(figure(spectrum_figure(f"spectrum-{number}", point), caption))
    if len(fitted) > MOST_SPECTRA:
        drawn.append(f"The other {len(fitted) - MOST_SPECTRA} are in results.json.")
    return drawn
