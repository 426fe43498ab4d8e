from __future__ import annotations

import re
from typing import Any

from oddjet.report.numbers import NOTHING
from oddjet.report.tables import (
    counts_table,
    cutflow_tables,
    fold_table,
    provenance_table,
    significance_table,
)


def _rows(markup: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", markup)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


def test_cut_flow_efficiencies_are_weighted() -> None:
    rows = [("all", 10, 100.0, 1000.0), ("met", 6, 50.0, 500.0), ("jet", 3, 10.0, 90.0)]
    made = _rows(cutflow_tables({"signal_region": rows}))
    assert made[1] == ["all", "10", "100 ± 32", NOTHING, "100.00"]
    assert made[2] == ["met", "6", "50 ± 22", "50.00", "50.00"]
    assert made[3] == ["jet", "3", "10.0 ± 9.5", "20.00", "10.00"]


def test_a_cut_flow_that_lost_everything_has_dashes() -> None:
    rows = [("all", 0, 0.0, 0.0), ("met", 0, 0.0, 0.0)]
    assert _rows(cutflow_tables({"control_region": rows}))[2][3:] == [NOTHING, NOTHING]
    assert "Control region" in cutflow_tables({"control_region": []})


def test_the_papers_formula_stands_under_its_own_name(results: dict[str, Any]) -> None:
    made = _rows(significance_table(results))
    assert made[1][:3] == ["Exact test (the answer)", "6.3", "1.2e-10"]
    assert made[2][:2] == ["Paper's formula (to compare)", "8.0"]
    assert made[2][3] == "(n - n_exp) / sqrt(2 n_exp)"


def test_counts_show_the_difference_with_its_uncertainties(
    results: dict[str, Any],
) -> None:
    made = dict(_rows(counts_table(results))[1:])
    assert made["Observed above threshold"] == "214"
    assert made["Expected above threshold"] == "101.0"
    assert made["Observed less expected"] == "113.0 ± 14.2 (stat.) ± 3.0 (syst.)"
    assert not any("truth" in name for name in made)


def test_the_signal_fraction_is_called_truth(results: dict[str, Any]) -> None:
    made = dict(_rows(counts_table({**results, "signal_fraction": 0.02}))[1:])
    assert made["Signal fraction (truth, not used)"] == "0.02"


def test_folds_add_up(results: dict[str, Any]) -> None:
    counts = results["counts"]
    made = _rows(fold_table(counts["folds"], counts))
    assert made[1] == ["0", "5,000", "50", "2.000", "5,000", "50.0", "107"]
    assert made[-1] == ["all", "10,000", "100", "", "10,000", "101.0", "214"]


def test_an_empty_fold_has_no_expectation() -> None:
    folds = [{"fold": 0, "k": 1, "num_sr": 3, "num_cr": 0, "n_sr": 0}]
    assert _rows(fold_table(folds))[0] == [
        "Fold",
        "CR jets",
        "k",
        "SR jets",
        "Observed",
    ]


def test_nested_provenance_is_flat() -> None:
    made = _rows(provenance_table({"cpu": "x", "dependencies": {"numpy": "2"}}))
    assert made[1:] == [["cpu", "x"], ["dependencies: numpy", "2"]]
    assert provenance_table({}) == ""
