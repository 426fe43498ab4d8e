"""What a grid of limits excludes, and the HEPData files of it."""

from __future__ import annotations

import math

import pytest
import yaml

from oddjet.stats.abcd_limits import AbcdLimit
from oddjet.stats.exclusion import GridPoint, excluded_ranges, limit_tables
from oddjet.stats.hepdata import Column, Table, write_hepdata

BAND = (0.2, 0.3, 0.5, 0.8, 1.2)


@pytest.mark.parametrize(
    ("limits", "ranges"),
    [
        ([0.1, 0.1, 0.1], [(1.0, 3.0)]),
        ([2.0, 3.0, 2.0], []),
        ([10.0, 0.1, 10.0], [(1.5, 2.5)]),
        ([0.1, 10.0, 0.1], [(1.0, 1.5), (2.5, 3.0)]),
        ([0.1, None, 0.01], [(1.0, 1.0), (3.0, 3.0)]),
        ([None, 0.1, 1.0], [(2.0, 3.0)]),
        ([1.0, 1.0, None], []),
        ([math.e**-1, math.e**3, None], [(1.0, 1.25)]),
    ],
)
def test_ranges(limits, ranges):
    found = excluded_ranges([1.0, 2.0, 3.0], limits)
    assert found == [pytest.approx(each) for each in ranges]


def test_masses_must_ascend():
    with pytest.raises(ValueError, match="masses must ascend"):
        excluded_ranges([2.0, 1.0], [0.1, 0.1])


def test_hepdata_files(tmp_path):
    points = [
        GridPoint(2000, 0.3, AbcdLimit("ok", None, 0.7, BAND, 0.1, 0.2)),
        GridPoint(1000, 0.3, AbcdLimit("not_determined", "no signal")),
        GridPoint(1000, 0.5, AbcdLimit("ok", None, 0.6, BAND, 0.1, 0.2)),
    ]
    write_hepdata(tmp_path, limit_tables(points), comment="a search")
    first, *tables = yaml.safe_load_all((tmp_path / "submission.yaml").read_text())
    assert first == {"comment": "a search"}
    assert [each["name"] for each in tables] == [
        "Limits at r_inv = 0.3",
        "Limits at r_inv = 0.5",
    ]
    table = yaml.safe_load((tmp_path / tables[0]["data_file"]).read_text())
    (mass,) = table["independent_variables"]
    assert mass["header"] == {"name": "m(Z')", "units": "GeV"}
    assert [each["value"] for each in mass["values"]] == [1000.0, 2000.0]
    observed, expected = table["dependent_variables"]
    assert [each["value"] for each in observed["values"]] == ["-", 0.7]
    assert "errors" not in expected["values"][0]
    one, two = expected["values"][1]["errors"]
    assert one["label"] == "1 s.d."
    assert one["asymerror"] == pytest.approx({"plus": 0.3, "minus": -0.2})
    assert two["asymerror"] == pytest.approx({"plus": 0.7, "minus": -0.3})


def test_columns_of_different_lengths():
    with pytest.raises(ValueError, match=r"table t: its columns differ in length"):
        Table("t", "", (Column("x", [1.0]),), (Column("y", [1.0, 2.0]),))
