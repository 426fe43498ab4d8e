"""The page of a dijet search."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from oddjet.report.dijet_checks import (
    injection_sections,
    validation_sections,
)
from oddjet.report.dijet_closure import closure_sections
from oddjet.report.dijet_figures import (
    first_figures,
    significance_figure,
    spectrum_figure,
)
from oddjet.report.dijet_wording import (
    dijet_answer,
    retrained_sentence,
    spectrum_name,
    window_name,
)
from oddjet.report.markup import Html, table
from oddjet.report.numbers import (
    NOTHING,
    format_expectation,
    format_sigma,
)
from oddjet.report.page import (
    Page,
    Section,
    figure,
    write_page,
)
from oddjet.report.wording import facts

__all__ = ["write_dijet_report"]

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
    sections = [Section("How to read this page", [_READING])]
    sections += validation_sections(results)
    sections += closure_sections(results)
    if shown:
        caption = "Signed local significance; bands of one and two sigma."
        scan: list[Html | str] = [figure(significance_figure(points), caption)]
        if sentence := retrained_sentence(results):
            scan.append(sentence)
        sections.append(Section("The scan", scan))
    listed: list[Html | str] = [_points_table(points), *_failures(points)]
    sections.append(Section("Every spectrum", listed))
    sections.append(Section("Spectra", _spectra(points)))
    sections += injection_sections(results)
    page = Page(
        title="Dijet resonances",
        introduction=facts(results),
        answers=[dijet_answer(results)],
        sections=sections,
        config_yaml=config_yaml,
        provenance=provenance,
    )
    write_page(path, page)


def _points_table(points: Sequence[Mapping[str, Any]]) -> Html:
    corrected = any("corrected" in point for point in points)
    head = (
        "Window", "Features", "Template", "Kept", "Observed", "Expected", "Fit p",
        "Local sigma", *(["Corrected"] if corrected else []),
    )  # fmt: skip
    rows = [
        (
            window_name(point),
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
            name = f"{window_name(point)} ({point['features']}, {point['template']})"
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
    return first_figures(
        "spectrum", fitted, spectrum_figure, _caption, most=MOST_SPECTRA
    )


def _caption(point: Mapping[str, Any]) -> str:
    return f"{spectrum_name(point)}; the signal region (grey) is not fitted."
