"""The smallest signal that is found, through the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from oddjet.cli.main import main
from oddjet.io import write_events
from oddjet.studies.sensitivity_config import SensitivityConfig
from redrawing import assert_redrawn
from toy_collisions import TINY_SEARCH, toy_events


def config_of(**changes: object) -> dict[str, object]:
    return {
        "study": "sensitivity",
        "seed": 3,
        "signal": {"files": ["narrow.parquet"]},
        "background": {"wide": {"files": ["wide.parquet"]}},
        "rest": "wide",
        "cr_efficiency": 0.05,
        "n_sr": 300,
        "injected": [0, 60, 140],
        "repeats": 2,
        "levels": [3, 30],
        "network": TINY_SEARCH["network"],
        "training": TINY_SEARCH["training"],
        **changes,
    }


def test_the_curve_gives_the_smallest_signal(tmp_path: Path) -> None:
    write_events(tmp_path / "wide.parquet", [toy_events(700, seed=1)])
    write_events(tmp_path / "narrow.parquet", [toy_events(0, 200, seed=2)])
    path, run = tmp_path / "sensitivity.yaml", tmp_path / "run"
    path.write_text(yaml.safe_dump(config_of()), "utf-8")
    assert main(["study", str(path), "-o", str(run)]) == 0
    assert_redrawn(run)
    found = json.loads((run / "study.json").read_text("utf-8"))
    curve = found["sensitivity"]["curve"]
    assert [point["injected"] for point in curve] == [0, 60, 140]
    assert [point["repeats"] for point in curve] == [2, 2, 2]
    assert curve[0]["median"] < 3 < curve[2]["median"]
    assert found["rows"][2]["composition_sr"] == {"signal": 60, "wide": 240}
    smallest = found["sensitivity"]["smallest"]
    assert 0 < smallest["3"]["signal"] < 140
    assert smallest["30"] is None
    table = (run / "table.md").read_text("utf-8")
    assert "| 30 | not reached |  |" in table
    page = (run / "report.html").read_text("utf-8")
    assert "injected\N{NON-BREAKING HYPHEN}140" in page
    assert "Selected and rejected jets" in page


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"injected": [0, 400]}, r"no more events \(400\) than the signal region"),
        ({"injected": [60, 0]}, "must have rising numbers of injected events"),
        ({"signal": None}, "name the files of the signal, which row injected-60 has"),
        ({"r_cr": {"tt": 0.1}}, "must have the process tt of row injected-0"),
    ],
)
def test_impossible_injections_are_refused(
    changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        SensitivityConfig(**config_of(**changes))
