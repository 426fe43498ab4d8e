"""The study of LundNet: from files of processes to areas at every signal."""

from __future__ import annotations

import csv

import awkward as ak
import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from oddjet.cli.main import main
from oddjet.deploy.scorer import Scorer
from oddjet.events import Events
from oddjet.io import read, write_events
from oddjet.learn.config import TrainingConfig
from oddjet.learn.folds import RESERVE, training_folds
from oddjet.learn.models.lund_config import LundNetConfig
from oddjet.runs.config import parse_config
from oddjet.runs.errors import UserError
from oddjet.select.svj import select_svj
from oddjet.stats.roc import ScoredJets, area_under_curve
from oddjet.studies.lund import LundStudy
from oddjet.studies.lund_config import LundStudyConfig
from redrawing import assert_redrawn
from toy_svj import toy_svj_events

STUDY = {
    "study": "lund",
    "seed": 4,
    "signal": [
        {"files": ["two.parquet"], "z_prime_mass_gev": 1000, "r_inv": 0.3},
        {"files": ["one.parquet"], "z_prime_mass_gev": 1500, "r_inv": 0.5},
        {"files": ["none.parquet"], "z_prime_mass_gev": 1500, "r_inv": 0.3},
    ],
    "background": {
        "qcd": {"files": ["qcd.parquet"]},
        "top": {"files": ["top.parquet"]},
    },
    "network": {"blocks": [[8, 8], [12]], "fusion": 16, "dense": 8},
    "training": {"epochs": 4, "batch_size": 64, "learning_rate": 5e-3},
}


