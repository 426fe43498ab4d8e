"""The dijet search on a toy: a bump is found, nothing is not, closed stays closed."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from oddjet.cli.main import main
from oddjet.runs.errors import UserError
from oddjet.searches import Dijet, DijetConfig
from redrawing import assert_redrawn
from toy_dijets import TINY_DIJET, dijet_table, write_dijets

pytest.importorskip("iminuit", reason="needs the extra [stats]")
pytest.importorskip("torch", reason="needs the extra [train]")


@pytest.fixture(scope="module")
def with_bump(tmp_path_factory):
    directory = tmp_path_factory.mktemp("bump")
    write_dijets(directory, signal=500)
    (directory / "dijet.yaml").write_text(yaml.safe_dump(TINY_DIJET), "utf-8")
    assert (
        main(["search", str(directory / "dijet.yaml"), "-o", str(directory / "r")]) == 0
    )
    return directory


def results_of(directory):
    return json.loads((directory / "results.json").read_text("utf-8"))


def test_a_bump_is_found_where_it_is(with_bump):
    results = results_of(with_bump / "r")
    assert len(results["points"]) == 2 * 2  # windows, templates
    largest = results["largest"]
    assert (largest["low_gev"], largest["high_gev"]) == (2600, 3200)
    assert largest["significance"] > 5
    # Of 60,000 events a fifth is kept in the signal region, of the bump nearly all.
    for point in results["points"]:
        if point["low_gev"] == 2600:
            excess = point["observed"] - point["expected"]
            assert excess == pytest.approx(500, rel=0.3)
            assert point["fit_p_value"] > 0.05
    assert results["global"]["is_bound"]
    assert results["significance"]["sigma"] > 1.5
    assert results["p_value"] == pytest.approx(1 / 21)


def test_what_a_run_leaves(with_bump):
    page = (with_bump / "r" / "report.html").read_text("utf-8")
    assert "2600 to 3200 GeV" in page
    points = results_of(with_bump / "r")["points"]
    fitted = [point for point in points if point.get("fitted") is not None]
    closures = results_of(with_bump / "r")["templates"]
    assert page.count("<svg") == 1 + len(fitted) + len(closures) >= 3
    config = yaml.safe_load((with_bump / "r" / "config.yaml").read_text("utf-8"))
    assert config["ensemble"] == "median"


def test_templates_are_compared_with_the_sidebands(with_bump):
    """The simulation is off by a tenth of a standard deviation; SALAD mends it."""
    closures = results_of(with_bump / "r")["templates"]
    assert [(one["low_gev"], one["template"]) for one in closures] == [
        (2600, "salad"),
        (2900, "salad"),
    ]
    for one in closures:
        assert abs(one["auc"] - 0.5) < 4 * one["auc_error"]
        assert [each["feature"] for each in one["histograms"]] == ["a", "b"]


def test_trees_find_the_bump_too(with_bump, tmp_path):
    """And with the error of shared events, it stands out more than with Poisson's."""
    scan = {"first_gev": 2600, "last_gev": 3200}
    trees = {
        "learner": "trees",
        "trees": {"bagged": 2, "iterations": 30},
        "seeds": 3,
    }
    small = TINY_DIJET | {"scan": scan, "templates": ["sideband"]} | trees
    found = {}
    for error in ("poisson", "shared"):
        config = DijetConfig(**small, statistical_error=error)
        results = Dijet(config, base=with_bump).run(tmp_path / "r")
        (found[error],) = results["points"]
    assert found["poisson"]["dispersion"] == 1
    assert 0.2 < found["shared"]["dispersion"] < 1
    assert found["shared"]["significance"] > found["poisson"]["significance"] > 5
    assert found["shared"]["counts"] == found["poisson"]["counts"]
    # The trees are what they were: only the hunt is another.
    stages = (tmp_path / "r" / "tasks" / "stages").iterdir()
    done = [path.name.partition("-")[0] for path in stages]
    assert (done.count("networks"), done.count("hunt")) == (1, 2)
    # Sidebands are not compared with themselves.
    assert results["templates"] == []


