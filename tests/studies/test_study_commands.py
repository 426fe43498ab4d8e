"""`oddjet init` and `check` of studies, and a study on a cluster."""

from __future__ import annotations

import json

import pytest
import yaml

from oddjet.cli.main import main
from oddjet.io.writers.parquet import write_events
from oddjet.runs.config import load_yaml
from oddjet.studies.hunting import HuntingStudy
from redrawing import assert_redrawn
from toy_higgs_pairs import toy_higgs_pairs

NAMES = ["pt_h1", "eta_h1", "delta_r_h1"]


@pytest.fixture
def samples(tmp_path):
    for seed, name in enumerate(("signal", "background"), start=1):
        events = toy_higgs_pairs(400, seed=seed, signal=name == "signal")
        write_events(tmp_path / f"{name}.parquet", [events])
    return {name: {"files": [f"{name}.parquet"]} for name in ("signal", "background")}


@pytest.mark.parametrize("name", ["mixed", "hunting", "images"])
def test_a_configuration_to_fill_in(name, samples, tmp_path, capsys):
    path = tmp_path / f"{name}.yaml"
    assert main(["init", name, "-o", str(path)]) == 0
    content = load_yaml(path)
    assert content["study"] == name
    assert main(["check", str(path)]) == 2  # no files yet
    assert "signal.files" in capsys.readouterr().err
    filled = content | {
        key: content[key] | samples[key] for key in ("signal", "background")
    }
    if name == "hunting":
        filled["signal_events"] = 20
    path.write_text(yaml.safe_dump(filled), "utf-8")
    assert main(["check", str(path)]) == 0
    shown = capsys.readouterr().out
    assert f"a valid study: {name}" in shown
    assert "trainings in" in shown
    assert main(["init", name, "-o", str(path)]) == 2


@pytest.mark.parametrize("name", ["tables", "sensitivity", "assumption", "lund"])
def test_a_configuration_that_only_lacks_files(name, tmp_path, capsys):
    path = tmp_path / f"{name}.yaml"
    assert main(["init", name, "-o", str(path)]) == 0
    text = path.read_text("utf-8")
    # What is to be decided comes before what all studies share.
    assert text.index(f"study: {name}") < text.index("files: []")
    assert text.index("files: []") < text.index("selection:")
    assert main(["check", str(path)]) == 2
    assert "files must have at least 1 item" in capsys.readouterr().err


@pytest.mark.usefixtures("dask_processes")
def test_a_study_on_a_cluster_is_the_study_alone(samples, tmp_path, capsys):
    pytest.importorskip("distributed", reason="needs the extra [dask]")
    config = samples | {
        "study": "mixed", "features": NAMES, "events": 100, "test_events": 50,
        "repeats": 1, "fractions": [0.0, 1.0],
        "classifier": {"hidden": [8], "dropout": 0.0, "epochs": 3},
    }  # fmt: skip
    path = tmp_path / "mixed.yaml"
    path.write_text(yaml.safe_dump(config), "utf-8")
    for name, further in (("alone", []), ("cluster", ["--dask", "local"])):
        assert main(["study", str(path), "-o", str(tmp_path / name), *further]) == 0
    alone, cluster = (
        (tmp_path / name / "study.json").read_bytes() for name in ("alone", "cluster")
    )
    assert alone == cluster
    assert_redrawn(tmp_path / "cluster")
    config = tmp_path / "cluster" / "config.yaml"
    config.write_text(config.read_text("utf-8").replace("seed: 1", "seed: 2"), "utf-8")
    assert main(["report", str(tmp_path / "cluster")]) == 2
    assert "is not what its page was made with" in capsys.readouterr().err
    assert len(json.loads(alone)["points"]) == 2


def test_what_was_not_determined_is_no_number(samples, tmp_path):
    """A cut that keeps one of a thousand has no improvement on fifty events."""
    config = samples | {
        "study": "hunting", "features": NAMES, "drop": "none", "repeats": 1,
        "windows": {
            "variable": "mass_hh", "signal_region": [300, 550],
            "sidebands": [[100, 300], [550, 900]],
        },
        "signal_events": 20, "times": [1], "test_events": 50,
        "background_efficiencies": [0.001],
        "classifier": {"hidden": [8], "dropout": 0.0, "epochs": 3},
    }  # fmt: skip
    path = tmp_path / "hunting.yaml"
    path.write_text(yaml.safe_dump(config), "utf-8")
    found = HuntingStudy.from_yaml(path).run(tmp_path / "run")
    (point,) = found["points"]
    assert point["repeats"][0]["improvement_0.001"] is None
    assert point["summary"]["after_0.001"]["mean"] is None
    assert "not determined" in found["table"]
