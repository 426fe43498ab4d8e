"""Bad input: one clear sentence, exit code 2, nothing half-written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from oddjet.cli.main import main
from oddjet.deploy.scorer import Scorer
from oddjet.events import Events
from oddjet.features import FeatureSpec
from oddjet.io import read, write_events
from oddjet.runs.errors import UserError
from toy_collisions import TINY_SEARCH, toy_events

# What a run that failed may leave: finished stages, its log and its lock.
KEPT = ("stages", "run.log", ".lock")

Search = Callable[..., tuple[int, str]]


@pytest.fixture
def search(samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Search:
    """Run `oddjet search` on a configuration; give exit code and error output."""

    def run(**changes: object) -> tuple[int, str]:
        config = {
            **TINY_SEARCH,
            "signal_region": {"files": [str(samples / "sr.parquet")]},
            "control_region": {"files": [str(samples / "cr.parquet")]},
            **changes,
        }
        path = tmp_path / "search.yaml"
        path.write_text(yaml.safe_dump(config), "utf-8")
        capsys.readouterr()
        code = main(["search", str(path), "-o", str(tmp_path / "run")])
        return code, capsys.readouterr().err

    return run


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1]


def nothing_published(tmp_path: Path) -> bool:
    run = tmp_path / "run"
    if not run.exists():
        return True
    left = {path.name for path in run.rglob("*") if path.is_file()}
    whole = all(".tmp" not in name for name in left)
    return whole and {path.name for path in run.iterdir()} <= {*KEPT}


def control_file(path: Path) -> dict[str, object]:
    return {"control_region": {"files": [str(path)]}}


def spoilt(field: str, value: float) -> Events:
    """Events of which the particle 3 of event 7 is wrong."""
    events = toy_events(20, seed=9)
    counts = ak.num(events.particles.pt)
    flat = ak.to_numpy(ak.flatten(events.particles[field])).copy()
    flat[7 * int(counts[0]) + 3] = value
    particles = ak.with_field(events.particles, ak.unflatten(flat, counts), field)
    array = ak.with_field(events.array, particles, "particles")
    return Events.unchecked(array, role="mc")


def test_a_missing_file(search: Search, tmp_path: Path) -> None:
    code, error = search(**control_file(tmp_path / "lost.parquet"))
    assert code == 2
    assert f"there is no file {tmp_path / 'lost.parquet'}" in error
    assert nothing_published(tmp_path)


@pytest.mark.parametrize("size", [0, 3, 1000])
def test_an_empty_or_truncated_file(
    search: Search, samples: Path, tmp_path: Path, size: int
) -> None:
    path = tmp_path / "broken.parquet"
    path.write_bytes((samples / "cr.parquet").read_bytes()[:size])
    code, error = search(**control_file(path))
    assert code == 2
    assert str(path) in last_line(error)
    assert "Traceback" not in error
    assert nothing_published(tmp_path)


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("pt", np.nan, "not a finite number"),
        ("pt", -1.0, "negative"),
        ("eta", np.inf, "not a finite number"),
    ],
)
def test_a_momentum_that_is_none(
    search: Search, tmp_path: Path, field: str, value: float, problem: str
) -> None:
    path = tmp_path / "bad.parquet"
    write_events(path, [spoilt(field, value)])
    code, error = search(**control_file(path))
    assert code == 2
    assert f"particles.{field} of entry 7 of {path} is {problem}" in error
    assert nothing_published(tmp_path)


def test_a_bad_event_is_counted_and_not_selected(
    search: Search, samples: Path, tmp_path: Path
) -> None:
    path = tmp_path / "bad.parquet"
    write_events(path, [spoilt("pt", np.nan)])
    files = [str(samples / "cr.parquet"), str(path)]
    code, error = search(control_region={"files": files}, on_bad_event="flag")
    assert code == 0, error
    text = (tmp_path / "run" / "cutflow.csv").read_text("utf-8")
    rows = [line.split(",") for line in text.splitlines() if "control" in line]
    (before,) = [row for row in rows if "all events" in row]
    (usable,) = [row for row in rows if "usable momenta" in row]
    assert int(before[2]) == len(read(files, check=False))
    assert int(usable[2]) == int(before[2]) - 1


def test_a_sample_in_which_no_event_has_a_jet(search: Search, tmp_path: Path) -> None:
    events = toy_events(30, seed=9)
    empty = ak.with_field(events.array, events.particles[:, :0], "particles")
    path = tmp_path / "empty.parquet"
    write_events(path, [Events(empty, role="mc")])
    code, error = search(**control_file(path))
    assert code == 2
    assert "no event of the control region" in error
    assert "at the cut 'at least one jet'" in last_line(error)
    assert nothing_published(tmp_path)


def test_a_control_region_without_events(search: Search, tmp_path: Path) -> None:
    path = tmp_path / "none.parquet"
    write_events(path, [toy_events(10, seed=9)[:0]])
    code, error = search(**control_file(path))
    assert code == 2
    assert f"the control region holds no events ({path})" in last_line(error)
    assert nothing_published(tmp_path)


def test_events_without_what_the_selection_needs(
    search: Search, tmp_path: Path
) -> None:
    path = tmp_path / "no_met.parquet"
    write_events(path, [toy_events(10, seed=9).without("met")])
    code, error = search(**control_file(path))
    assert code == 2
    sentence = f"the control region ({path}): the mono-jet selection needs `met`"
    assert sentence in last_line(error)


def test_leptons_without_flavour(search: Search, tmp_path: Path) -> None:
    events = toy_events(10, seed=9)
    kept = [name for name in events.leptons.fields if name != "flavour"]
    array = ak.with_field(events.array, events.leptons[kept], "leptons")
    path = tmp_path / "flavourless.parquet"
    write_events(path, [Events(array, role="mc")])
    code, error = search(**control_file(path))
    assert code == 2
    assert "the mono-jet selection needs `leptons.flavour`" in last_line(error)


def test_a_particle_that_no_kernel_accepts(search: Search, tmp_path: Path) -> None:
    path = tmp_path / "tachyon.parquet"
    write_events(path, [spoilt("mass", -100.0)])
    code, error = search(**control_file(path))
    assert code == 2
    assert f"the control region ({path}): cluster: " in last_line(error)
    assert nothing_published(tmp_path)


def test_regions_that_share_a_file(search: Search, samples: Path) -> None:
    code, error = search(**control_file(samples / "sr.parquet"))
    assert code == 2
    assert "the two regions must not share events" in last_line(error)


def test_data_cannot_be_called_something_else(search: Search, tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    write_events(path, [toy_events(10, seed=9, role="data")])
    code, error = search(signal_region={"files": [str(path)], "role": "mc"})
    assert code == 2
    assert f"{path} holds data, so its region cannot have the role mc" in error


@pytest.mark.parametrize("closed", [True, False])
def test_a_closed_region_tells_no_numbers(
    search: Search, tmp_path: Path, closed: bool
) -> None:
    path = tmp_path / "data.parquet"
    role = "data" if closed else "mc"
    write_events(path, [toy_events(123, seed=9, role=role)])
    code, error = search(
        signal_region={"files": [str(path)]}, selection={"delta_phi_min": 3.14159}
    )
    assert code == 2
    assert ("123" in last_line(error)) == (not closed)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sed": 1}, "sed is not a known key; did you mean seed?"),
        (
            {"training": {"epoch": 3}},
            "training.epoch is not a known key; did you mean training.epochs?",
        ),
        ({"counting": {"cr_efficiency": 2}}, "counting.cr_efficiency must be"),
        ({"selection": {"leading_jet_abs_eta_max": -1}}, "leading_jet_abs_eta_max"),
        ({"features": {"features": ["mass"]}}, "unknown features mass"),
        ({"signal_region": {"files": []}}, "signal_region.files is empty"),
        ({"training": "2024-13-01"}, "training must be"),
    ],
)
def test_an_impossible_configuration(
    search: Search, tmp_path: Path, changes: dict[str, object], sentence: str
) -> None:
    code, error = search(**changes)
    assert code == 2
    assert sentence in last_line(error)
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "run" / "stages").exists()


def test_an_impossible_selection(search: Search, tmp_path: Path) -> None:
    code, error = search(selection={"met_min_gev": 1e6})
    assert code == 2
    assert "at the cut 'MET > 1e+06 GeV'" in last_line(error)
    assert nothing_published(tmp_path)


def test_a_region_too_small_to_train_on(search: Search, tmp_path: Path) -> None:
    path = tmp_path / "one.parquet"
    write_events(path, [toy_events(1, seed=9)])
    code, error = search(**control_file(path))
    assert code == 2
    assert "control" in last_line(error)
    assert nothing_published(tmp_path)


def test_a_bundle_for_other_features(search: Search, tmp_path: Path) -> None:
    assert search()[0] == 0
    model = tmp_path / "run" / "model.onnx"
    with pytest.raises(UserError, match=r"radius is 1\.0 here and 0\.8 there"):
        Scorer(model, expected_spec=FeatureSpec(radius=1.0))


def test_truncated_columns_are_found(
    search: Search, samples: Path, tmp_path: Path
) -> None:
    """A file with a sound footer and damaged pages."""
    path = tmp_path / "damaged.parquet"
    content = bytearray((samples / "cr.parquet").read_bytes())
    start = pq.ParquetFile(samples / "cr.parquet").metadata.row_group(0).column(0)
    offset = start.dictionary_page_offset or start.data_page_offset
    content[offset : offset + 200] = bytes(200)
    path.write_bytes(content)
    code, error = search(**control_file(path))
    assert code == 2
    assert str(path) in last_line(error)
    assert nothing_published(tmp_path)


def test_a_good_run_survives_a_bad_one(search: Search, tmp_path: Path) -> None:
    assert search()[0] == 0
    before = (tmp_path / "run" / "results.json").read_bytes()
    assert search(**control_file(tmp_path / "lost.parquet"))[0] == 2
    assert (tmp_path / "run" / "results.json").read_bytes() == before
