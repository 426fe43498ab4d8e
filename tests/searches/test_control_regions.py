"""Several control regions in one search: mixed by share, each for itself reweighted."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import awkward as ak
import jsonschema
import numpy as np
import pytest

from oddjet.cli.main import main
from oddjet.events import Events
from oddjet.io import write_events
from oddjet.runs.config import dump_yaml
from oddjet.runs.errors import UserError
from oddjet.searches import MonoJet, MonoJetConfig, Result
from oddjet.searches.composition import transfer_budget
from oddjet.searches.mixing import mixed
from oddjet.searches.monojet_config import CountingConfig
from oddjet.searches.parts import RegionPart
from oddjet.searches.scores import RegionScores, read_scores
from oddjet.searches.tensors import JetTensors
from oddjet.stats.counting import counting_test
from toy_collisions import TINY_SEARCH, toy_events

SCHEMA = json.loads(
    files("oddjet.searches").joinpath("results.schema.json").read_text("utf-8")
)
SHARES = {"wide": 0.8, "mixed": 0.2}


def mixture_of(**changes: Any) -> MonoJetConfig:
    parts = {name: {"share": share} for name, share in SHARES.items()}
    return MonoJetConfig(**TINY_SEARCH | {"control_regions": parts} | changes)


def with_column(events: Events, collection: str, **columns: object) -> Events:
    record = events.array[collection] if collection in events.fields else {}
    old = {name: record[name] for name in ak.fields(record)}
    joined = ak.zip(old | columns)
    return Events(ak.with_field(events.array, joined, collection), role=events.role)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A fifth of the background is of the second control region, narrow jets too."""
    return MonoJet(mixture_of()).run(
        signal_region=toy_events(300, 40, seed=1),
        control_region={
            "wide": toy_events(300, seed=2),
            "mixed": toy_events(60, 60, seed=3),
        },
        directory=tmp_path_factory.mktemp("run"),
    )


def test_the_mixture_has_the_shares(result: Result) -> None:
    jsonschema.validate(result.results, SCHEMA)
    control = read_scores(result.directory / "scores.parquet")["control_region"]
    total = control.weight.sum()
    for name, share in SHARES.items():
        assert control.weight[control.source == name].sum() / total == pytest.approx(
            share
        )
    assert total == pytest.approx(len(control))
    assert list(result.cutflow) == [
        "signal_region",
        "control_region-wide",
        "control_region-mixed",
    ]


def test_the_composition_is_part_of_the_transfer(result: Result) -> None:
    transfer = result.results["transfer"]
    rows = transfer["sources"]
    # Narrow jets are above the threshold, and only one of the two has them.
    assert rows["mixed"]["efficiency"] > 3 * rows["wide"]["efficiency"]
    assert transfer["composition"] == pytest.approx(rows["mixed"]["shift"])
    assert rows["wide"]["shift"] == 0
    assert transfer["total"] == pytest.approx(transfer["composition"])
    expected = result.results["counts"]["n_expected"]
    assert result.results["uncertainty"]["systematic"] == pytest.approx(
        transfer["total"] * expected
    )
    # As many more of the second kind as it takes give the whole excess.
    explains = result.results["mismodelling"]["explains"]
    unit = rows["mixed"]["shift"] / transfer["relative_uncertainty"]
    assert rows["mixed"]["explains"] == pytest.approx(explains / unit)


def test_the_page_shows_every_control_region(result: Result) -> None:
    page = (result.directory / "report.html").read_text("utf-8")
    assert "Control region wide" in page
    assert "What the control region is made of" in page


def test_the_resolved_configuration_names_every_file(result: Result) -> None:
    resolved = MonoJet.from_yaml(result.directory / "config.yaml").config
    assert resolved.control_regions["mixed"].share == SHARES["mixed"]
    for name in SHARES:
        (file,) = resolved.control_regions[name].files
        assert Path(file).name == f"control_region-{name}.parquet"


