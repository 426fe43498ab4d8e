"""Copies, more luminosity and SPANet in studies of tables and of four jets."""

from __future__ import annotations

import json
import math
from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from oddjet.cli.main import main
from oddjet.io.writers.parquet import write_events
from oddjet.runs.errors import UserError
from oddjet.searches.event_table import EventTable
from oddjet.select.dihiggs import TRUE_PAIRING, select_dihiggs
from oddjet.studies.augmentation import AugmentationConfig, augment_table
from oddjet.studies.spanet_classifier import pairing_numbers
from oddjet.studies.training_sets import Copies, set_of_table
from toy_higgs_pairs import toy_higgs_pairs

QUICK = {
    "hidden": [16, 16], "dropout": 0.0, "epochs": 12, "patience": 6,
    "learning_rate": 5e-3, "batch_size": 128,
}  # fmt: skip
TINY_SPANET = {"width": 16, "heads": 2, "encoder_layers": 1}
NAMES = ["pt_h1", "eta_h1", "delta_r_h1", "delta_r_h2"]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("pairs")
    for seed, name in enumerate(("signal", "background"), start=1):
        events = toy_higgs_pairs(3500, seed=seed, signal=name == "signal")
        write_events(directory / f"{name}.parquet", [events])
    return directory


def sources():
    return {name: {"files": [f"{name}.parquet"]} for name in ("signal", "background")}


def run(base, output, config):
    (base / "study.yaml").write_text(yaml.safe_dump(sources() | config), "utf-8")
    assert main(["study", str(base / "study.yaml"), "-o", str(output)]) == 0
    return json.loads((output / "study.json").read_text("utf-8"))


MIXED = {
    "study": "mixed", "features": NAMES, "events": 600, "test_events": 300,
    "repeats": 2, "fractions": [1.0], "classifier": QUICK,
}  # fmt: skip
HUNTING = {
    "study": "hunting", "features": NAMES, "drop": "none", "repeats": 2,
    "windows": {
        "variable": "mass_hh", "signal_region": [350, 550],
        "sidebands": [[150, 350], [550, 900]],
    },
    "signal_events": 150, "times": [0, 1], "test_events": 300, "classifier": QUICK,
    "background_efficiencies": [0.1],
}  # fmt: skip


def test_the_truth_of_the_toy_is_found_and_known_pairs_are_right():
    found = select_dihiggs(toy_higgs_pairs(500, seed=3))
    true = found.variables[TRUE_PAIRING]
    assert (true >= 0).mean() > 0.6  # elsewhere two quarks share a jet
    # Known ones are those of boson masses.
    jets = found.jets
    mass = np.zeros((len(true), 3))
    for number, (one, other) in enumerate(
        [((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))]
    ):
        for a, b in (one, other):
            pair = jets[:, a].add(jets[:, b])
            mass[:, number] += np.abs(ak.to_numpy(pair.mass) - 125)
    known = true >= 0
    assert (mass[known].argmin(axis=1) == true[known]).mean() > 0.95
    plain = select_dihiggs(toy_higgs_pairs(50, seed=3, signal=False))
    assert (plain.variables[TRUE_PAIRING] == -1).all()


def test_pairings_have_numbers():
    pairs = [[[0, 1], [2, 3]], [[1, 3], [2, 0]], [[3, 0], [1, 2]], [[-1, -1], [-1, -1]]]
    assert pairing_numbers(np.array(pairs)).tolist() == [0, 1, 2, -1]


def candidates(count=200, seed=1):
    found = select_dihiggs(toy_higgs_pairs(count, seed=seed))
    source = np.arange(len(found.weights), dtype=np.uint64)
    return EventTable(found.variables, found.weights, source)


def turned(table):
    return np.cos(table.columns["phi_h1"] - table.columns["phi_h2"])