def write_samples(folder):
    two = toy_svj_events(250, seed=1, prongs=2)
    write_events(folder / "two.parquet", [two])
    write_events(folder / "one.parquet", [toy_svj_events(120, seed=2)])
    quiet = toy_svj_events(20, seed=3).array
    quiet["met"] = ak.with_field(quiet.met, quiet.met.pt * 0.01, "pt")
    write_events(folder / "none.parquet", [Events(quiet, role="mc")])
    write_events(folder / "qcd.parquet", [toy_svj_events(400, seed=4, weight=3.0)])
    write_events(folder / "top.parquet", [toy_svj_events(150, seed=5, weight=0.5)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lund")
    write_samples(folder)
    (folder / "lund.yaml").write_text(yaml.safe_dump(STUDY), "utf-8")
    return folder


@pytest.fixture(scope="module")
def run(folder):
    output = folder / "run"
    assert main(["study", str(folder / "lund.yaml"), "-o", str(output)]) == 0
    return output


def test_its_page_can_be_drawn_again(run):
    assert_redrawn(run)


@pytest.fixture(scope="module")
def areas(run):
    with (run / "auc.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {
        (float(r["z_prime_mass_gev"]), float(r["r_inv"]), r["plane"]): r for r in rows
    }


def test_every_point_has_an_area_in_both_planes(areas):
    assert len(areas) == 6
    for plane in ("SP", "VP"):
        found = areas[1000, 0.3, plane]
        assert float(found["value"]) > 0.9
        assert 0 < float(found["error"]) < 0.05
        like_background = areas[1500, 0.5, plane]
        distance = float(like_background["value"]) - 0.5
        assert abs(distance) < 4 * float(like_background["error"])
        assert float(like_background["background_events_effective"]) > 50


def test_a_point_without_events_is_not_determined(run, areas):
    found = areas[1500, 0.3, "SP"]
    assert found["value"] == "nan"
    assert "got 0 jets" in found["reason"]
    table = (run / "table.md").read_text("utf-8")
    assert table.count("n. d.") == 2
    assert "| SP: m(Z') [GeV] | r_inv = 0.3 | r_inv = 0.5 |" in table
    page = (run / "report.html").read_text("utf-8")
    for plane in ("SP", "VP"):
        assert f"in the plane {plane}" in page


def test_scores_are_out_of_fold_and_give_the_areas(folder, run, areas):
    table = pq.read_table(run / "scores.parquet").to_pydict()
    process, inside = np.array(table["process"]), np.array(table["in_signal_plane"])
    qcd = read(folder / "qcd.parquet")
    found = select_svj(qcd)
    own = process == "qcd"
    assert own.sum() == found.mask.sum()
    np.testing.assert_array_equal(inside[own], found.in_signal_plane)
    scored = Scorer(run / "model.onnx").score(qcd[found.mask])
    ids = {name: np.array(table[f"id_{name}"]) for name in ("run", "lumi", "event")}
    fold = training_folds(ids, process != "mz1000_rinv0p3", folds=2)
    fold[process == "mz1500_rinv0p5"] = -9  # signal has no reserve
    np.testing.assert_array_equal(np.array(table["fold"])[own], fold[own])
    for event in np.flatnonzero(own)[:100]:
        at = event - np.flatnonzero(own)[0]
        jets = scored[at]
        expected = (
            jets.score.to_numpy()
            if fold[event] == RESERVE
            else jets.fold_scores[:, fold[event]].to_numpy()
        )
        got = [table["score_leading"][event], table["score_subleading"][event]]
        assert np.array(got, np.float32).tobytes() == expected.tobytes()
    score = np.stack([table["score_leading"], table["score_subleading"]], axis=1)
    weight = np.array(table["weight"])

    def jets_of(mask):
        columns = {name: np.repeat(column[mask], 2) for name, column in ids.items()}
        return ScoredJets(
            score[mask].ravel().astype(float), np.repeat(weight[mask], 2), columns
        )

    background = np.isin(process, ["qcd", "top"])
    area = area_under_curve(
        jets_of(inside & (process == "mz1000_rinv0p3")), jets_of(inside & background)
    )
    assert area.value == pytest.approx(float(areas[1000, 0.3, "SP"]["value"]), abs=1e-6)
    assert area.error == pytest.approx(float(areas[1000, 0.3, "SP"]["error"]), rel=1e-3)


def test_the_model_says_what_it_is_for(run):
    spec = Scorer(run / "model.onnx").spec
    assert (spec.radius, spec.pt_min_gev, spec.abs_eta_max, spec.num_jets) == (
        0.8,
        150.0,
        2.4,
        2,
    )


def test_cut_flows_of_every_process_and_plane(run):
    text = (run / "cutflow.csv").read_text("utf-8")
    with (run / "cutflow.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["region"] for row in rows} == {
        f"{name} {plane}"
        for name in ("mz1000_rinv0p3", "mz1500_rinv0p5", "mz1500_rinv0p3", "qcd", "top")
        for plane in ("SP", "VP")
    }
    assert "|delta eta| < 2.2 (SP)" in text
    first = next(row for row in rows if row["region"] == "qcd SP")
    assert first["events"] == "400"
    assert float(first["sum_weights"]) == pytest.approx(1200, rel=0.05)


def test_a_second_run_changes_nothing_and_is_up_to_date(folder, run, tmp_path):
    names = ("model.onnx", "scores.parquet", "auc.csv", "report.html", "cutflow.csv")
    before = {name: (run / name).read_bytes() for name in names}
    study = LundStudy.from_yaml(folder / "lund.yaml")
    study.run(run)
    assert all((run / name).read_bytes() == before[name] for name in names)
    write_samples(tmp_path)
    elsewhere = LundStudy(study.config, base=tmp_path)
    elsewhere.run(tmp_path / "other", jobs=2)
    for name in names:
        assert (tmp_path / "other" / name).read_bytes() == before[name]


def test_recorded_data_are_refused(folder, tmp_path):
    data = Events(toy_svj_events(5, seed=9).array, role="data")
    write_events(tmp_path / "data.parquet", [data])
    study = parse_config(LundStudyConfig, STUDY, source="a.yaml")
    files = {"files": (str(tmp_path / "data.parquet"),)}
    processes = dict(study.background) | {
        "top": study.background["top"].model_copy(update=files)
    }
    changed = study.model_copy(update={"background": processes})
    with pytest.raises(UserError, match=r"holds data, so .* cannot have the role mc"):
        LundStudy(changed, base=folder).run(tmp_path / "run")


def test_a_published_network_can_be_named():
    study = parse_config(LundStudyConfig, STUDY | {"network": "cms"}, source="a.yaml")
    assert study.network == LundNetConfig.cms()


def test_training_is_that_of_lundnet_but_for_what_is_given():
    study = parse_config(LundStudyConfig, STUDY, source="a.yaml")
    expected = TrainingConfig.lund_net(**STUDY["training"])
    assert study.training == expected
    assert expected.validation_fraction > 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"signal": []}, "signal must"),
        ({"signal": [STUDY["signal"][0]] * 2}, "mz1000_rinv0p3 comes twice"),
        ({"background": {"QCD": {"files": ["a"]}}}, "lower-case letters.* got 'QCD'"),
        ({"networc": {}}, "did you mean network"),
        ({"training": {"epoch": 3}}, "training.epoch is not .* mean training.epochs"),
        ({"network": "atlas"}, r"network must .* one of lundnet_5, lundnet_3, cms"),
    ],
)
def test_a_wrong_file_is_told(change, message):
    with pytest.raises(UserError, match=message):
        parse_config(LundStudyConfig, STUDY | change, source="lund.yaml")
