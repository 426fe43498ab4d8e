"""What the page of a dijet search says of each outcome."""

from __future__ import annotations

import pytest

from oddjet.report.dijet_page import write_dijet_report
from oddjet.report.dijet_wording import dijet_answer

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


CURVE = {
    "signal": "wprime", "features": "mass", "template": "salad", "efficiency": 0.1,
    "low_gev": 2600.0, "high_gev": 3200.0,
    "points": [
        {"events": n, "significance": z, "hunt_reason": None, "reason": None,
         "selected_signal": n / 2, "cls": cls,
         "cls_expected": [cls / 9, cls / 3, cls, min(1.0, 2 * cls), 1.0]}
        for n, z, cls in ((50, 0.4, 0.6), (100, 1.1, 0.2), (200, 3.2, 1e-6))
    ],
    "discovery": {"events": 120, "significance": 1.7, "cls": 0.1},
    "limit": {"events": 131.0, "reason": None, "cross_section_pb": 0.131,
              "expected_events": [None, 90.0, 120.0, 150.0, None]},
}  # fmt: skip
VALIDATION = [
    {"low_gev": 2600.0, "high_gev": 3200.0, "sample": "control", "spectra": 4,
     "failed": 1, "median": -1.4, "spread": 0.6, "passes": False},
    {"low_gev": 2600.0, "high_gev": 3200.0, "sample": "down_up", "spectra": 10,
     "failed": 0, "median": 0.2, "spread": 0.8, "passes": True},
]  # fmt: skip


TEMPLATES = [
    {"low_gev": low, "high_gev": low + 600, "features": "both", "template": "salad",
     "reason": None, "auc": auc, "auc_error": 0.004, "histograms": [
         {"feature": name, "edges": [0.0, 1.0, 2.0], "data": [30.0, 0.0],
          "template": [28.0, 0.0], "data_variance": [30.0, 0.0],
          "template_variance": [1.0, 0.0]} for name in ("mass_1", "tau21_1", "x")
     ]}
    for low, auc in ((2600.0, 0.502), (2900.0, 0.53))
] + [
    {"low_gev": 3200.0, "high_gev": 3800.0, "features": "both", "template": "cathode",
     "reason": "too few events", "auc": None},
]  # fmt: skip


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


def test_the_kind_follows_the_number_that_is_shown():
    largest = dijet_answer(results(significance={"sigma": 2.96, "method": "global"}))
    assert largest.headline.startswith("3.0")
    assert largest.kind == "excess"


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


def page_of(tmp_path, **change):
    write_dijet_report(
        tmp_path / "page.html", results(**change), config_yaml="", provenance={}
    )
    return (tmp_path / "page.html").read_text("utf-8")


def test_a_limit_has_its_curve_and_its_cross_section(tmp_path):
    page = page_of(tmp_path, injections=[CURVE])
    assert ">131.0<" in page
    assert ">0.131<" in page
    assert "CLs of the signal wprime" in page
    assert page.index("Every spectrum") < page.index("Injected signals and limits")
    assert "its efficiency is then too good, and a limit too strong" in page


def test_no_limit_says_why(tmp_path):
    none = CURVE["limit"] | {"events": None, "reason": "CLs is not monotonic"}
    page = page_of(tmp_path, injections=[CURVE | {"limit": none}])
    assert ">no limit<" in page
    assert "No limit on wprime" in page
    assert "CLs is not monotonic." in page


def test_a_discovery_alone_has_no_curve(tmp_path):
    alone = {key: value for key, value in CURVE.items() if key != "limit"}
    page = page_of(tmp_path, injections=[alone | {"points": []}])
    assert "CLs of the signal" not in page
    assert ">120<" in page


def test_validation_comes_before_any_result(tmp_path):
    page = page_of(tmp_path, validation=VALIDATION)
    assert page.index("<h2>Validation") < page.index("<h2>The scan")
    assert "Not validated: 2600 to 3200 GeV." in page
    found = dijet_answer(results(validation=VALIDATION))
    assert "a window that failed validation" in found.sentence


def test_the_headline_is_corrected(tmp_path):
    corrected = POINT | {"corrected": 1.9, "non_closure": {"mean": 0.5, "spread": 1}}
    found = dijet_answer(results(largest=corrected))
    assert "1.9 sigma (local; 2.4 before the correction" in found.sentence
    assert ">Corrected<" in page_of(tmp_path, points=[corrected, FAILED])


def test_templates_in_the_sidebands(tmp_path):
    page = page_of(tmp_path, templates=TEMPLATES)
    assert page.count("<svg") == 2 + 2
    assert "0.5300" in page
    assert ">7.5<" in page
    # The worst comes first.
    assert page.index("2900 to 3500 GeV, both, salad: data") < page.index(
        "2600 to 3200 GeV, both, salad: data"
    )
    failed = "No template to compare: 3200 to 3800 GeV, both, cathode: too few events."
    assert failed in page
    assert "Templates in the sidebands" not in page_of(tmp_path, templates=[])
