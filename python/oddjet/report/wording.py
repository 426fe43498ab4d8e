"""The answer of a search, in one sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oddjet.report.numbers import (
    format_count,
    format_expectation,
    format_p_value,
    format_sigma,
)
from oddjet.report.search_report import is_blinded

__all__ = ["Answer", "answer", "excess_kind", "facts", "method_name"]

# The customs of the field: below two sigma nobody speaks of a deviation, from three
# on it is one.
_DEVIATION = 2.0
_CLEAR_DEVIATION = 3.0


@dataclass(frozen=True)
class Answer:
    """What the search found.

    Attributes
    ----------
    kind : str
        "excess", "mild", "compatible", "deficit", "alarm" (a null test that is not
        null), "undetermined" or "blinded".
    headline : str
        The significance, or a word where there is none.
    sentence : str
        The answer, for the page and for the terminal.
    """

    kind: str
    headline: str
    sentence: str


def answer(results: Mapping[str, Any]) -> Answer:
    """Say what the content of results.json means.

    A significance that rounds to less than 2.0 sigma is called compatible; the words
    follow the rounded number, so that they never contradict it.

    Parameters
    ----------
    results : mapping
        The content of results.json.

    Returns
    -------
    Answer
        Kind, headline and sentence.

    Examples
    --------
    >>> answer({"status": "not_determined", "reason": "no control events"}).sentence
    'Not determined: no control events.'
    """
    if is_blinded(results):
        return Answer(
            "blinded",
            "blinded",
            "Blinded: the signal region of these data stays closed until the search"
            " is run with --unblind.",
        )
    significance = results.get("significance") or {}
    sigma = float(significance.get("sigma", math.nan))
    if results.get("status") != "ok" or not math.isfinite(sigma):
        reason = str(results.get("reason") or "the results hold no significance")
        sentence = f"Not determined: {reason.rstrip('.')}."
        return Answer("undetermined", "no answer", sentence)
    sigma = round(sigma, 1) + 0.0
    headline = f"{format_sigma(sigma)} \N{GREEK SMALL LETTER SIGMA}"
    if results.get("is_null_test", False):
        return Answer(_null_kind(sigma), headline, _null_sentence(results, sigma))
    return Answer(
        _kind(sigma), headline, f"{_counts(results)}: {_find(results, sigma)}."
    )


def method_name(results: Mapping[str, Any]) -> str:
    """Name the test behind the headline as a person would."""
    method = str(results["significance"].get("method", "exact")).replace("_", " ")
    return "exact test" if method.startswith("exact") else method


def facts(results: Mapping[str, Any]) -> str:
    """Write the line under the heading: 'search monojet · oddjet 0.1.0 · seed 1'."""
    names = {"search": "search", "oddjet_version": "oddjet", "seed": "seed"}
    return " · ".join(
        f"{name} {results[key]}"
        for key, name in names.items()
        if results.get(key) is not None
    )


def excess_kind(sigma: float) -> str:
    """Give the kind of `Answer` of an excess, by the number that people read.

    Examples
    --------
    >>> [excess_kind(sigma) for sigma in (1.94, 1.96, 2.96)]
    ['compatible', 'mild', 'excess']
    """
    shown = round(sigma, 1)
    if shown < _DEVIATION:
        return "compatible"
    return "excess" if shown >= _CLEAR_DEVIATION else "mild"


def _kind(sigma: float) -> str:
    return "deficit" if sigma <= -_DEVIATION else excess_kind(sigma)


def _null_kind(sigma: float) -> str:
    return "alarm" if abs(sigma) >= _CLEAR_DEVIATION else _kind(sigma)


def _null_sentence(results: Mapping[str, Any], sigma: float) -> str:
    found = f"{_counts(results, article='the')}: {_find(results, sigma)}"
    if abs(sigma) < _DEVIATION:
        verdict = "as it must be"
    elif abs(sigma) < _CLEAR_DEVIATION:
        verdict = "which chance alone gives now and then"
    else:
        verdict = "so this search finds what is not there"
    return f"Null test, no signal by construction: {found}, {verdict}."


def _counts(results: Mapping[str, Any], *, article: str = "The") -> str:
    """Say how many jets there are, and how many were expected."""
    counts = results["counts"]
    observed = int(counts["n_sr"])
    jets = {0: "no jet", 1: "1 jet"}.get(observed, f"{format_count(observed)} jets")
    expected = format_expectation(float(counts["n_expected"]))
    verb = "was" if expected == "1.0" else "were"
    return (
        f"{article} signal region holds {jets} above the threshold where {expected}"
        f" {verb} expected from the control region"
    )


def _find(results: Mapping[str, Any], sigma: float) -> str:
    """Say what it amounts to: 'an excess of 6.3 sigma (exact test, p = 1.2e-10)'."""
    p_value = format_p_value(results.get("p_value"), results.get("log10_p_value"))
    test = f"{method_name(results)}, p {p_value}"
    size = format_sigma(abs(sigma))
    if abs(sigma) < _DEVIATION:
        return (
            f"compatible with the control region ({format_sigma(sigma)} sigma; {test})"
        )
    mild = abs(sigma) < _CLEAR_DEVIATION
    if sigma < 0.0:
        name = "a mild deficit" if mild else "a deficit"
        return f"{name} of {size} sigma ({test} for an excess)"
    name = "a mild excess" if mild else "an excess"
    return f"{name} of {size} sigma ({test})"
