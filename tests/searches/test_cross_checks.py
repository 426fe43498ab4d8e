"""What stands beside a count, and the null test, through the whole search."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from oddjet.cli.main import main
from oddjet.io import write_events
from oddjet.learn.folds import fold_of, half_of
from oddjet.runs.config import dump_yaml
from oddjet.runs.errors import UserError
from oddjet.searches import MonoJet, MonoJetConfig, Result
from oddjet.searches.reweighting import ReweightConfig, reweighted_control
from oddjet.searches.scores import read_scores
from oddjet.searches.tensors import JetTensors
from toy_collisions import TINY_SEARCH, toy_events

SCHEMA = json.loads(
    files("oddjet.searches").joinpath("results.schema.json").read_text("utf-8")
)
COUNTING = {
    "cr_efficiency": 0.05,
    "transfer_uncertainty": 0.2,
    "scan_efficiencies": [0.2, 0.05],
}


@pytest.fixture(scope="module")
def result(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    return MonoJet(MonoJetConfig(**TINY_SEARCH | {"counting": COUNTING})).run(
        signal_region=samples / "sr.parquet",
        control_region=samples / "cr.parquet",
        directory=tmp_path_factory.mktemp("run"),
    )


def test_the_transfer_lowers_the_significance(result: Result) -> None:
    found = result.results
    jsonschema.validate(found, SCHEMA)
    assert 0 < result.significance < found["statistical_only"]["sigma"]
    expected = found["counts"]["n_expected"]
    assert found["uncertainty"]["systematic"] == pytest.approx(0.2 * expected)
    assert result.p_value == pytest.approx(10 ** found["log10_p_value"])
    explains = found["mismodelling"]["explains"]
    assert (1 + explains) * expected == pytest.approx(found["counts"]["n_sr"], rel=0.1)


def test_the_scan_and_the_low_tail_are_there(result: Result) -> None:
    scan = result.results["scan"]
    assert [point["efficiency"] for point in scan["points"]] == [0.2, 0.05]
    again = scan["points"][1]["significance"]
    assert again == pytest.approx(result.results["statistical_only"]["sigma"])
    assert scan["trial_factor"] > 0
    # A third of the signal region is missing among the lowest scores.
    assert result.results["low_tail"]["sigma"] < 1


def test_the_report_shows_them(result: Result) -> None:
    page = (result.directory / "report.html").read_text("utf-8")
    for words in (
        "The mismodelling that would explain this",
        "Lowest scores",
        "Other thresholds",
        "significance, statistical only",
    ):
        assert words in page


def test_halves_are_independent_of_folds() -> None:
    ids = {"file": np.zeros(4000, np.uint64), "entry": np.arange(4000)}
    half, fold = half_of(ids), fold_of(ids, 2)
    assert abs(half.mean() - 0.5) < 0.04
    assert abs(np.corrcoef(half, fold)[0, 1]) < 0.07


def test_a_null_test_searches_the_control_region(tmp_path: Path) -> None:
    data = tmp_path / "cr.parquet"
    write_events(data, [toy_events(600, seed=2, role="data")])
    config = MonoJetConfig(
        **TINY_SEARCH
        | {
            "control_region": {"files": [str(data)]},
            "signal_region": {"files": ["not there"]},
        }
    )
    path = tmp_path / "search.yaml"
    path.write_text(dump_yaml(config), "utf-8")
    assert main(["search", str(path), "-o", str(tmp_path / "run"), "--null"]) == 0
    null = Result.load(tmp_path / "run")
    jsonschema.validate(null.results, SCHEMA)
    assert null.results["is_null_test"]
    assert not null.results["blinded"]
    assert abs(null.significance) < 3
    scores = read_scores(tmp_path / "run" / "scores.parquet")
    events = [
        set(zip(rows.ids["run"].tolist(), rows.ids["event"].tolist(), strict=True))
        for rows in scores.values()
    ]
    assert not events[0] & events[1]
    assert sum(map(len, events)) > 550
    assert "Null test" in (tmp_path / "run" / "report.html").read_text("utf-8")


def test_the_control_region_is_reweighted(tmp_path: Path) -> None:
    reweight = {"jet_pt": 4, "jet_eta": 1, "least_events": 5}
    config = MonoJetConfig(**TINY_SEARCH | {"reweight": reweight})
    result = MonoJet(config).run(
        signal_region=toy_events(300, seed=1),
        control_region=toy_events(300, seed=2),
        directory=tmp_path,
    )
    scores = read_scores(tmp_path / "scores.parquet")
    assert len(np.unique(scores["control_region"].weight)) == 4
    assert (scores["signal_region"].weight == 1).all()
    assert result.results["significance"]["method"] == "effective numbers"


def test_jets_are_reweighted_to_be_as_central_as_the_others() -> None:
    random = np.random.default_rng(3)

    def jets(power: float) -> JetTensors:
        eta = 2.4 * random.random(4000) ** power * random.choice([-1, 1], 4000)
        kinematics = np.stack([np.full(4000, 300.0), eta, np.full(4000, 300.0)], 1)
        nothing = np.zeros((4000, 1, 1), np.float32)
        return JetTensors(nothing, nothing[..., 0] > 0, np.ones(4000), {}, kinematics)

    def mean_eta(jets: JetTensors) -> float:
        assert jets.kinematics is not None
        eta = np.abs(jets.kinematics[:, 1])
        return float(np.average(eta, weights=jets.weight))

    control, signal = jets(1.2), jets(1.0)
    alike = reweighted_control(control, signal, ReweightConfig(jet_pt=1, jet_eta=8))
    assert mean_eta(control) < mean_eta(signal) - 0.06
    assert mean_eta(alike) == pytest.approx(mean_eta(signal), abs=0.02)


def test_reweighting_without_support_is_refused(tmp_path: Path) -> None:
    reweight = {"jet_pt": 50, "recoil": 50}
    config = MonoJetConfig(**TINY_SEARCH | {"reweight": reweight})
    with pytest.raises(UserError, match=r"cannot be reweighted: there are .* jet pT"):
        MonoJet(config).run(
            signal_region=toy_events(300, seed=1),
            control_region=toy_events(300, seed=2),
            directory=tmp_path,
        )
