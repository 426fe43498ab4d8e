"""Which networks score which events, through the whole search."""

from __future__ import annotations

import itertools
import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from oddjet.searches import MonoJet, MonoJetConfig, Result
from oddjet.searches.monojet_report import search_report
from oddjet.searches.scores import read_scores
from toy_collisions import TINY_SEARCH, toy_events

SCHEMA = json.loads(
    files("oddjet.searches").joinpath("results.schema.json").read_text("utf-8")
)


def run(directory: Path, *, num_signal: int = 100, **training: object) -> Result:
    settings = TINY_SEARCH["training"] | training
    config = MonoJetConfig(**TINY_SEARCH | {"training": settings})
    result = MonoJet(config).run(
        signal_region=toy_events(300 - num_signal, num_signal, seed=1),
        control_region=toy_events(300, seed=2),
        directory=directory,
    )
    jsonschema.validate(result.results, SCHEMA)
    return result


def stages_of(directory: Path) -> set[str]:
    return {path.name for path in (directory / "stages").iterdir()}


def test_sequential_folds_leave_the_first_unscored(tmp_path: Path) -> None:
    result = run(tmp_path, scoring="sequential", folds=3)
    scores = read_scores(tmp_path / "scores.parquet")["signal_region"]
    assert set(scores.fold.tolist()) == {-2, 0, 1}
    assert (np.isnan(scores.score) == (scores.fold == -2)).all()
    assert not np.isnan(scores.deployed).any()
    assert {"train-0", "train-1"} <= stages_of(tmp_path)
    assert "train-2" not in stages_of(tmp_path)
    counts = result.results["counts"]
    assert counts["n_sr_total"] == (scores.fold >= 0).sum()
    assert [fold["fold"] for fold in counts["folds"]] == [0, 1]
    assert result.significance > 3


def test_in_sample_scoring_says_so(tmp_path: Path) -> None:
    result = run(tmp_path, scoring="in_sample")
    assert result.results["scoring"] == "in_sample"
    selected = result.cutflow["control_region"].rows[-1].events
    assert result.results["counts"]["n_cr_total"] == selected
    assert result.results["deployed"] is None
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "scored by networks that were trained on them" in page


@pytest.mark.parametrize("scoring", ["k_fold", "sequential"])
def test_other_scoring_has_no_warning(tmp_path: Path, scoring: str) -> None:
    run(tmp_path, scoring=scoring)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "scored by networks that were trained on them" not in page


def test_several_networks_a_fold(tmp_path: Path) -> None:
    result = run(tmp_path, networks=2)
    expected = {f"train-{f}{m}" for f in (0, 1) for m in ("", "-1")}
    assert expected <= stages_of(tmp_path)
    assert result.significance > 5
    trainings = sorted(expected)
    report = search_report(
        {path.name: path for path in (tmp_path / "stages").iterdir()},
        title="", trainings=trainings, config_yaml="", provenance={},
    )  # fmt: skip
    folds_and_networks = itertools.product((0, 1), (0, 1))
    assert list(report.training_names) == [
        f"fold {fold}, network {network}" for fold, network in folds_and_networks
    ]
    assert not (tmp_path / "stages" / ".checkpoints").exists()


@pytest.mark.parametrize(("num_signal", "is_shown"), [(100, True), (300, False)])
def test_the_signal_fraction_needs_processes_in_common(
    num_signal: int, is_shown: bool, tmp_path: Path
) -> None:
    run(tmp_path, num_signal=num_signal)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert ("Signal fraction (truth, not used)" in page) == is_shown