def test_its_page_can_be_drawn_again(with_bump, tmp_path, capsys):
    assert_redrawn(with_bump / "r")
    assert "The largest excess of the scan" in capsys.readouterr().out
    run = shutil.copytree(with_bump / "r", tmp_path / "run")
    (run / "results.json").write_text(
        (run / "results.json").read_text("utf-8").replace('"seed": ', '"seed": 1'),
        "utf-8",
    )
    assert main(["report", str(run)]) == 2
    assert "has lost some of its stages" in capsys.readouterr().err


def test_a_finished_search_is_left_alone(with_bump):
    before = (with_bump / "r" / "results.json").read_bytes()
    log = (with_bump / "r" / "tasks" / "run.log").read_text()
    search = Dijet.from_yaml(with_bump / "dijet.yaml")
    search.run(with_bump / "r")
    assert (with_bump / "r" / "results.json").read_bytes() == before
    assert (with_bump / "r" / "tasks" / "run.log").read_text().count("done in") == (
        log.count("done in")
    )


def test_jobs_change_nothing(with_bump, tmp_path):
    scan = {"first_gev": 2600, "last_gev": 3200}
    small = TINY_DIJET | {"scan": scan, "templates": ["sideband"]}
    search = Dijet(DijetConfig(**small), base=with_bump)
    for jobs in (1, 2):
        search.run(tmp_path / str(jobs), jobs=jobs)
    one, two = ((tmp_path / n / "results.json").read_bytes() for n in ("1", "2"))
    assert one == two


@pytest.fixture(scope="module")
def without_bump(tmp_path_factory):
    directory = tmp_path_factory.mktemp("flat")
    write_dijets(directory)
    return directory


def test_nothing_is_found_where_there_is_nothing(without_bump):
    config = DijetConfig(**(TINY_DIJET | {"pseudo_experiments": 0}))
    results = Dijet(config, base=without_bump).run(without_bump / "r")
    z = [point["significance"] for point in results["points"]]
    assert len(z) == 4
    assert max(map(abs, z)) < 3.5
    assert results["significance"] is None


def test_data_stay_closed(without_bump):
    data = {"files": ["data.parquet"], "content": "table"}  # the role is data
    config = DijetConfig(**(TINY_DIJET | {"data": data, "templates": ["sideband"]}))
    search = Dijet(config, base=without_bump)
    results = search.run(without_bump / "closed")
    text = (without_bump / "closed" / "results.json").read_text("utf-8")
    assert results["blinded"]
    for point in results["points"]:
        inside = np.array([n is None for n in point["counts"]])
        assert inside.sum() == 10
        assert point["fit_p_value"] is not None
        assert "observed" not in point
    assert '"significance": null' in text
    opened = search.run(without_bump / "closed", unblind=True)
    assert opened["unblinded"]
    assert all(point["significance"] is not None for point in opened["points"])


def test_a_window_with_too_few_events_fails_and_the_others_go_on(without_bump):
    scan = {"first_gev": 2600, "last_gev": 5000, "step_gev": 1800}
    config = DijetConfig(**(TINY_DIJET | {"scan": scan, "templates": ["sideband"]}))
    results = Dijet(config, base=without_bump).run(without_bump / "few")
    first, second = results["points"]
    assert first["significance"] is not None
    assert second["significance"] is None
    reason = "4400-5000 GeV is outside the data: its signal region holds no event"
    assert reason in second["reason"]


def spoilt(table, name, rows, value):
    column = table[name].to_numpy().copy()
    column[rows] = value
    place = table.column_names.index(name)
    return table.set_column(place, name, pa.array(column))


@pytest.mark.parametrize("harm", ["nan", "copies"])
def test_bad_events_cost_their_windows_and_no_other(tmp_path, harm):
    """In 3.9 to 4.1 TeV, which only the second window holds in a sideband."""
    table = dijet_table(1, 40_000)
    mass = table["mass_jj"].to_numpy()
    rows = np.flatnonzero((mass > 3900) & (mass < 4100))
    if harm == "nan":
        table, reason = spoilt(table, "b", rows[:2], np.nan), "b of 2 events"
    else:
        table = pa.concat_tables([table, table.take(rows)])
        reason = f"{len(rows)} events of the window 2900-3500 GeV repeat the mass"
    pq.write_table(table, tmp_path / "data.parquet")
    config = TINY_DIJET | {"templates": ["sideband"], "simulation": None}
    results = Dijet(DijetConfig(**config), base=tmp_path).run(tmp_path / "r")
    first, second = results["points"]
    assert first["significance"] is not None
    assert second["status"] == "failed"
    assert second["reason"].startswith(reason)
    assert results["status"] == "ok"


