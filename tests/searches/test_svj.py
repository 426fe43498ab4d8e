"""The search for semi-visible jets on a toy: closes, sets limits, stays closed."""

from __future__ import annotations

import json
import shutil
from importlib import resources

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

import oddjet
from oddjet.cli.main import main
from oddjet.searches import Svj, SvjConfig
from oddjet.searches.svj_events import SvjEvents, part_of
from redrawing import assert_redrawn
from toy_svj_tables import TINY_SVJ, svj_table, write_svj

pytest.importorskip("torch", reason="needs the extra [train]")


def results_of(directory):
    return json.loads((directory / "results.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("svj")
    config = write_svj(folder, data_role="data")
    (folder / "svj.yaml").write_text(yaml.safe_dump(config), "utf-8")
    return folder


@pytest.fixture(scope="module")
def closed(folder):
    """A run with data that stay closed."""
    assert main(["search", str(folder / "svj.yaml"), "-o", str(folder / "closed")]) == 0
    return folder / "closed"


def test_the_prediction_closes_on_events_that_chose_nothing(closed):
    results = results_of(closed)
    assert results["status"] == "ok"
    for plane in ("SP", "VP"):
        binned = results["planes"][plane]["binned"]
        assert binned["status"] == "ok"
        assert 0.001 < binned["p_value"] < 0.999
    sp = results["planes"]["SP"]
    assert set(sp["closures"]) == {"qcd", "top", "total"}
    total = sp["closures"]["total"]
    assert abs(total["pull"]) < 4
    # All of the background is somewhere: 9 pb at 1 /fb, of which 2/3 are in the SP.
    expected = np.sum([sum(each) for each in sp["total"]["weight"].values()])
    assert expected == pytest.approx(9000 * 2 / 3, rel=0.1)
    assert results["working_point"]["broken_rules"] == []


def test_limits_are_below_the_signal_that_was_put_in(closed):
    results = results_of(closed)
    assert [point["name"] for point in results["points"]][:2] == [
        "mz1000_rinv0p3",
        "mz1000_rinv0p6",
    ]
    for point in results["points"]:
        low2, low1, median, high1, high2 = point["expected"]
        assert 0 < low2 < low1 < median < high1 < high2 < 1
        assert point["observed"] is None
        # About two standard deviations of the limit make the significance of mu = 1.
        assert point["expected_significance"] > 2
        assert 0 < point["signal_events"] < 2000
    for row in results["excluded"]:
        assert row["expected_gev"] == [[1000.0, 1500.0]]


def test_what_a_run_leaves(closed):
    for name in ("mz1000_rinv0p3", "mz1500_rinv0p6"):
        workspace = json.loads((closed / "workspaces" / f"{name}.json").read_text())
        assert len(workspace["channels"]) == 4
        assert "rateParam" in (closed / "cards" / f"{name}.txt").read_text()
    submission = (closed / "hepdata" / "submission.yaml").read_text("utf-8")
    assert len(list(yaml.safe_load_all(submission))) == 1 + 2  # an r_inv each
    page = (closed / "report.html").read_text("utf-8")
    for title in ("Does the prediction close?", "Boundaries", "Training of X and Y"):
        assert title in page
    assert page.count("<svg") == 3 + 2 + 2 + 1 + 1
    assert "Expected to be excluded" in page
    assert "Limits count it: their signal fills all four regions" in page
    config = yaml.safe_load((closed / "config.yaml").read_text("utf-8"))
    assert config["split"] == {"train": 0.4, "scan": 0.2}


def test_the_model_of_x_and_y_scores_events_and_knows_its_boundaries(folder, closed):
    scorer = oddjet.Scorer(closed / "networks.onnx")
    assert scorer.spec.columns == ("a", "b", "c")
    point = results_of(closed)["working_point"]
    cut = {name: scorer.bundle.threshold(name) for name in ("x", "y")}
    assert list(cut.values()) == [point["x_cut"], point["y_cut"]]
    data = pq.read_table(folder / "data.parquet").to_pydict()
    found = scorer.score({name: np.array(data[name]) for name in data})
    assert set(found.status.tolist()) == {"ok"}
    # Data are like the background: as many pass as the model says.
    inside = np.array(data["delta_eta"]) < 2.2
    for name, boundary in scorer.bundle.working_points.items():
        passing = np.mean(found[name].to_numpy()[inside] > cut[name])
        error = np.hypot(boundary.uncertainty, np.sqrt(passing / inside.sum()))
        assert abs(passing - boundary.efficiency) < 5 * error
        assert "neither training nor scan has seen" in boundary.measured_on
    # The table of the validation plane is that of the file.
    counted = results_of(closed)["data"]["VP"]["yields"]["weight"]["pass_pass"]
    passes = [found[name].to_numpy()[~inside] > cut[name] for name in cut]
    binned = (np.array(data["transverse_mass"])[~inside] < 3000) & passes[0] & passes[1]
    assert sum(counted) == np.count_nonzero(binned)
    facts = scorer.bundle.provenance
    assert facts["training.hidden"] == "16 16"
    assert float(facts["terms.R(X, Y)"]) > 0


def test_its_page_can_be_drawn_again(closed, tmp_path, capsys):
    assert_redrawn(closed)
    assert "Expected to be excluded" in capsys.readouterr().out
    run = shutil.copytree(closed, tmp_path / "run")
    (scan,) = (run / "tasks" / "stages").glob("scan-*")
    shutil.rmtree(scan)
    assert main(["report", str(run)]) == 2
    assert "has lost some of its stages" in capsys.readouterr().err


def test_what_simulation_misses_is_an_uncertainty_of_the_prediction(closed):
    results = results_of(closed)
    text = (closed / "workspaces" / "mz1000_rinv0p3.json").read_text("utf-8")
    sizes = {
        modifier["name"]: modifier["data"]["hi"] - 1
        for channel in json.loads(text)["channels"]
        for sample in channel["samples"]
        for modifier in sample["modifiers"]
        if modifier["type"] == "normsys"
    }
    assert sizes["luminosity"] == pytest.approx(0.016)
    assert "normalisation_top" in sizes
    for i, found in enumerate(results["planes"]["SP"]["binned"]["bins"]):
        # What is found over what is predicted multiplies the prediction.
        ratio = found["observed"] / found["prediction"]["predicted"]
        error = ratio**2 * found["non_closure_error"]
        expected = max(abs(ratio - 1), error, 0.02)
        assert sizes[f"non_closure_{i}"] == pytest.approx(expected)


def test_results_follow_their_schema(closed):
    jsonschema = pytest.importorskip("jsonschema")
    path = resources.files("oddjet.searches") / "svj_results.schema.json"
    schema = json.loads(path.read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(results_of(closed))


def test_data_stay_closed_but_for_the_validation_plane(folder, closed):
    results = results_of(closed)
    assert results["blinded"]
    assert not results["unblinded"]
    assert list(results["data"]) == ["VP"]
    delta_eta = pq.read_table(folder / "data.parquet")["delta_eta"].to_numpy()
    assert results["data"]["VP"]["events"] == np.count_nonzero(delta_eta >= 2.2)
    assert results["significance"] is None
    assert "unblinded" not in (closed / "run.log").read_text("utf-8")
    page = (closed / "report.html").read_text("utf-8")
    assert "closed until" in page


def test_unblinding_is_recorded_and_trains_nothing_again(folder, closed):
    trained = (closed / "networks.onnx").read_bytes()
    log = (closed / "tasks" / "run.log").read_text("utf-8")
    arguments = ["search", str(folder / "svj.yaml"), "-o", str(closed), "--unblind"]
    assert main(arguments) == 0
    results = results_of(closed)
    assert results["unblinded"]
    assert list(results["data"]) == ["SP", "VP"]
    assert "unblinded: the signal region" in (closed / "run.log").read_text("utf-8")
    assert (closed / "networks.onnx").read_bytes() == trained
    more = (closed / "tasks" / "run.log").read_text("utf-8")[len(log) :]
    made = [line for line in more.splitlines() if "done in" in line]
    assert len(made) == 1 + 4  # the data are counted, every limit is set again
    assert not any(" train-" in line for line in made)
    for point in results["points"]:
        assert point["observed"] > 0
        assert abs(point["significance"]) < 4  # data are background
    assert results["largest"] in {point["name"] for point in results["points"]}
    assert 0 < results["p_value"] < 1


def test_the_same_twice_byte_for_byte(folder, tmp_path):
    config = parsed(TINY_SVJ)
    for name in ("one", "two"):
        Svj(config, base=folder).run(tmp_path / name)
    for name in ("results.json", "networks.onnx", "report.html"):
        one, two = ((tmp_path / run / name).read_bytes() for run in ("one", "two"))
        assert one == two, name
    assert results_of(tmp_path / "one")["data"] is None


def parsed(config):
    return SvjConfig(**config)


def quick(**changes):
    training = TINY_SVJ["training"] | {"epochs": 2}
    return TINY_SVJ | {"training": training} | changes


def not_determined(config, folder, tmp_path):
    results = Svj(parsed(config), base=folder).run(tmp_path / "r")
    assert results["status"] == "not_determined"
    page = (tmp_path / "r" / "report.html").read_text("utf-8")
    assert "Not determined" in page
    for point in results["points"]:
        assert point["expected"] is None
        assert point["observed"] is None
    return results["reason"]


def test_a_scan_without_an_allowed_point(folder, tmp_path):
    rules = TINY_SVJ["scan"] | {"contamination_max": -1.0}
    reason = not_determined(quick(scan=rules), folder, tmp_path)
    assert "none of 81 working points keeps all rules" in reason


def test_a_constant_score(folder, tmp_path):
    flat = svj_table(1, 3000, total=6.0).set_column(2, "flat", [np.ones(3000)])
    samples = {"qcd": flat}
    for name in ("top", *(f"mz{m}_{r}" for m in (1000, 1500) for r in (0.3, 0.6))):
        table = pq.read_table(folder / f"{name}.parquet")
        samples[name] = table.append_column("flat", [np.ones(len(table))])
    for name, table in samples.items():
        pq.write_table(table, tmp_path / f"{name}.parquet")
    training = {"hidden": [4], "epochs": 2, "steps": 1, "batch_events": None,
                "method": "fixed_weights"}  # fmt: skip
    config = quick(features=["flat"], terms="given", training=training)
    reason = not_determined(config, tmp_path, tmp_path)
    assert "is constant on the background" in reason


def test_bins_without_control_events(folder, tmp_path):
    edges = [650, 1500, 20_000, 30_000]
    reason = not_determined(quick(mass_edges_gev=edges), folder, tmp_path)
    assert "keeps all rules" in reason
    assert "every bin is determined: 0" in reason


def test_weights_that_sum_to_less_than_nothing(folder, tmp_path):
    for path in folder.glob("*.parquet"):
        table = pq.read_table(path)
        if path.stem == "top":
            place = table.column_names.index("weight")
            table = table.set_column(place, "weight", [-table["weight"].to_numpy()])
        pq.write_table(table, tmp_path / path.name)
    reason = not_determined(quick(), tmp_path, tmp_path)
    assert "the weights of top sum to" in reason


def test_a_signal_that_never_passes_leaves_the_others(folder, tmp_path):
    for path in folder.glob("*.parquet"):
        table = pq.read_table(path)
        if path.stem == "mz1500_0.6":
            place = table.column_names.index("transverse_mass")
            below = [np.full(len(table), 100.0)]
            table = table.set_column(place, "transverse_mass", below)
        pq.write_table(table, tmp_path / path.name)
    results = Svj(parsed(TINY_SVJ), base=tmp_path).run(tmp_path / "r")
    *others, last = results["points"]
    assert results["status"] == "ok"
    assert all(point["status"] == "ok" for point in others)
    assert last["status"] == "not_determined"
    assert "its efficiency is zero" in last["reason"]
    assert "its efficiency is zero" in (tmp_path / "r" / "report.html").read_text()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"mass_edges_gev": [650, 600]}, "must ascend in mass_edges_gev"),
        ({"signal": [TINY_SVJ["signal"][0]] * 2}, "mz1000_rinv0p3 comes twice"),
        ({"tagger": {}}, "must have tagger: null where files are tables"),
        ({"split": {"train": 0.8, "scan": 0.2}}, "must leave events to quote"),
        ({"background": {"total": {"files": ["a"]}}}, "none of them total"),
        ({"features": ["a", "a"]}, "must name each of features once"),
        ({"features": ["a", "jet pt"]}, "must name each of features once"),
        ({"training": {"y_variable": "m"}}, "must leave training.y_variable empty"),
        ({"training": {"method": "fixed_weights"}}, "must have terms: given"),
    ],
)
def test_impossible_configurations_are_refused(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        SvjConfig(**(TINY_SVJ | change))


def test_wrong_files_and_options_end_in_one_sentence(folder, tmp_path, capsys):
    def code_of(change, *options):
        path = folder / "wrong.yaml"
        path.write_text(yaml.safe_dump(TINY_SVJ | change), "utf-8")
        return main(["search", str(path), "-o", str(tmp_path / "r"), *options])

    assert code_of({"features": ["tau21"]}) == 2
    assert "the events of qcd have no quantity tau21" in capsys.readouterr().err
    assert code_of({}, "--unblind") == 2
    assert "--unblind opens data, and the configuration names none" in (
        capsys.readouterr().err
    )
    assert code_of({}, "--null") == 2
    assert "is a semi-visible jet search" in capsys.readouterr().err
    assert not (tmp_path / "r" / "results.json").exists()


def test_init_and_check(folder, tmp_path, capsys):
    assert main(["init", "svj", "-o", str(tmp_path / "new.yaml")]) == 0
    assert "mass_edges_gev" in (tmp_path / "new.yaml").read_text("utf-8")
    capsys.readouterr()
    assert main(["check", str(folder / "svj.yaml")]) == 0
    found = capsys.readouterr().out
    assert "qcd: 1 file(s) of table" in found
    assert "4 limits in 3 bins of M_T; to train: 0 LundNet" in found


def test_a_weight_that_is_no_number_is_refused(folder, tmp_path, capsys):
    for path in folder.glob("*.parquet"):
        table = pq.read_table(path)
        if path.stem == "top":
            place = table.column_names.index("weight")
            weight = table["weight"].to_numpy().copy()
            weight[7] = np.nan
            table = table.set_column(place, "weight", [weight])
        pq.write_table(table, tmp_path / path.name)
    (tmp_path / "svj.yaml").write_text(yaml.safe_dump(TINY_SVJ), "utf-8")
    assert main(["search", str(tmp_path / "svj.yaml"), "-o", str(tmp_path / "r")]) == 2
    assert "the weight of event 7 of the top is nan" in capsys.readouterr().err


def test_rows_of_different_tables_are_different_events(closed):
    (place,) = (closed / "tasks" / "stages").glob("events-*")
    events = SvjEvents.read(place / "events.npz")
    assert len(np.unique(events.source)) == len(events)
    history = json.loads(
        next((closed / "tasks" / "stages").glob("train-*/history.json")).read_text()
    )
    here = (events.part == 0) & ~events.is_signal
    weight = events.whole_weight("train")[here]
    effective = weight.sum() ** 2 / (weight**2).sum()
    assert history["effective_background"] == pytest.approx(effective)


def test_copies_of_an_event_stay_in_one_part():
    source = np.repeat(np.arange(4000, dtype=np.uint64), 2)
    part = part_of(source, train=0.4, scan=0.2)
    np.testing.assert_array_equal(part[::2], part[1::2])
    shares = np.bincount(part) / len(part)
    np.testing.assert_allclose(shares, [0.4, 0.2, 0.4], atol=0.03)
