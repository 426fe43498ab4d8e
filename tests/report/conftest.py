"""A finished search, made up: an exponential null and an excess in the tail."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from oddjet.report import abcd_figures, limit_figures
from oddjet.report.figure_svg import draw_svg
from oddjet.report.markup import Html
from oddjet.report.search_report import CONTROL_REGION, SIGNAL_REGION, SearchReport

THRESHOLD = 2.0


@pytest.fixture
def results() -> dict[str, Any]:
    fold = {"n_sr": 107, "k": 50, "num_sr": 5000, "num_cr": 5000, "threshold": 2.0}
    return {
        "schema_version": 1,
        "search": "monojet",
        "oddjet_version": "0.1.0",
        "seed": 42,
        "status": "ok",
        "significance": {"sigma": 6.34, "method": "exact"},
        "p_value": 1.2e-10,
        "log10_p_value": -9.92,
        "uncertainty": {"statistical": 14.2, "systematic": 3.0},
        "is_null_test": False,
        "counts": {
            "n_sr": 214,
            "n_expected": 101.0,
            "n_sr_total": 10000,
            "n_cr_total": 10000,
            "cr_efficiency": 0.01,
            "threshold": THRESHOLD,
            "folds": [{"fold": 0, **fold}, {"fold": 1, **fold}],
        },
        "paper_formula": {"sigma": 7.95, "formula": "(n - n_exp) / sqrt(2 n_exp)"},
    }


@pytest.fixture
def report(results: dict[str, Any]) -> SearchReport:
    rng = np.random.default_rng(7)
    control = -np.log10((np.arange(5000) + 1.0) / 5001.0)
    background = rng.exponential(1.0 / np.log(10.0), size=4900)
    signal = np.concatenate([background, rng.normal(2.6, 0.4, size=100), [np.nan]])
    rows = [("all", 20000, 20000.0, 20000.0), ("jet", 10000, 10000.0, 10000.0)]
    return SearchReport(
        title="A mono-jet search",
        results=results,
        cutflows={SIGNAL_REGION: rows, CONTROL_REGION: rows},
        scores={SIGNAL_REGION: signal, CONTROL_REGION: control},
        threshold=THRESHOLD,
        training_history=[[0.70, 0.69, 0.68], [0.70, 0.685]],
        config_yaml="search: monojet\n",
        provenance={"oddjet": "0.1.0", "dependencies": {"numpy": "2.4"}},
    )


@pytest.fixture
def truth() -> dict[str, np.ndarray]:
    names = ["zjet_nunu"] * 4900 + ["svj_monojet"] * 101
    return {SIGNAL_REGION: np.array(names)}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The matplotlib figures behind the SVG that is returned."""
    kept: list[Any] = []

    def keep(name: str, draw: Any, **options: Any) -> Html:
        def draw_and_keep(figure: Any) -> None:
            draw(figure)
            kept.append(figure)

        return draw_svg(name, draw_and_keep, **options)

    for module in (abcd_figures, limit_figures):
        monkeypatch.setattr(module, "draw_svg", keep)
    return kept
