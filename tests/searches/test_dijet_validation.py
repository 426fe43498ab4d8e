"""Samples without signal: which there are, what they say, what they correct."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from oddjet.report.dijet_page import write_dijet_report
from oddjet.runs.progress import Progress
from oddjet.searches import Dijet, DijetConfig
from oddjet.searches.dijet_config import ValidationConfig
from oddjet.searches.dijet_graph import Hunt
from oddjet.searches.dijet_validation import (
    Validation,
    largest_of_repeats,
    non_closures,
    resample,
    verdicts,
)
from oddjet.searches.event_table import (
    EventTable,
    read_event_table,
    write_event_table,
)
from oddjet.searches.table_source import TABLE
from oddjet.stats.bump_hunt import Window
from toy_dijets import TINY_DIJET, dijet_table, write_dijets

pytest.importorskip("iminuit", reason="needs the extra [stats]")
pytest.importorskip("torch", reason="needs the extra [train]")


def found(sample, low, significances):
    hunt = Hunt(Window(low, low + 600), "mass", "salad", 0.1, None, None, None)
    return [(Validation(sample, i, hunt), z) for i, z in enumerate(significances)]


@pytest.mark.parametrize(
    ("significances", "passes"),
    [
        ([0.2, -0.4, 0.9], True),
        ([1.2, 1.1, 1.3], False),
        ([-1.2, -1.1, -1.3], False),
        ([2.0, -2.0, 0.0], False),
        ([0.5, None, 0.1], True),
        ([0.5, None, None], False),
    ],
)
def test_median_and_spread_decide(significances, passes):
    (row,) = verdicts(ValidationConfig(), found("control", 2600.0, significances))
    assert row["passes"] is passes
    assert row["failed"] == sum(z is None for z in significances)


def test_each_window_is_judged_with_each_sample():
    rows = verdicts(
        ValidationConfig(),
        found("control", 2900.0, [0.0, 0.1])
        + found("down_up", 2600.0, [0.0, 0.1])
        + found("down_up", 2900.0, [3.0, 3.1]),
    )
    assert [(row["low_gev"], row["sample"], row["passes"]) for row in rows] == [
        (2600.0, "down_up", True),
        (2900.0, "control", True),
        (2900.0, "down_up", False),
    ]


def test_non_closure_is_of_down_up_sampled_data_alone():
    down_up = found("down_up", 2600.0, [0.5, 1.5]) + found("down_up", 2900.0, [1, 3])
    (closure,) = non_closures(down_up + found("control", 2600.0, [9.0, 9.0])).values()
    assert closure.at(2900.0)[0] == pytest.approx(1.0)
    assert closure.at(3200.0)[0] == pytest.approx(2.0)
    assert non_closures(found("down_up", 2600.0, [0.5, 1.5])) == {}


def test_a_signal_is_gone_from_a_down_up_sample(tmp_path):
    """A bump of 3 % at one corner of the features; the spectrum keeps its own."""
    table = dijet_table(1, 20_000, signal=600)
    columns = {name: table[name].to_numpy() for name in table.column_names}
    source = np.arange(len(table), dtype=np.uint64)
    (tmp_path / "events").mkdir()
    write_event_table(
        tmp_path / "events" / TABLE, EventTable(columns, np.ones(len(table)), source)
    )
    resample(
        tmp_path, {"events": tmp_path / "events"}, Progress.silent(),
        features=["a", "b"], mass="mass_jj", fraction=0.02, number=20_000,
        preset="cpu", seed=2,
    )  # fmt: skip
    drawn = read_event_table(tmp_path / TABLE).columns

    def in_corner(sample, low, high):
        near = (sample["mass_jj"] > low) & (sample["mass_jj"] < high)
        corner = (np.abs(sample["a"] - 2) < 0.6) & (np.abs(sample["b"] - 2) < 0.6)
        return np.mean(corner[near])

    # In 2,780 to 3,020 GeV a fifth of the events are signal, of which most are here.
    assert in_corner(columns, 2780, 3020) > 5 * in_corner(columns, 2400, 2640)
    assert in_corner(drawn, 2780, 3020) < 0.5 * in_corner(columns, 2780, 3020)
    mass = np.histogram(drawn["mass_jj"], [1900, 2300, 2780, 3020, 4300])[0]
    kept = np.histogram(columns["mass_jj"], [1900, 2300, 2780, 3020, 4300])[0]
    np.testing.assert_allclose(
        mass / 20_000, kept / len(table), atol=4 * np.sqrt(0.25 / 20_000)
    )
    # Up to what single precision rounds, no event is there twice.
    assert len(np.unique(drawn["a"])) > 19_900


@pytest.fixture(scope="module")
def validated(tmp_path_factory):
    directory = tmp_path_factory.mktemp("validation")
    write_dijets(directory, events=20_000)
    pq.write_table(dijet_table(7, 20_000), directory / "control.parquet")
    config = TINY_DIJET | {
        "templates": ["sideband"],
        "pseudo_experiments": 0,
        "validation": {
            "control": {"files": ["control.parquet"], "content": "table"},
            "repeats": 2,
        },
    }
    results = Dijet(DijetConfig(**config), base=directory).run(directory / "r")
    return directory / "r", results


def test_a_search_is_validated_before_its_result(validated):
    directory, results = validated
    rows = {(row["low_gev"], row["sample"]): row for row in results["validation"]}
    assert len(rows) == 2 * 3
    assert rows[2600.0, "control"]["spectra"] == 1
    assert not rows[2600.0, "control"]["passes"]  # one spectrum has no spread
    assert rows[2900.0, "down_up"]["spectra"] == 2
    page = (directory / "report.html").read_text("utf-8")
    assert 0 < page.index("Validation") < page.index("The scan")


def test_repeats_are_pseudo_experiments_that_train_anew(validated):
    directory, results = validated
    found = results["global_retrained"]
    assert found["pseudo_experiments"] == 2
    assert found["p_value"] == (found["as_large"] + 1) / 3
    assert results["significance"] is None  # of fits alone none were asked for
    page = (directory / "report.html").read_text("utf-8")
    assert "Of 2 down-up-sampled sets without a signal" in page


def test_the_largest_of_a_repeat_is_that_of_all_its_windows():
    sets = found("down_up", 2600.0, [0.5, None]) + found("down_up", 2900.0, [1, None])
    assert largest_of_repeats(sets + found("control", 2600.0, [9.0])) == [1, None]


def test_a_correction_never_raises_a_significance(validated):
    _, results = validated
    for point in results["points"]:
        mean = point["non_closure"]["mean"]
        wanted = point["significance"]
        if wanted > 0:
            wanted = max(0.0, wanted - max(mean, 0.0))
        assert point["corrected"] == pytest.approx(wanted)


def test_the_page_of_a_blinded_search_shows_validation(tmp_path, validated):
    _, results = validated
    closed = results | {"blinded": True, "points": [], "largest": None}
    write_dijet_report(tmp_path / "a.html", closed, config_yaml="", provenance={})
    assert "down-up-sampled data" in (tmp_path / "a.html").read_text("utf-8")
