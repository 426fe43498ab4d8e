"""Known mixtures: drawn as configured, counted as they are."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from oddjet.cli.main import main
from oddjet.io import write_events
from oddjet.runs.errors import UserError
from oddjet.searches.tensors import JetTensors
from oddjet.studies.config import RowConfig, StudyConfig
from oddjet.studies.jets import read_jets
from oddjet.studies.mixtures import draw_mixture
from oddjet.studies.rows import JETS
from oddjet.studies.summary import among_permutations
from oddjet.studies.tables import TableStudy
from redrawing import assert_redrawn
from toy_collisions import TINY_SEARCH, toy_events


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("study")
    write_events(directory / "wide.parquet", [toy_events(900, seed=1)])
    write_events(directory / "other.parquet", [toy_events(100, seed=2)])
    write_events(directory / "narrow.parquet", [toy_events(0, 150, seed=3)])
    return directory


def study_of(*rows: dict[str, object], **more: object) -> dict[str, object]:
    return {
        "seed": 3,
        "signal": {"files": ["narrow.parquet"]},
        "background": {
            "wide": {"files": ["wide.parquet"]},
            "other": {"files": ["other.parquet"]},
        },
        "rest": "wide",
        "rows": list(rows),
        "cr_efficiency": 0.05,
        "network": TINY_SEARCH["network"],
        "training": TINY_SEARCH["training"],
        **more,
    }


def test_rows_are_what_they_say(base: Path, tmp_path: Path) -> None:
    rows = [
        {"name": "null", "n_sr": 250, "r_sr": {"other": 0.1}, "repeats": 2},
        {"name": "signal", "n_sr": 300, "n_cr": 400, "f_sr": 0.3},
    ]
    (base / "tables.yaml").write_text(yaml.safe_dump(study_of(*rows)), "utf-8")
    assert main(["study", str(base / "tables.yaml"), "-o", str(tmp_path)]) == 0
    assert_redrawn(tmp_path)
    found = json.loads((tmp_path / "study.json").read_text("utf-8"))
    first, second, signal = found["rows"]
    assert first["composition_sr"] == {"other": 25, "wide": 225}
    assert first["composition_cr"] == {"wide": 250}
    assert first["sigma"] != second["sigma"]
    assert signal["composition_sr"] == {"signal": 90, "wide": 210}
    assert (signal["n_sr_total"], signal["n_cr_total"]) == (300, 400)
    assert sum(signal["selected_sr"].values()) == signal["n_sr"]
    assert signal["selected_sr"]["signal"] > 0.7 * signal["n_sr"]
    assert sum(signal["selected_cr"].values()) == pytest.approx(0.05 * 400, abs=2)
    assert signal["sigma"] > 4
    assert found["summary"]["null"]["repeats"] == 2
    lines = (tmp_path / "table.md").read_text("utf-8").splitlines()
    assert len(lines) == 2 + 3
    assert "n_SR signal" in lines[0]
    page = (tmp_path / "report.html").read_text("utf-8")
    for words in (
        "As Tables 1-3",
        "As Tables 4 and 5",
        "Row signal, first repeat, as in Figs. 1-3.",
        f"Row signal, first repeat: the {signal['n_sr']:.0f} jets of the signal region",
        "Mean training loss of the networks of each row",
    ):
        assert words in page
    assert "null\N{NO-BREAK SPACE}(x2)" in page


def test_jets_of_a_row_are_those_that_were_counted(base: Path, tmp_path: Path) -> None:
    row = {"name": "a", "n_sr": 200, "f_sr": 0.3}
    found = TableStudy(StudyConfig(**study_of(row)), base=base).run(tmp_path)
    jets = read_jets(tmp_path / "stages" / "row-a-0" / JETS)
    signal = jets.in_signal_region
    assert np.count_nonzero(jets.selected & signal) == found["rows"][0]["n_sr"]
    for fold, threshold in enumerate(found["rows"][0]["thresholds"]):
        own = signal & (jets.fold == fold)
        above = jets.score[own] > np.float32(threshold)
        np.testing.assert_array_equal(above, jets.selected[own])
    # Signal jets are narrower, and those are selected.
    width = jets.observables["width"]
    assert width[jets.selected].mean() < 0.6 * width[~jets.selected].mean()


def test_a_finished_row_is_not_made_again(base: Path, tmp_path: Path) -> None:
    one = {"name": "a", "n_sr": 100}
    StudyConfig(**study_of(one))
    study = TableStudy(StudyConfig(**study_of(one)), base=base)
    study.run(tmp_path)
    made = (tmp_path / "stages" / "row-a-0" / "row.json").stat().st_mtime_ns
    more = StudyConfig(**study_of({**one, "repeats": 2}, {"name": "b", "n_sr": 80}))
    found = TableStudy(more, base=base).run(tmp_path)
    assert (tmp_path / "stages" / "row-a-0" / "row.json").stat().st_mtime_ns == made
    assert len(found["rows"]) == 3


def test_permuted_labels_hide_a_signal(base: Path, tmp_path: Path) -> None:
    row = {"name": "hidden", "n_sr": 300, "f_sr": 0.4, "permute": True, "repeats": 2}
    found = TableStudy(StudyConfig(**study_of(row)), base=base).run(tmp_path)
    assert max(found["summary"]["hidden"]["sigma"]) < 3.5
    assert 30 < found["rows"][0]["composition_sr"]["signal"] < 90


def test_a_row_has_its_place_among_permutations(base: Path, tmp_path: Path) -> None:
    row = {"name": "seen", "n_sr": 200, "f_sr": 0.5, "permutations": 3}
    null = {"name": "none", "n_sr": 60}
    study = TableStudy(StudyConfig(**study_of(row, null)), base=base)
    study.run(tmp_path)
    made = (tmp_path / "stages" / "row-seen-0" / "row.json").stat().st_mtime_ns
    more = StudyConfig(**study_of({**row, "permutations": 5}, null))
    found = TableStudy(more, base=base).run(tmp_path)
    assert (tmp_path / "stages" / "row-seen-0" / "row.json").stat().st_mtime_ns == made
    seen, none = found["rows"]
    assert seen["sigma"] > max(seen["permutation"]["sigma"])
    assert len(set(seen["permutation"]["sigma"])) > 1
    assert seen["permutation"]["p_value"] == pytest.approx(1 / 6)
    assert "permutation" not in none
    lines = (tmp_path / "table.md").read_text("utf-8").splitlines()
    assert lines[0].endswith("permutation p |")
    assert lines[2].endswith("0.167 |")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "networks trained anew on permuted labels" in page


def test_a_permutation_without_an_answer_is_no_excess() -> None:
    others = [{"sigma": value} for value in (None, 0.0, 3.0)]
    found = among_permutations({"sigma": 2.0}, others)
    assert found is not None
    assert found["p_value"] == pytest.approx(2 / 4)
    assert among_permutations({"sigma": None}, others) is None
    assert among_permutations({"sigma": 2.0}, others[:1]) is None


def test_other_files_can_stand_for_the_control_region(
    base: Path, tmp_path: Path
) -> None:
    config = StudyConfig(
        **study_of(
            {"name": "assumption", "n_sr": 200},
            control_background={"wide": {"files": ["narrow.parquet"]}},
        )
    )
    with pytest.raises(UserError, match=r"needs 200 selected events of wide, but its"):
        TableStudy(config, base=base).run(tmp_path)
    smaller = config.model_copy(update={"rows": (RowConfig(name="a", n_sr=140),)})
    assert TableStudy(smaller, base=base).run(tmp_path)["rows"][0]["sigma"] > 2


@pytest.mark.parametrize(
    ("row", "more", "sentence"),
    [
        ({"f_sr": 0.1}, {"signal": None}, "name the files of the signal, which row a"),
        ({"r_sr": {"tt": 0.1}}, {}, "the process tt of row a among background"),
        ({"r_cr": {"wide": 0.1}}, {}, "must leave the fraction of wide in row a"),
        ({}, {"rest": "zjet"}, "the process zjet, which fills up, among background"),
        ({}, {"control_background": {"z": {"files": ["x"]}}}, "control_background z"),
    ],
)
def test_impossible_rows_are_refused(
    row: dict[str, object], more: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        StudyConfig(**study_of({"name": "a", "n_sr": 100, **row}, **more))


def test_data_of_a_signal_region_stay_blind(base: Path, tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    write_events(path, [toy_events(100, seed=4, role="data")])
    background = {"wide": {"files": [str(path)]}, "other": {"files": ["other.parquet"]}}
    config = StudyConfig(**study_of({"name": "a", "n_sr": 40}, background=background))
    with pytest.raises(UserError, match=r"data\.parquet holds data, which a study"):
        TableStudy(config, base=base).run(tmp_path / "run")


def test_no_event_is_drawn_twice() -> None:
    count = 100
    values = np.arange(count, dtype=np.float32)[:, None, None]
    jets = JetTensors(values, np.ones((count, 1), bool), np.ones(count), {})
    mixture = draw_mixture({"z": jets}, {}, ({"z": 60}, {"z": 40}), 1)
    assert sorted(mixture.values[:, 0, 0].tolist()) == list(range(count))
    assert mixture.in_signal_region.sum() == 60
    with pytest.raises(UserError, match="needs 101 selected events of z"):
        draw_mixture({"z": jets}, {}, ({"z": 60}, {"z": 41}), 1)


def test_six_numbers_make_a_composition() -> None:
    row = RowConfig(
        name="table-5",
        n_sr=1_000_000,
        f_sr=0.01,
        r_sr={"ttbar": 0.035, "diboson": 0.02},
        r_cr={"ttbar": 0.028, "diboson": 0.016},
    )
    assert row.composition("sr", "zjet") == {
        "signal": 10_000, "ttbar": 34_650, "diboson": 19_800, "zjet": 935_550,
    }  # fmt: skip
    assert row.composition("cr", "zjet")["diboson"] == 16_000
