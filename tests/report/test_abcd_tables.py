from __future__ import annotations

import re

import numpy as np

from oddjet.report.abcd_tables import working_point_table
from oddjet.stats.abcd_scan import WorkingPointScan

NAMES = ("significance", "p_value", "non_closure", "pull", "contamination")


def scan_of(chosen: tuple[int, int] | None) -> WorkingPointScan:
    metrics = {
        name: np.arange(9.0).reshape(3, 3) + 10 * i for i, name in enumerate(NAMES)
    }
    rules = {"|pull| <= 2": np.eye(3, dtype=bool)}
    status = "ok" if chosen else "not_determined"
    cuts = np.array([0.2, 0.4, 0.6])
    return WorkingPointScan(status, cuts, metrics, rules, chosen, "all <broken>")  # type: ignore[arg-type]


def cells_of(row: str) -> list[str]:
    return re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row)


def test_the_chosen_point_comes_first() -> None:
    rows = str(working_point_table(scan_of((2, 2)))).split("<tr>")
    cells = [cells_of(row) for row in rows if cells_of(row)][1:]
    assert len(cells) == 4  # at the corner of the grid
    assert cells[0] == ["0.600", "0.600", "8", "18", "28", "38", "48", "nothing"]
    broken = {(row[0], row[1]): row[-1] for row in cells}
    assert broken["0.400", "0.600"] == "|pull| &lt;= 2"


def test_what_a_neighbour_does_not_know_is_no_number() -> None:
    scan = scan_of((2, 2))
    scan.metrics["significance"][1, 1] = np.nan
    row = str(working_point_table(scan)).split("<tr>")[-3:]
    assert any(cells_of(each)[2] == "\N{EN DASH}" for each in row)
    assert "nan" not in str(working_point_table(scan))


def test_without_a_point_the_reason_is_told() -> None:
    text = str(working_point_table(scan_of(None)))
    assert "No working point: all &lt;broken&gt;" in text