def test_check_looks_at_every_control_region(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_events(tmp_path / "sr.parquet", [toy_events(40, seed=1)])
    write_events(tmp_path / "cr.parquet", [toy_events(40, seed=2)])
    config = mixture_of(signal_region={"files": ["sr.parquet"]}).with_files(
        {f"control_region-{name}": ("cr.parquet",) for name in SHARES}
    )
    path = tmp_path / "search.yaml"
    path.write_text(dump_yaml(config), "utf-8")
    assert main(["check", str(path)]) == 0
    text = capsys.readouterr().out
    assert "control_region-wide: 40 events (mc)" in text
    assert "control_region-mixed: 40 events (mc)" in text
    # One file is one region: its events would count twice.
    assert main(["search", str(path), "-o", str(tmp_path / "run")]) == 2
    sentence = "of the control region wide is in the control region mixed, too"
    assert sentence in capsys.readouterr().err


def test_a_null_test_halves_every_control_region(tmp_path: Path) -> None:
    null = MonoJet(mixture_of()).run(
        control_region={
            "wide": toy_events(400, seed=2),
            "mixed": toy_events(160, seed=3),
        },
        directory=tmp_path,
        null=True,
    )
    assert null.results["is_null_test"]
    scores = read_scores(tmp_path / "scores.parquet")
    for rows in scores.values():
        share = rows.weight[rows.source == "mixed"].sum() / rows.weight.sum()
        assert share == pytest.approx(0.2)
    assert abs(null.significance) < 3


def test_each_control_region_is_reweighted(tmp_path: Path) -> None:
    config = mixture_of(reweight={"jet_pt": 2, "jet_eta": 1, "least_events": 5})
    MonoJet(config).run(
        signal_region=toy_events(300, seed=1),
        control_region={
            "wide": toy_events(300, seed=2),
            "mixed": toy_events(200, seed=3),
        },
        directory=tmp_path,
    )
    control = read_scores(tmp_path / "scores.parquet")["control_region"]
    for name, share in SHARES.items():
        weight = control.weight[control.source == name]
        assert len(np.unique(weight)) == 2
        assert weight.sum() / control.weight.sum() == pytest.approx(share)


def test_a_part_without_weight_is_refused() -> None:
    parts = [RegionPart("control_region", name, 0.5) for name in ("a", "b")]
    jets = [
        JetTensors(
            np.zeros((2, 1, 1), np.float32), np.ones((2, 1), bool), weight, {"entry": i}
        )
        for i, weight in enumerate(([1.0, 1.0], [1.0, -1.0]))
        for weight in [np.array(weight)]
    ]
    with pytest.raises(UserError, match=r"control region b sum to 0; they must be pos"):
        mixed(parts, jets)


def test_what_nothing_passes_adds_no_uncertainty() -> None:
    score = np.arange(100.0)
    control = RegionScores(
        score=score,
        deployed=score,
        fold=np.zeros(100, np.int64),
        weight=np.ones(100),
        ids={},
        source=np.repeat(["a", "b"], 50),
    )
    test = counting_test(score, score, efficiency=0.1)
    shares = {"a": 0.5, "b": 0.5}
    budget = transfer_budget(
        control, test, shares, CountingConfig(transfer_uncertainty=0.2)
    )
    rows = budget["sources"]
    # The ten highest scores are of b: one is the rest, and has no shift.
    assert (rows["a"]["efficiency"], rows["b"]["efficiency"]) == (0.0, 0.2)
    assert (rows["a"]["shift"], rows["b"]["shift"]) == (0.0, pytest.approx(0.1))
    assert budget["total"] == pytest.approx(np.hypot(0.2, 0.1))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"control": {"leptons": 2}}, "control_region and control or control_regions"),
        ({"control_region": {"files": ["x"]}}, "or control_regions, not both"),
        ({"control_regions": {"a": {"share": 0.5}}}, "they sum to 0.5"),
        ({"control_regions": {"A b": {"share": 1}}}, "should match pattern"),
    ],
)
def test_impossible_mixtures_are_refused(
    changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        mixture_of(**changes)


def test_other_names_are_refused(tmp_path: Path) -> None:
    events = toy_events(20, seed=1)
    with pytest.raises(UserError, match="has several control regions; give a mapping"):
        MonoJet(mixture_of()).run(
            signal_region=events, control_region=events, directory=tmp_path
        )
    with pytest.raises(UserError, match="regions wide were given, the configuration"):
        MonoJet(mixture_of()).run(
            signal_region=events, control_region={"wide": events}, directory=tmp_path
        )


def test_regions_of_other_triggers_are_refused(tmp_path: Path) -> None:
    config = MonoJetConfig(
        **TINY_SEARCH | {"signal_region": {"triggers": ["MET120", "MET140"]}}
    )
    sentence = r"signal region has the triggers MET120, MET140, the control region none"
    with pytest.raises(UserError, match=sentence):
        MonoJet(config).run(directory=tmp_path)


def test_a_trigger_is_a_cut(tmp_path: Path) -> None:
    fired = {
        "A": np.arange(300) % 2 == 0,
        "B": np.arange(300) % 3 == 0,
    }
    signal = with_column(toy_events(300, seed=1), "trigger", **fired)
    control = with_column(toy_events(300, seed=2), "trigger", **fired)
    chosen = {"triggers": ["A", "B"]}
    config = MonoJetConfig(
        **TINY_SEARCH | {"signal_region": chosen, "control_region": chosen}
    )
    found = MonoJet(config).run(
        signal_region=signal, control_region=control, directory=tmp_path
    )
    row = found.cutflow["signal_region"].rows[1]
    assert (row.name, row.events) == ("trigger A or B", 200)


@pytest.mark.parametrize("told_by", ["file", "configuration"])
def test_regions_of_other_eras_are_refused(tmp_path: Path, told_by: str) -> None:
    signal = with_column(toy_events(60, seed=1), "id", era=np.full(60, 2017))
    control, changes = toy_events(60, seed=2), {}
    if told_by == "file":
        control = with_column(control, "id", era=np.full(60, 2018))
    else:
        changes = {"control_region": {"era": "2018"}}
    sentence = r"signal region holds events of the era 2017, the control region of 2018"
    with pytest.raises(UserError, match=sentence):
        MonoJet(MonoJetConfig(**TINY_SEARCH | changes)).run(
            signal_region=signal, control_region=control, directory=tmp_path
        )


def test_an_era_that_the_files_deny_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cr.parquet"
    control = with_column(toy_events(60, seed=2), "id", era=np.full(60, 2018))
    write_events(path, [control])
    config = MonoJetConfig(**TINY_SEARCH | {"control_region": {"era": "2017"}})
    with pytest.raises(UserError, match=r"control_region.era is 2017, but its files"):
        MonoJet(config).run(
            signal_region=toy_events(60, seed=1),
            control_region=path,
            directory=tmp_path / "run",
        )


def test_a_closed_region_is_not_told_by_reweighting(tmp_path: Path) -> None:
    config = MonoJetConfig(**TINY_SEARCH | {"reweight": {"jet_pt": 50, "recoil": 50}})
    with pytest.raises(UserError, match="the control region cannot be") as caught:
        MonoJet(config).run(
            signal_region=toy_events(300, seed=1, role="data"),
            control_region=toy_events(300, seed=2),
            directory=tmp_path,
        )
    message = str(caught.value)
    assert "blinded" in message
    assert not any(character.isdigit() for character in message)
    assert caught.value.__cause__ is None


def test_a_closed_region_without_weight_tells_no_numbers(tmp_path: Path) -> None:
    events = toy_events(300, seed=1, role="data")
    weights = np.where(np.arange(300) % 2 == 0, 1.0, -1.5)
    array = ak.with_field(events.array, weights, "weight")
    with pytest.raises(UserError, match="no events of positive total") as caught:
        MonoJet(MonoJetConfig(**TINY_SEARCH)).run(
            signal_region=Events(array, role="data"),
            control_region=toy_events(300, seed=2),
            directory=tmp_path,
        )
    assert not any(character.isdigit() for character in str(caught.value))
