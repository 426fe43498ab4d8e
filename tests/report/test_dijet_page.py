"""What the page of a dijet search says of each outcome."""

from __future__ import annotations

import pytest

from oddjet.report.dijet_page import dijet_answer, write_dijet_report

pytest.importorskip("mplhep", reason="needs the extra [report]")

POINT = {
    "low_gev": 2600.0, "high_gev": 3200.0, "features": "mass", "template": "salad",
    "efficiency": 0.1, "status": "ok", "reason": None, "significance": 2.4,
    "p_value": 0.008, "observed": 130.0, "expected": 100.0, "fit_uncertainty": 5.0,
    "ensemble_uncertainty": 1.0, "fit_p_value": 0.4, "function": "three parameters",
    "edges_gev": [2000.0, 2600.0, 3200.0, 3800.0], "counts": [300.0, 130.0, 40.0],
    "fitted": [301.0, 100.0, 39.0],
}  # fmt: skip
FAILED = {
    "low_gev": 2900.0, "high_gev": 3500.0, "features": "mass", "template": "salad",
    "efficiency": 0.1, "status": "failed", "reason": "too few events",
    "significance": None,
}  # fmt: skip


def results(**change):
    return {
        "oddjet_version": "0.1.0",
        "seed": 1,
        "blinded": False,
        "points": [POINT, FAILED],
        "largest": POINT,
        "significance": {"sigma": 1.2, "method": "global"},
        "p_value": 0.115,
        "global": {"is_bound": False, "pseudo_experiments": 1000, "as_large": 114},
    } | change


def test_the_headline_is_global():
    found = dijet_answer(results())
    assert found.headline.startswith("1.2")
    assert found.kind == "compatible"
    assert "2.4 sigma (local) at 2600 to 3200 GeV" in found.sentence


def test_a_bound_is_no_compatible_search():
    """Experiments that are too few must not make an excess look small."""
    bound = {"is_bound": True, "pseudo_experiments": 20, "as_large": 0}
    large = POINT | {"significance": 6.5}
    found = dijet_answer(results(largest=large, **{"global": bound}))
    assert found.kind == "excess"
    assert found.headline.startswith("6.5")
    assert "none of 20 pseudo-experiments" in found.sentence


def test_other_answers():
    assert dijet_answer(results(blinded=True)).kind == "blinded"
    nothing = results(largest=None, reason="every window failed; the first: x")
    assert dijet_answer(nothing).sentence == (
        "Not determined: every window failed; the first: x."
    )
    local = dijet_answer(results(significance=None))
    assert "global significance is not known" in local.sentence


def test_the_page_names_every_failure(tmp_path):
    write_dijet_report(
        tmp_path / "report.html", results(), config_yaml="a: 1", provenance={"x": "1"}
    )
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "Failed: 2900 to 3500 GeV (mass, salad): too few events." in page
    assert page.count("<svg") == 2


def test_a_closed_page_shows_no_signal_region(tmp_path):
    closed = {
        key: POINT[key] for key in POINT
        if key not in ("significance", "p_value", "observed", "expected")
    } | {"counts": [300.0, None, 40.0], "significance": None}  # fmt: skip
    write_dijet_report(
        tmp_path / "report.html",
        results(blinded=True, points=[closed], largest=None, significance=None),
        config_yaml="",
        provenance={},
    )
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "closed" in page
    assert ">130.0<" not in page
    write_dijet_report(tmp_path / "open.html", results(), config_yaml="", provenance={})
    assert ">130.0<" in (tmp_path / "open.html").read_text("utf-8")