def test_a_rotation_turns_both_candidates_together():
    table = candidates()
    how = AugmentationConfig(kinds=("rotation",))
    copy = augment_table(table, how, ("h1", "h2"), seed=1, copy=1)
    np.testing.assert_allclose(turned(copy), turned(table), atol=1e-9)
    assert np.std(copy.columns["phi_h1"] - table.columns["phi_h1"]) > 1
    for name in ("pt_h1", "eta_h2", "delta_r_h1"):
        np.testing.assert_allclose(copy.columns[name], table.columns[name])
    for name in ("pt_hh", "mass_hh"):
        np.testing.assert_allclose(
            copy.columns[name], table.columns[name], rtol=1e-6, atol=1e-4
        )
    np.testing.assert_array_equal(copy.source, table.source)


def test_directions_are_smeared_by_ten_over_pt():
    table = candidates(3000)
    how = AugmentationConfig(kinds=("directions",))
    copy = augment_table(table, how, ("h1", "h2"), seed=1, copy=1)
    pulls = (copy.columns["eta_h1"] - table.columns["eta_h1"]) * (
        table.columns["pt_h1"] / 10
    )
    assert np.std(pulls) == pytest.approx(1, abs=0.05)
    again = augment_table(table, how, ("h1", "h2"), seed=1, copy=2)
    assert not np.allclose(again.columns["eta_h1"], copy.columns["eta_h1"])


@pytest.mark.parametrize(
    ("resolution", "sigma"), [("cms_hcal", 15.8), ("cms_hcal_literal", 25.9)]
)
def test_both_readings_of_the_resolution(resolution, sigma):
    table = candidates(3000)
    table.columns["pt_h1"][:] = 100.0
    how = AugmentationConfig(kinds=("pt",), resolution=resolution)
    copy = augment_table(table, how, ("h1", "h2"), seed=1, copy=1)
    assert np.std(copy.columns["pt_h1"]) == pytest.approx(sigma, rel=0.05)
    assert (copy.columns["pt_h1"] >= 0).all()


def test_copies_of_a_table_train_and_never_validate():
    table = candidates(300)
    label = np.arange(len(table)) % 2 == 0
    how = AugmentationConfig(kinds=("pt",), copies=3)
    names = ("pt_h1", "delta_r_h1")
    plain = set_of_table(table, label, names, seed=4)
    more = set_of_table(table, label, names, seed=4, copies=Copies(how, ("h1", "h2")))
    size, trains = len(table), int((~plain.validation).sum())
    assert len(more.label) == size + 3 * trains
    np.testing.assert_array_equal(more.validation[:size], plain.validation)
    assert not more.validation[size:].any()
    # delta R is not smeared: it tells which event a copy was made of.
    learnt = table.features(names)[~plain.validation, 1]
    np.testing.assert_array_equal(more.features[size:, 1], np.tile(learnt, 3))
    np.testing.assert_array_equal(
        more.label[size:], np.tile(label[~plain.validation], 3)
    )


def test_copies_are_compared_with_the_original_in_one_table(base, tmp_path):
    config = MIXED | {
        "augmentations": {
            "rotation": {"kinds": ["rotation"]}, "pt": {"kinds": ["pt"], "copies": 2},
        }
    }  # fmt: skip
    found = run(base, tmp_path, config)
    assert {p["variant"] for p in found["points"]} == {"original", "rotation", "pt"}
    table = (tmp_path / "table.md").read_text("utf-8")
    assert "| rotation | 1 |" in table
    assert " ± " in table
    assert found["points"][0]["summary"]["auc"]["mean"] > 0.75
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "split before they were augmented" in page


def test_what_cannot_be_augmented_is_said(tmp_path):
    columns = {"a": np.arange(3000.0), "mass_hh": np.arange(3000.0)}
    for name in ("signal", "background"):
        pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
    config = MIXED | {
        "features": ["a"],
        "augmentations": {"pt": {"kinds": ["pt"]}},
        "signal": {"files": ["signal.parquet"], "content": "table"},
        "background": {"files": ["background.parquet"], "content": "table"},
    }
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(config), "utf-8")
    assert main(["study", str(tmp_path / "study.yaml"), "-o", str(tmp_path / "o")]) == 2
    with pytest.raises(UserError, match="augmentation needs the column pt_h1"):
        augment_table(
            EventTable(columns, np.ones(3000), np.arange(3000, dtype=np.uint64)),
            AugmentationConfig(kinds=("pt",)), ("h1",), seed=1, copy=1,
        )  # fmt: skip


