"""May one sample stand for another? Through the command, with a verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from oddjet.cli.main import main
from oddjet.io import write_events
from oddjet.runs.errors import UserError
from oddjet.studies.assumption import AssumptionStudy
from oddjet.studies.assumption_config import AssumptionConfig
from redrawing import assert_redrawn
from toy_collisions import TINY_SEARCH, toy_events

STRATA = {"jet_pt": 3, "jet_eta": 1, "recoil": 2}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("samples")
    write_events(directory / "znunu.parquet", [toy_events(300, seed=1)])
    write_events(directory / "zll.parquet", [toy_events(300, seed=2)])
    write_events(directory / "other.parquet", [toy_events(150, 150, seed=3)])
    return directory


def config_of(**changes: object) -> dict[str, object]:
    return {
        "study": "assumption",
        "seed": 2,
        "samples": {
            name: {"files": [f"{name}.parquet"]} for name in ("znunu", "zll", "other")
        },
        "strata": STRATA,
        "tail": 0.05,
        "permutations": 999,
        "network": TINY_SEARCH["network"],
        "training": TINY_SEARCH["training"],
        **changes,
    }


@pytest.fixture(scope="module")
def run(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("study")
    path = base / "assumption.yaml"
    path.write_text(yaml.safe_dump(config_of(), sort_keys=False), "utf-8")
    assert main(["study", str(path), "-o", str(directory)]) == 0
    assert_redrawn(directory)
    return directory


def test_like_samples_are_alike_and_others_are_told_apart(run: Path) -> None:
    found = json.loads((run / "study.json").read_text("utf-8"))
    verdicts = {
        (row["first"], row["second"]): row["alike"] for row in found["comparisons"]
    }
    assert verdicts == {
        ("znunu", "zll"): True,
        ("znunu", "other"): False,
        ("zll", "other"): False,
    }
    assert not found["alike"]
    told = found["comparisons"][2]
    # Two statistics in each of two folds, none below 1 / (1 + permutations).
    assert told["p_value"] == pytest.approx(4 / 1000)
    # Half of the second sample is narrow, so jets of the first score higher.
    assert all(test["auc"] > 0.65 for test in told["folds"])


def test_the_page_has_a_verdict_for_every_pair(run: Path) -> None:
    page = (run / "report.html").read_text("utf-8")
    assert page.count("told apart</p>") == 2
    assert page.count("alike</p>") == 1
    assert "zll and other" in (run / "table.md").read_text("utf-8")


def test_pairs_and_sizes_can_be_chosen(base: Path, tmp_path: Path) -> None:
    config = AssumptionConfig(**config_of(comparisons=[["zll", "znunu"]], num_jets=100))
    found = AssumptionStudy(config, base=base).run(tmp_path)
    (row,) = found["comparisons"]
    assert (row["num_first"], row["num_second"]) == (100, 100)
    larger = config.model_copy(update={"num_jets": 1000})
    with pytest.raises(UserError, match="needs 1000 selected events of zll"):
        AssumptionStudy(larger, base=base).run(tmp_path)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"comparisons": [["zll", "lost"]]}, "zll, other; got lost"),
        ({"comparisons": [["zll", "zll"]]}, "two samples, got zll twice"),
        (
            {"comparisons": [["zll", "other"], ["other", "zll"]]},
            "compare two samples only once",
        ),
        ({"permutations": 399}, "at p_value_min 0.01: 400 or more"),
        ({"training": {"scoring": "in_sample"}}, "choose training.scoring k_fold"),
        ({"samples": {"zll": {"files": ["x"]}}}, "at least 2 items"),
    ],
)
def test_impossible_comparisons_are_refused(
    changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        AssumptionConfig(**config_of(**changes))


def test_samples_without_common_kinematics_are_refused(
    base: Path, tmp_path: Path
) -> None:
    config = AssumptionConfig(
        **config_of(
            strata={"jet_pt": 100, "jet_eta": 100, "recoil": 100},
            num_jets=20,
            comparisons=[["znunu", "zll"]],
        )
    )
    with pytest.raises(UserError, match="training needs signal region events"):
        AssumptionStudy(config, base=base).run(tmp_path)


def test_another_study_is_refused(tmp_path: Path, capsys) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("study: table\n", "utf-8")
    assert main(["study", str(path), "-o", str(tmp_path / "run")]) == 2
    told = capsys.readouterr().err
    assert "study must be tables, sensitivity, assumption, mixed" in told
    assert "got 'table'" in told
