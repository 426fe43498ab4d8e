"""Mixed samples and hunting on a toy where the answers are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from oddjet.cli.main import main
from oddjet.learn.classifier_config import ClassifierConfig
from oddjet.runs.errors import UserError
from oddjet.searches.event_table import EventTable, write_event_table
from oddjet.studies import sculpting
from oddjet.studies.augmentation import AugmentationConfig, augment_table
from oddjet.studies.classifiers import train_repeats
from oddjet.studies.dihiggs_samples import read_sample
from oddjet.studies.hunting import HuntingStudy
from oddjet.studies.hunting_config import HuntingStudyConfig
from oddjet.studies.mixed import MixedStudy, MixedStudyConfig
from oddjet.studies.sculpting import features_to_keep, sculpting_test
from oddjet.studies.windows import Windows
from redrawing import assert_redrawn

#: Features of the toy: one separates, two know the mass, of which one only with `a`.
NAMES = ["separating", "pt", "a", "a_times_mass"]
QUICK = ClassifierConfig(
    hidden=(16, 16), dropout=0.0, epochs=25, patience=8, learning_rate=5e-3,
    batch_size=256,
)  # fmt: skip
WINDOWS = {"signal_region": [350, 550], "sidebands": [[250, 350], [550, 700]]}


def toy(seed, events, *, signal):
    """A falling mass, or a peak at 450 GeV, and what goes with it."""
    rng = np.random.default_rng(seed)
    mass = 250 + rng.exponential(250, 3 * events)
    mass = rng.normal(450, 40, events) if signal else mass[mass < 700][:events]
    pull = (mass - 450) / 130
    side = np.sign(rng.normal(size=events))
    return {
        "mass_hh": mass,
        "separating": rng.normal(size=events) + 1.5 * signal,
        "pt": pull + 0.7 * rng.normal(size=events),
        "a": side,
        # |pull| is large in the sidebands, and only the product with `a` shows it.
        "a_times_mass": side * np.abs(pull) + 0.3 * rng.normal(size=events),
    }


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("tables")
    for seed, name in enumerate(("signal", "background"), start=1):
        columns = toy(seed, 12_000, signal=name == "signal")
        pq.write_table(pa.table(columns), directory / f"{name}.parquet")
    return directory


def sources():
    return {
        name: {"files": [f"{name}.parquet"], "content": "table"}
        for name in ("signal", "background")
    }


def test_mixed_samples_know_as_much_as_pure_ones_or_nothing(base, tmp_path):
    config = {
        **sources(), "study": "mixed", "features": ["separating", "a"], "events": 3000,
        "test_events": 1500, "repeats": 4, "fractions": [0.0, 0.2, 0.5, 0.8, 1.0],
        "classifier": QUICK.model_dump(mode="json"),
    }  # fmt: skip
    (base / "mixed.yaml").write_text(yaml.safe_dump(config), "utf-8")
    assert main(["study", str(base / "mixed.yaml"), "-o", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "study.json").read_text("utf-8"))
    auc = {p["fraction"]: p["summary"]["auc"] for p in found["points"]}
    # A shift of 1.5 standard deviations: Phi(1.5 / sqrt(2)).
    for fraction in (0.0, 0.2, 0.8, 1.0):
        assert auc[fraction]["mean"] == pytest.approx(0.8556, abs=0.02)
    half = next(p for p in found["points"] if p["fraction"] == 0.5)
    for training in half["repeats"]:
        off = training["auc_mixtures"] - 0.5
        assert abs(off) < 3.5 * training["auc_mixtures_error"]
    assert auc[0.5]["repeats"] == 4
    assert auc[0.5]["spread"] > 0.01
    # Mixtures of 80 % and 20 %: 0.5 + 0.6 (AUC - 0.5).
    mixed = next(p for p in found["points"] if p["fraction"] == 0.8)
    assert mixed["summary"]["auc_mixtures"]["mean"] == pytest.approx(0.713, abs=0.02)
    assert "| 0.5 |" in (tmp_path / "table.md").read_text("utf-8")


def test_half_and_half_learns_nothing_on_average(base):
    """Pure-sample AUCs scatter far more than their own errors, around one half."""
    config = MixedStudyConfig(
        **sources(), features=("separating",), events=1500, test_events=1000,
        repeats=20, fractions=(0.5,), classifier=QUICK,
    )  # fmt: skip
    found = MixedStudy(config, base=base).run(base / "half")
    summary = found["points"][0]["summary"]["auc"]
    assert abs(summary["mean"] - 0.5) < 3 * summary["error"]
    assert summary["spread"] > 0.1


def test_a_point_that_is_there_is_not_made_again(base, tmp_path):
    config = MixedStudyConfig(
        **sources(), features=("a",), events=200, test_events=100, repeats=1,
        fractions=(0.3,), classifier=QUICK,
    )  # fmt: skip
    MixedStudy(config, base=base).run(tmp_path)
    point = tmp_path / "stages" / "point-0300" / "point.json"
    made, content = point.stat().st_mtime_ns, point.read_bytes()
    more = config.model_copy(update={"fractions": (0.3, 0.7)})
    found = MixedStudy(more, base=base).run(tmp_path)
    assert point.stat().st_mtime_ns == made
    assert point.read_bytes() == content
    assert [p["fraction"] for p in found["points"]] == [0.3, 0.7]


def test_hunting_finds_the_mass_and_says_where_it_comes_from(base, tmp_path):
    config = {
        **sources(), "study": "hunting", "features": NAMES, "windows": WINDOWS,
        "signal_events": 15, "times": [0, 100], "test_events": 1500, "repeats": 3,
        "classifier": QUICK.model_dump(mode="json"),
        "background_efficiencies": [0.1],
    }  # fmt: skip
    (base / "hunting.yaml").write_text(yaml.safe_dump(config), "utf-8")
    assert main(["study", str(base / "hunting.yaml"), "-o", str(tmp_path)]) == 0
    assert_redrawn(tmp_path)
    found = json.loads((tmp_path / "study.json").read_text("utf-8"))
    first, *_, last = found["features"]["rounds"]
    assert first["found"]
    assert first["auc"]["value"] > 0.7
    assert not last["found"]
    # `pt` by itself, then one of the two that know the mass together.
    assert "pt" not in last["features"]
    assert not {"a", "a_times_mass"} <= set(last["features"])
    assert "separating" in last["features"]
    ratio = last["pass_ratios"]["0.1"]
    assert abs(ratio["value"] - 1) < 3 * ratio["error"]
    assert (first["folds"], first["networks"]) == (5, 3)
    assert "| 5 x 3 |" in found["table"]
    null, signal = (p["summary"] for p in found["points"])
    # Unseen background of both regions, and a signal that is there or not.
    assert null["auc_regions"]["mean"] == pytest.approx(0.5, abs=0.04)
    assert signal["auc"]["mean"] > 0.8
    assert signal["improvement_0.1"]["mean"] > 1.3
    assert "| pt |" in found["table"]


def test_the_pathology_without_dropping_anything(base):
    config = HuntingStudyConfig(
        **sources(), features=tuple(NAMES), windows=Windows(**WINDOWS), drop="none",
        signal_events=0, times=(0.0,), test_events=1500, repeats=2, classifier=QUICK,
    )  # fmt: skip
    found = HuntingStudy(config, base=base).run(base / "pathology")
    summary = found["points"][0]["summary"]
    assert found["features"]["used"] == NAMES
    assert summary["auc_regions"]["mean"] > 0.75


def as_table(columns):
    size = len(columns["mass_hh"])
    return EventTable(columns, np.ones(size), np.arange(size, dtype=np.uint64))


def test_importance_is_that_of_the_feature_that_knows():
    table = as_table(toy(5, 6000, signal=False))
    found = sculpting_test(
        table, Windows(**WINDOWS), ["separating", "a_times_mass", "a"], QUICK,
        repeats=2, seed=1, efficiencies=[0.1], folds=2,
    )  # fmt: skip
    assert found.found
    assert found.importance["a_times_mass"] > 10 * abs(found.importance["separating"])
    assert found.pass_ratios["0.1"].value > 1.3


def test_every_event_is_looked_at_by_networks_that_have_not_seen_it(monkeypatch):
    """With folds the events that test are all of them, so the error is smaller."""
    table = as_table(toy(7, 3000, signal=False))
    trained_on = []

    def remember(sets, config, **options):
        trained_on.extend(sets)
        return train_repeats(sets, config, **options)

    monkeypatch.setattr(sculpting, "train_repeats", remember)
    halves, tenths = (
        sculpting_test(
            table, Windows(**WINDOWS), ["separating"], QUICK, repeats=1, seed=1,
            folds=folds,
        )
        for folds in (2, 10)
    )  # fmt: skip
    sizes = [len(each.label) for each in trained_on]
    whole = sum(sizes[:2])
    assert sizes[2:] == [pytest.approx(0.9 * whole, abs=1)] * 10
    assert not halves.found
    assert not tenths.found
    assert tenths.auc.error == pytest.approx(halves.auc.error, rel=0.2)
    assert halves.auc.error == pytest.approx(1 / (12 * whole / 4) ** 0.5, rel=0.3)


class FirstFeature:
    """Networks whose score is their first input."""

    def score(self, _member, features):
        return features[:, 0]


@pytest.mark.parametrize("inside", [0.0, 100.0])
def test_pass_ratios_are_those_of_the_cuts(monkeypatch, inside):
    """The signal region below every sideband event, and above all but a tenth."""
    monkeypatch.setattr(sculpting, "train_repeats", lambda *_, **__: FirstFeature())
    flat = np.r_[1.0 + np.arange(90), 200.0 + np.arange(10), np.full(100, inside)]
    mass = np.repeat([300.0, 450.0], 100)
    found = sculpting_test(
        as_table({"mass_hh": mass, "flat": flat}), Windows(**WINDOWS), ["flat"], QUICK,
        repeats=1, seed=1, folds=2, efficiencies=[0.01, 0.2],
    )  # fmt: skip
    found = found.to_dict()["pass_ratios"]
    assert found["0.01"] is None
    if inside == 0:
        assert found["0.2"] is None
    else:
        # All of the signal region, and of the sidebands a fifth.
        assert found["0.2"]["value"] == pytest.approx(5, rel=0.1)
        assert found["0.2"]["error"] > 0


def test_one_feature_stays_even_if_it_knows_the_mass():
    table = as_table(toy(6, 4000, signal=False))
    rounds = features_to_keep(
        table, Windows(**WINDOWS), ["a_times_mass"], QUICK, largest=0.9, repeats=1,
        seed=1,
    )  # fmt: skip
    assert [one.features for one in rounds] == [("a_times_mass",)]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"features": ["tau21"]}, "signal have no quantity tau21; they have mass_hh"),
        ({"events": 20_000}, "needs .* events of the signal at f1 = 0.5"),
    ],
)
def test_what_cannot_be_studied_is_said(base, tmp_path, change, sentence):
    config = MixedStudyConfig(
        **({**sources(), "features": ["a"], "fractions": [0.5]} | change)
    )
    with pytest.raises(UserError, match=sentence):
        MixedStudy(config, base=base).run(tmp_path)


def test_a_sample_with_copies_is_refused():
    table = as_table({"mass_hh": np.arange(4.0)})
    augmented = table[np.array([0, 1, 2, 3, 3])]
    with pytest.raises(UserError, match=r"1 events of background are copies of others"):
        augmented.require(["mass_hh"], where="background")
    table.columns["mass_hh"][2] = np.nan
    with pytest.raises(UserError, match="mass_hh of event 2 of background is nan"):
        table.require(["mass_hh"], where="background")


def test_a_table_augmented_before_the_split_is_refused(tmp_path):
    """Its rows have no id but their place; candidates were turned and smeared."""
    rng = np.random.default_rng(8)
    columns = {
        f"{name}_{each}": 1 + rng.exponential(size=500)
        for each in ("h1", "h2")
        for name in ("pt", "eta", "phi", "mass", "delta_r")
    }
    table = as_table({"mass_hh": 250 + rng.exponential(100, 500), **columns})
    how = AugmentationConfig(kinds=("rotation", "directions", "pt"))
    copies = augment_table(table, how, ("h1", "h2"), seed=1, copy=1)
    both = EventTable.concatenate([table, copies])
    own = EventTable(both.columns, both.weights, np.arange(1000, dtype=np.uint64))
    write_event_table(tmp_path / "table.parquet", table)
    assert len(read_sample({"signal": tmp_path}, "signal", ["pt_h1"])) == 500
    write_event_table(tmp_path / "table.parquet", own)
    with pytest.raises(UserError, match="500 events of signal are copies of others"):
        read_sample({"signal": tmp_path}, "signal", ["pt_h1"])


def test_windows_must_be_apart():
    with pytest.raises(ValueError, match="two overlap at 350 to 360"):
        Windows(signal_region=(350, 550), sidebands=((250, 360),))
    with pytest.raises(ValueError, match="it defines the regions"):
        HuntingStudyConfig(**sources(), features=("mass_hh",), signal_events=1)
    with pytest.raises(ValueError, match="each of the fractions once"):
        MixedStudyConfig(**sources(), fractions=(0.5, 0.5))