def test_twice_the_luminosity_has_a_larger_sensitivity(base, tmp_path):
    found = run(base, tmp_path, HUNTING | {"luminosities": [2.0], "times": [0, 1]})
    points = {(p["variant"], p["times"]): p["summary"] for p in found["points"]}
    one, two = (points[name, 1] for name in ("original", "luminosity_x2"))
    ratio = two["sensitivity"]["mean"] / one["sensitivity"]["mean"]
    assert ratio == pytest.approx(math.sqrt(2), rel=0.1)
    assert one["auc"]["mean"] > 0.6
    gain = one["after_0.1"]["mean"] / one["sensitivity"]["mean"]
    assert gain == pytest.approx(one["improvement_0.1"]["mean"], rel=0.1)
    assert points["original", 0]["sensitivity"]["mean"] == 0
    assert "luminosity x2" in found["table"]


def test_spanet_pairs_what_it_is_taught_and_is_silent_about_it(base, tmp_path, capsys):
    """On pure labels pairings are taught, and nothing is wrong with that."""
    config = MIXED | {
        "network": "spanet", "spanet": TINY_SPANET | {"assignment_weight": 1.0},
        "repeats": 1, "events": 1500,
    }  # fmt: skip
    found = run(base, tmp_path, config)
    (point,) = found["points"]
    assert point["summary"]["auc"]["mean"] > 0.8
    # One of three by chance.
    assert point["summary"]["pairing"]["mean"] > 0.6
    assert "true pairs, SPANet" in found["table"]
    assert "WARNING" not in capsys.readouterr().err + found["table"]


def test_pairings_beside_weak_labels_are_warned_of_loudly(base, tmp_path, capsys):
    taught = {
        "network": "spanet", "spanet": TINY_SPANET | {"assignment_weight": 1.0},
        "classifier": QUICK | {"epochs": 1}, "repeats": 1,
    }  # fmt: skip
    mixed = run(base, tmp_path / "mixed", MIXED | taught | {"fractions": [0.5]})
    assert mixed["table"].startswith("**WARNING: spanet.assignment_weight is 1, not 0")
    hunting = run(base, tmp_path / "hunting", HUNTING | taught | {"times": [0]})
    assert hunting["table"].startswith("**WARNING")
    page = (tmp_path / "hunting" / "report.html").read_text("utf-8")
    assert "told the truth beside its weak labels" in page
    assert "WARNING" in capsys.readouterr().err


def test_spanet_hunts_without_pairings(base, tmp_path):
    """Its jets know the mass, and the report says so."""
    config = HUNTING | {
        "network": "spanet", "spanet": TINY_SPANET, "repeats": 1, "times": [0],
    }  # fmt: skip
    found = run(base, tmp_path, config)
    assert len(found["features"]["rounds"]) == 1
    assert "WARNING" not in found["table"]
    assert "pairing" not in found["points"][0]["summary"]
    assert "pt_j1" in found["features"]["used"]


def test_deleting_the_truth_changes_nothing_without_an_assignment(base, tmp_path):
    config = MIXED | {
        "network": "spanet", "spanet": TINY_SPANET, "repeats": 1, "fractions": [0.8],
        "classifier": QUICK | {"epochs": 2},
    }  # fmt: skip
    with_truth = run(base, tmp_path / "with", config)
    events = toy_higgs_pairs(3500, seed=1)
    bare = type(events)(events.array[["jets", "weight", "id"]], role="mc")
    write_events(base / "bare.parquet", [bare])
    without = run(
        base, tmp_path / "without", config | {"signal": {"files": ["bare.parquet"]}}
    )
    assert with_truth["points"] == without["points"]
