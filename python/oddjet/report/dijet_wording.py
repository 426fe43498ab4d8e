"""What a dijet search found, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oddjet.report.numbers import format_p_value, format_sigma
from oddjet.report.wording import Answer, excess_kind

__all__ = [
    "dijet_answer",
    "failed_windows",
    "judged_significance",
    "retrained_sentence",
    "spectrum_name",
    "template_name",
    "window_name",
]


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
        "The largest excess of the scan is"
        f" {format_sigma(judged_significance(largest))} sigma"
        f"{before or ' (local)'} at {window_name(largest)}, with the features"
        f" \N{LEFT DOUBLE QUOTATION MARK}{largest['features']}"
        f"\N{RIGHT DOUBLE QUOTATION MARK} and the template {largest['template']}"
    )
    if (largest["low_gev"], largest["high_gev"]) in failed_windows(results):
        where += ", a window that failed validation"
    return _largest_excess(results, where)


def judged_significance(point: Mapping[str, Any]) -> float:
    """Give the significance of a spectrum that counts: corrected where it could be."""
    value: float = point.get("corrected", point["significance"])
    return value


def _largest_excess(results: Mapping[str, Any], where: str) -> Answer:
    """Say what the largest excess means in a scan of so many places."""
    sigma = "\N{GREEK SMALL LETTER SIGMA}"
    local, found = judged_significance(results["largest"]), results["significance"]
    if found is None:
        why = results.get("global", {}).get("reason", "no pseudo-experiments were made")
        return Answer(
            "undetermined",
            f"{format_sigma(local)} {sigma} local",
            f"{where}; {why}, so its global significance is not known.",
        )
    if results["global"]["is_bound"]:
        drawn = results["global"]["pseudo_experiments"]
        return Answer(
            excess_kind(local),
            f"{format_sigma(local)} {sigma} local",
            f"{where}; none of {drawn} pseudo-experiments has one as large, so its"
            f" global p-value is below about {1 / drawn:.2g}: more of them would say by"
            " how much.",
        )
    return Answer(
        excess_kind(found["sigma"]),
        f"{format_sigma(found['sigma'])} {sigma} global",
        f"{where}; background alone gives one as large somewhere in the scan with p"
        f" {format_p_value(results['p_value'])}, {format_sigma(found['sigma'])} sigma.",
    )


def retrained_sentence(results: Mapping[str, Any]) -> str | None:
    """Say how often everything trained anew on background gives such an excess.

    Parameters
    ----------
    results : mapping
        The content of results.json.

    Returns
    -------
    str or None
        None where no such samples were searched.
    """
    found = results.get("global_retrained")
    if found is None or found["p_value"] is None:
        return None
    return (
        f"Of {found['pseudo_experiments']} down-up-sampled sets without a signal, for"
        " which templates and networks were trained anew, so many have an excess as"
        f" large anywhere, before any correction: {found['as_large']} (global p"
        f" {format_p_value(found['p_value'])}). More repeats in validation say it"
        " closer."
    )


def failed_windows(results: Mapping[str, Any]) -> list[tuple[float, float]]:
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


def window_name(point: Mapping[str, Any]) -> str:
    """Name the signal region of a point by its masses: '2600 to 3200 GeV'."""
    return f"{point['low_gev']:g} to {point['high_gev']:g} GeV"


def template_name(point: Mapping[str, Any]) -> str:
    """Name a template: its window, features and method."""
    return f"{window_name(point)}, {point['features']}, {point['template']}"


def spectrum_name(point: Mapping[str, Any]) -> str:
    """Name a spectrum: its window, features, template and what is kept."""
    return f"{template_name(point)}, {100 * point['efficiency']:g} % kept"
