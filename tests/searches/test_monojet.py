"""The mono-jet search as its users see it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from importlib.resources import files
from pathlib import Path

import awkward as ak
import jsonschema
import numpy as np
import pytest

from oddjet.deploy.scorer import Scorer
from oddjet.events import Events
from oddjet.io import read, write_events
from oddjet.runs.errors import UserError
from oddjet.searches import MonoJet, MonoJetConfig, Result
from oddjet.searches.regions import stored
from oddjet.searches.scores import read_scores
from toy_collisions import toy_events

FILES = ["config.yaml", "cutflow.csv", "model.onnx", "report.html", "results.json"]
SCHEMA = json.loads(
    files("oddjet.searches").joinpath("results.schema.json").read_text("utf-8")
)


@pytest.fixture(scope="module")
def result(
    samples: Path, config: MonoJetConfig, tmp_path_factory: pytest.TempPathFactory
) -> Result:
    return MonoJet(config).run(
        signal_region=samples / "sr.parquet",
        control_region=samples / "cr.parquet",
        directory=tmp_path_factory.mktemp("run"),
    )


def test_a_signal_is_found(result: Result) -> None:
    assert result.significance > 5
    assert result.p_value < 1e-6


def test_no_signal_is_not_found(config: MonoJetConfig, tmp_path: Path) -> None:
    null = MonoJet(config).run(
        signal_region=toy_events(300, seed=3),
        control_region=toy_events(300, seed=4),
        directory=tmp_path,
    )
    assert abs(null.significance) < 2.5


def test_the_run_directory_is_complete(result: Result) -> None:
    found = {path.name for path in result.directory.iterdir()}
    assert found >= {*FILES, "scores.parquet", "run.log", "stages"}
    assert "Simulation truth" in (result.directory / "report.html").read_text("utf-8")


def test_results_follow_their_schema(result: Result) -> None:
    jsonschema.validate(result.results, SCHEMA)
    assert json.loads(result.to_json()) == result.results


def test_counts_add_up(result: Result) -> None:
    counts = result.results["counts"]
    folds = counts["folds"]
    assert counts["n_sr"] == sum(fold["n_sr"] for fold in folds)
    expected = sum(fold["k"] * fold["num_sr"] / fold["num_cr"] for fold in folds)
    assert counts["n_expected"] == pytest.approx(expected, rel=1e-12)
    assert sum(fold["num_sr"] for fold in folds) == counts["n_sr_total"]
    last = result.cutflow["signal_region"].rows[-1]
    assert counts["n_sr_total"] == last.events


def test_each_event_is_scored_by_the_fold_that_never_saw_it(
    result: Result, samples: Path
) -> None:
    scores = read_scores(result.directory / "scores.parquet")["signal_region"]
    events = read(samples / "sr.parquet")
    rescored = Scorer(result.directory / "model.onnx").score(events)
    selected = np.isin(events.id.entry.to_numpy(), scores.ids["entry"])
    own = rescored.fold_scores.to_numpy()[selected]
    own = own[np.arange(len(scores)), scores.fold]
    np.testing.assert_array_equal(scores.score, own)
    np.testing.assert_array_equal(scores.deployed, rescored.score.to_numpy()[selected])


def test_the_reserve_measures_the_deployed_efficiency(result: Result) -> None:
    control = read_scores(result.directory / "scores.parquet")["control_region"]
    reserve = control.fold == -1
    deployed = result.results["deployed"]
    assert deployed["num_events"] == reserve.sum() > 0
    above = control.deployed[reserve] > deployed["threshold"]
    assert deployed["efficiency"] == pytest.approx(above.mean())


def test_events_in_memory_equal_files(
    result: Result, samples: Path, config: MonoJetConfig, tmp_path: Path
) -> None:
    again = MonoJet(config).run(
        signal_region=read(samples / "sr.parquet"),
        control_region=read(samples / "cr.parquet"),
        directory=tmp_path,
    )
    assert again.results["counts"] == result.results["counts"]


def test_events_in_memory_stay_those_of_their_files(
    samples: Path, tmp_path: Path
) -> None:
    both = [samples / "sr.parquet", samples / "cr.parquet"]
    events = read(both)[::3]
    written = read(stored(events, tmp_path / "a.parquet"))
    for name in ("file", "entry"):
        assert written.id[name].to_list() == events.id[name].to_list()
    # What never was in a file has no place to keep.
    made = Events(events.array[["particles", "met"]], role="mc")
    again = read(stored(made, tmp_path / "b.parquet"))
    assert again.id.file[0] != 0
    assert again.id.entry.to_list() == list(range(len(made)))


def test_the_report_can_be_drawn_again(result: Result, tmp_path: Path) -> None:
    page = result.report(tmp_path / "page.html")
    assert page.read_bytes() == (result.directory / "report.html").read_bytes()


def test_a_report_without_its_stages_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("{}", "utf-8")
    with pytest.raises(UserError, match="has lost some of its stages"):
        Result.load(tmp_path).report(tmp_path / "page.html")


def test_the_resolved_configuration_runs_again(result: Result, tmp_path: Path) -> None:
    again = MonoJet.from_yaml(result.directory / "config.yaml").run(directory=tmp_path)
    assert again.results == result.results


def test_a_run_without_results_is_told() -> None:
    with pytest.raises(UserError, match=r"nowhere holds no results\.json: give the"):
        Result.load("nowhere")


@pytest.mark.parametrize("known", ["is_signal", None])
def test_any_truth_will_do(
    config: MonoJetConfig, samples: Path, tmp_path: Path, known: str | None
) -> None:
    """Truth without a process, and a file without events beside one that has some."""
    events = toy_events(200, seed=6)
    array = events.array
    if known is not None:
        array = ak.with_field(array, ak.zip({known: np.ones(200)}), "truth")
    paths = [tmp_path / "some.parquet", tmp_path / "none.parquet"]
    write_events(paths[0], [Events(array, role="mc")])
    write_events(paths[1], [Events(array[:0], role="mc")])
    result = MonoJet(config).run(
        signal_region=paths,
        control_region=samples / "cr.parquet",
        directory=tmp_path / "run",
    )
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert result.significance is not None
    assert ("Simulation truth" in page) == (known is None)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "data.parquet"
    write_events(path, [toy_events(200, 100, seed=1, role="data")])
    return path


@pytest.fixture
def run_on_data(
    data: Path, samples: Path, config: MonoJetConfig, tmp_path: Path
) -> Callable[..., Result]:
    return partial(
        MonoJet(config).run,
        signal_region=data,
        control_region=samples / "cr.parquet",
        directory=tmp_path,
    )


def test_data_stay_blind(run_on_data: Callable[..., Result], tmp_path: Path) -> None:
    blind = run_on_data()
    assert blind.significance is None
    assert blind.results["blinded"]
    jsonschema.validate(blind.results, SCHEMA)
    assert list(blind.cutflow) == ["control_region"]
    assert list(read_scores(tmp_path / "scores.parquet")) == ["control_region"]
    assert not {"n_sr", "n_sr_total", "folds"} & blind.results["counts"].keys()


def test_unblinding_is_recorded(run_on_data: Callable[..., Result]) -> None:
    assert not run_on_data().results["unblinded"]
    opened = run_on_data(unblind=True)
    assert opened.results["unblinded"]
    assert opened.significance > 5