def test_a_mass_that_is_no_number_is_an_error(tmp_path):
    pq.write_table(
        spoilt(dijet_table(1, 100), "mass_jj", [7], np.inf), tmp_path / "data.parquet"
    )
    config = TINY_DIJET | {"templates": ["sideband"], "simulation": None}
    with pytest.raises(UserError, match="mass_jj of event 7 of data is inf"):
        Dijet(DijetConfig(**config), base=tmp_path).run(tmp_path / "r")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"feature_sets": {"x": ["mass_jj"]}}, "must have features other than mass_jj"),
        ({"simulation": None}, "must name simulation, which the template salad"),
        ({"scan": {"first_gev": 4900, "last_gev": 5000}}, "no window of 600 GeV"),
    ],
)
def test_impossible_configurations_are_refused(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        DijetConfig(**(TINY_DIJET | change))


def test_wrong_columns_end_in_one_sentence(tmp_path, capsys):
    write_dijets(tmp_path, events=500)
    config = TINY_DIJET | {"feature_sets": {"tau": ["tau21"]}}
    (tmp_path / "dijet.yaml").write_text(yaml.safe_dump(config), "utf-8")
    code = main(["search", str(tmp_path / "dijet.yaml"), "-o", str(tmp_path / "r")])
    assert code == 2
    assert "data have no quantity tau21; they have mass_jj" in capsys.readouterr().err
    assert main(["search", str(tmp_path / "dijet.yaml"), "-o", "x", "--null"]) == 2
    assert "--null is for mono-jet searches" in capsys.readouterr().err


def test_init_and_check(tmp_path, capsys, without_bump):
    assert main(["init", "dijet", "-o", str(tmp_path / "new.yaml")]) == 0
    text = (tmp_path / "new.yaml").read_text("utf-8")
    assert "templates" in text
    assert "learner: networks" in text
    assert "bagged: 10" in text
    path = without_bump / "dijet.yaml"
    path.write_text(yaml.safe_dump(TINY_DIJET), "utf-8")
    capsys.readouterr()
    assert main(["check", str(path)]) == 0
    found = capsys.readouterr().out
    assert "2 windows from 2600 to 3500 GeV, 24 networks in 4 batches" in found
    assert "more" not in found
    path.write_text(yaml.safe_dump(TINY_DIJET | {"learner": "trees"}), "utf-8")
    assert main(["check", str(path)]) == 0
    assert "24 bags of trees in 4 batches" in capsys.readouterr().out
    bump = {"signal": TINY_DIJET["simulation"], "events": [5, 10]}
    more = {"validation": {"repeats": 3}, "injections": {"bump": bump}}
    path.write_text(yaml.safe_dump(TINY_DIJET | more), "utf-8")
    assert main(["check", str(path)]) == 0
    # Two windows x (2 x 3 samples), and one window x (2 + 1 sizes).
    found = capsys.readouterr().out
    assert "signal-bump: 1 file(s) of table" in found
    assert "injections: 180 networks in 30 batches more" in found
    gone = {"validation": {"control": {"files": ["gone.parquet"], "content": "table"}}}
    path.write_text(yaml.safe_dump(TINY_DIJET | gone), "utf-8")
    assert main(["check", str(path)]) == 2
    assert "gone.parquet" in capsys.readouterr().err


def test_the_toy_falls_as_dijets_do():
    mass = dijet_table(3, 20_000)["mass_jj"].to_numpy()
    assert 1900 <= mass.min() < mass.max() < 4300
    assert np.mean(mass < 2500) > 1.5 * np.mean(mass > 3000)
