from __future__ import annotations

from typing import Any

import pytest

from oddjet.report.numbers import MINUS
from oddjet.report.wording import answer


def _with(results: dict[str, Any], **changes: Any) -> dict[str, Any]:
    sigma = changes.pop("sigma", None)
    counts = {k: changes.pop(k) for k in ("n_sr", "n_expected") if k in changes}
    changed = {**results, **changes, "counts": {**results["counts"], **counts}}
    if sigma is not None:
        changed["significance"] = {**results["significance"], "sigma": sigma}
    return changed


def test_an_excess(results: dict[str, Any]) -> None:
    found = answer(results)
    assert found.kind == "excess"
    assert found.headline == "6.3 \N{GREEK SMALL LETTER SIGMA}"
    assert found.sentence == (
        "The signal region holds 214 jets above the threshold where 101.0 were expected"
        " from the control region: an excess of 6.3 sigma (exact test, p = 1.2e-10)."
    )


def test_an_excess_beyond_the_smallest_double(results: dict[str, Any]) -> None:
    found = answer(_with(results, sigma=43.3, p_value=0.0, log10_p_value=-410.3))
    assert found.sentence.endswith("of 43.3 sigma (exact test, p = 5.0e-411).")


def test_a_mild_excess(results: dict[str, Any]) -> None:
    found = answer(_with(results, sigma=2.4, n_sr=126, p_value=0.0082))
    assert found.kind == "mild"
    assert "a mild excess of 2.4 sigma (exact test, p = 0.0082)." in found.sentence


@pytest.mark.parametrize(
    ("sigma", "p_value", "numbers"),
    [
        (0.4, 0.345, "(0.4 sigma; exact test, p = 0.34)"),
        (-0.7, 0.758, f"({MINUS}0.7 sigma; exact test, p = 0.76)"),
        (-0.01, 0.504, "(0.0 sigma; exact test, p = 0.5)"),
    ],
)
def test_compatible(
    results: dict[str, Any], sigma: float, p_value: float, numbers: str
) -> None:
    found = answer(_with(results, sigma=sigma, n_sr=104, p_value=p_value))
    assert found.kind == "compatible"
    assert found.sentence.endswith(f"compatible with the control region {numbers}.")
    assert "excess" not in found.sentence
    assert "deficit" not in found.sentence


def test_words_follow_the_number_that_is_shown(results: dict[str, Any]) -> None:
    assert answer(_with(results, sigma=1.96)).kind == "mild"  # shown as 2.0
    assert answer(_with(results, sigma=1.94)).kind == "compatible"
    assert answer(_with(results, sigma=2.96)).kind == "excess"  # shown as 3.0


def test_a_deficit(results: dict[str, Any]) -> None:
    found = answer(_with(results, sigma=-2.3, n_sr=71, p_value=0.989))
    assert found.kind == "deficit"
    assert found.headline == f"{MINUS}2.3 \N{GREEK SMALL LETTER SIGMA}"
    assert found.sentence == (
        "The signal region holds 71 jets above the threshold where 101.0 were expected"
        " from the control region: a mild deficit of 2.3 sigma (exact test, p = 0.989"
        " for an excess)."
    )
    strong = answer(_with(results, sigma=-3.4, p_value=0.99966))
    assert ": a deficit of 3.4 sigma (exact test, p > 0.999" in strong.sentence


def test_a_null_test_that_is_null(results: dict[str, Any]) -> None:
    found = answer(_with(results, is_null_test=True, sigma=-0.3, p_value=0.62))
    assert found.kind == "compatible"
    assert found.sentence.startswith(
        "Null test, no signal by construction: the signal region holds 214 jets"
    )
    assert found.sentence.endswith("p = 0.62), as it must be.")


def test_a_null_test_that_is_not_null(results: dict[str, Any]) -> None:
    unusual = answer(_with(results, is_null_test=True, sigma=2.4, p_value=0.0082))
    assert unusual.kind == "mild"
    assert unusual.sentence.endswith(", which chance alone gives now and then.")
    for sigma in (3.4, -3.4):
        failed = answer(_with(results, is_null_test=True, sigma=sigma))
        assert failed.kind == "alarm"
        assert failed.sentence.endswith(", so this search finds what is not there.")


def test_not_determined(results: dict[str, Any]) -> None:
    reason = "the control region holds no jets."
    found = answer(
        {**results, "status": "not_determined", "reason": reason, "significance": None}
    )
    assert found.kind == "undetermined"
    assert found.sentence == "Not determined: the control region holds no jets."


@pytest.mark.parametrize("significance", [None, {"sigma": float("inf")}])
def test_no_number_is_made_up(
    results: dict[str, Any], significance: dict[str, float] | None
) -> None:
    found = answer({**results, "significance": significance})
    assert found.sentence == "Not determined: the results hold no significance."


def test_blinded_says_no_number_whatever_the_results_hold(
    results: dict[str, Any],
) -> None:
    found = answer({**results, "blinded": True})
    assert found.kind == "blinded"
    assert found.sentence == (
        "Blinded: the signal region of these data stays closed until the search is run"
        " with --unblind."
    )


@pytest.mark.parametrize(
    ("n_sr", "n_expected", "words"),
    [
        (0, 0.03, "holds no jet above the threshold where 0.03 were expected"),
        (1, 1.0, "holds 1 jet above the threshold where 1.0 was expected"),
        (4182, 1000.0, "holds 4,182 jets above the threshold where 1,000 were"),
    ],
)
def test_grammar(
    results: dict[str, Any], n_sr: int, n_expected: float, words: str
) -> None:
    sentence = answer(_with(results, n_sr=n_sr, n_expected=n_expected)).sentence
    assert words in sentence


def test_an_approximation_is_called_by_its_name(results: dict[str, Any]) -> None:
    significance = {"sigma": 4.0, "method": "effective_counts_approximation"}
    found = answer({**results, "significance": significance})
    assert "(effective counts approximation, p = 1.2e-10)" in found.sentence
