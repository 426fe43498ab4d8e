"""The search for semi-visible jets on events: selection, LundNet, scores of data."""

from __future__ import annotations

import csv
import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from oddjet.cli.main import main
from oddjet.deploy.scorer import Scorer
from oddjet.io import read, write_events
from oddjet.select.svj import select_svj
from toy_svj import toy_svj_events

pytest.importorskip("torch", reason="needs the extra [train]")
pytest.importorskip("onnxruntime", reason="needs the extra [onnx]")

CONFIG = {
    "search": "svj",
    "seed": 4,
    "luminosity_ifb": 1.0,
    "background": {
        "qcd": {"files": ["qcd.parquet"], "scale": 0.5},
        "top": {"files": ["top.parquet"], "uncertainty": 0.1},
    },
    "signal": [
        {"files": ["two.parquet"], "z_prime_mass_gev": 1000, "r_inv": 0.3,
         "cross_section_pb": 2.0},
    ],
    "data": {"files": ["data.parquet"]},
    "tagger": {
        "network": {"blocks": [[8, 8], [12]], "fusion": 16, "dense": 8},
        "training": {"epochs": 3, "batch_size": 64, "learning_rate": 5e-3},
    },
    "mass_edges_gev": [650, 20_000],
    "training": {"hidden": [8], "epochs": 20, "steps": 4, "batch_events": None,
                 "learning_rate": 2e-2},
    # The jets of both classes differ by the score of LundNet alone.
    "scan": {"cuts": 9, "lowest_cut": 0.01, "highest_cut": 0.05, "p_value_min": 0.0,
             "plateau": 0, "non_closure_max": 10, "pull_max": 100,
             "contamination_max": 100},
    "scan_variances": "simulation",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("svj")
    for name, count, options in (
        ("two", 240, {"seed": 1, "prongs": 2}),
        ("qcd", 500, {"seed": 4, "weight": 3.0}),
        ("top", 200, {"seed": 5, "weight": 0.5}),
        ("data", 90, {"seed": 6}),
    ):
        write_events(folder / f"{name}.parquet", [toy_svj_events(count, **options)])
    (folder / "svj.yaml").write_text(yaml.safe_dump(CONFIG), "utf-8")
    return folder


@pytest.fixture(scope="module")
def run(folder):
    output = folder / "run"
    assert main(["search", str(folder / "svj.yaml"), "-o", str(output)]) == 0
    return output


def test_jets_are_tagged_and_the_search_has_an_answer(run):
    results = json.loads((run / "results.json").read_text("utf-8"))
    assert results["status"] == "ok", results.get("reason")
    planes = {row["plane"]: float(row["value"]) for row in results["areas"]}
    assert planes["SP"] > 0.9
    (point,) = results["points"]
    # 2 pb at 1 /fb, of which two thirds are in the signal plane.
    assert 0 < point["signal_events"] < 2000
    page = (run / "report.html").read_text("utf-8")
    assert "LundNet, jet by jet" in page
    assert "Two fat jets" in page or "two fat jets" in page


def test_weights_become_expected_events(folder, run):
    (place,) = (run / "tasks" / "stages").glob("events-*")
    with np.load(place / "events.npz") as stored:
        weight, process = stored["weight"], stored["process"]
        features = stored["features"]
    qcd, two = read(folder / "qcd.parquet"), read(folder / "two.parquet")
    passed = select_svj(qcd).mask
    # Picobarn times half, times 1000 /pb.
    expected = 500 * qcd.weight.to_numpy()[passed].sum()
    assert weight[process == 0].sum() == pytest.approx(expected)
    passed = select_svj(two).mask
    share = two.weight.to_numpy()[passed].sum() / two.weight.to_numpy().sum()
    assert weight[process == 2].sum() == pytest.approx(2000 * share)
    scores = pq.read_table(run / "lund" / "stages" / "measure" / "scores.parquet")
    own = np.array([name == "qcd" for name in scores["process"].to_pylist()])
    leading = scores["score_leading"].to_numpy()[own]
    np.testing.assert_array_equal(features[process == 0][:, -2], leading)
    assert features.shape[1] == 10 + 2


def test_data_are_scored_in_the_validation_plane_only(folder, run):
    data = read(folder / "data.parquet")
    found = select_svj(data)
    (place,) = (run / "stages").glob("score-data-*")
    with np.load(place / "data_scores.npz") as stored:
        leading, subleading = stored["score_leading"], stored["score_subleading"]
    assert place.name == "score-data-vp"
    np.testing.assert_array_equal(np.isnan(leading), found.in_signal_plane)
    np.testing.assert_array_equal(np.isnan(subleading), found.in_signal_plane)
    chosen = data[found.mask][~found.in_signal_plane]
    jets = Scorer(run / "model.onnx").score(chosen)
    expected = jets.score[:, 0].to_numpy()
    np.testing.assert_array_equal(leading[~found.in_signal_plane], expected)


def test_the_cut_flow_does_not_tell_the_signal_plane_of_data(folder, run):
    with (run / "cutflow.csv").open() as file:
        rows = list(csv.DictReader(file))
    own = [row for row in rows if row["region"] == "data"]
    assert [row["name"] for row in own] == ["all events", "validation plane, all cuts"]
    found = select_svj(read(folder / "data.parquet"))
    assert int(own[1]["events"]) == np.count_nonzero(~found.in_signal_plane)
    assert len([row for row in rows if row["region"] == "qcd"]) == 6


def test_unblinding_scores_the_signal_plane_and_is_recorded(folder, run):
    data = read(folder / "data.parquet")
    inside = select_svj(data).in_signal_plane
    before = {
        path: path.read_bytes() for path in (run / "model.onnx", run / "networks.onnx")
    }
    assert "unblinded" not in (run / "run.log").read_text("utf-8")
    opened = shutil.copytree(run, folder / "opened")
    arguments = ["search", str(folder / "svj.yaml"), "-o", str(opened), "--unblind"]
    assert main(arguments) == 0
    results = json.loads((opened / "results.json").read_text("utf-8"))
    assert results["unblinded"]
    assert not results["blinded"]
    counted = {plane: each["events"] for plane, each in results["data"].items()}
    assert counted == {
        "SP": np.count_nonzero(inside),
        "VP": np.count_nonzero(~inside),
    }
    (line,) = (
        line
        for line in (opened / "run.log").read_text("utf-8").splitlines()
        if "unblinded: the signal region" in line
    )
    assert line[:4].isdigit()  # when
    # Now both planes have scores; where there were some, they are the same.
    found = {}
    for name in ("score-data-vp", "score-data-sp-vp"):
        (place,) = (opened / "stages").glob(name)
        with np.load(place / "data_scores.npz") as stored:
            found[name] = stored["score_leading"]
    assert np.isfinite(found["score-data-sp-vp"]).all()
    np.testing.assert_array_equal(
        found["score-data-sp-vp"][~inside], found["score-data-vp"][~inside]
    )
    for path, content in before.items():
        assert (opened / path.name).read_bytes() == content
    (point,) = results["points"]
    assert point["observed"] > 0
