"""Signals put into data: what is found again, and what they exclude."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from oddjet.runs.errors import UserError
from oddjet.runs.progress import Progress
from oddjet.searches import Dijet, DijetConfig
from oddjet.searches.dijet_injections import cls_point, inject, window_of_signal
from oddjet.searches.event_table import (
    EventTable,
    read_event_table,
    write_event_table,
)
from oddjet.searches.table_source import TABLE
from oddjet.stats.bump_hunt import Window
from oddjet.stats.counting_model import CountingModel
from oddjet.stats.limits import asymptotic_cls
from toy_dijets import TINY_DIJET, write_dijets

pytest.importorskip("iminuit", reason="needs the extra [stats]")
pytest.importorskip("torch", reason="needs the extra [train]")

ONE_WINDOW = TINY_DIJET | {
    "scan": {"first_gev": 2600, "last_gev": 3200},
    "templates": ["sideband"],
    "pseudo_experiments": 0,
}


def signal(events, *, weights=None, mass=2900.0):
    random = np.random.default_rng(events)
    columns = {"mass_jj": random.normal(mass, 60, events)}
    columns |= {name: random.normal(2.0, 0.3, events) for name in "ab"}
    source = np.arange(events, dtype=np.uint64) + np.uint64(2**60)
    return EventTable(columns, np.ones(events) if weights is None else weights, source)


def injected(directory, events, sample):
    for name, table in (("data", signal(5)), ("signal", sample)):
        (directory / name).mkdir(exist_ok=True)
        write_event_table(directory / name / TABLE, table)
    places = {name: directory / name for name in ("data", "signal")}
    inject(directory, places, Progress.silent(), events=events, seed=3)
    return read_event_table(directory / TABLE)


def test_a_larger_injection_holds_a_smaller_one(tmp_path):
    sample = signal(200)
    small, large = (injected(tmp_path, size, sample) for size in (20, 80))
    assert (len(small), len(large)) == (25, 85)
    assert set(small.source[5:]) < set(large.source[5:])
    assert np.all(large.weights == 1)


def test_events_are_drawn_by_weight(tmp_path):
    weights = np.where(np.arange(4000) < 2000, 3.0, 1.0)
    drawn = injected(tmp_path, 400, signal(4000, weights=weights)).source[5:]
    heavy = np.mean(drawn < np.uint64(2**60 + 2000))
    assert heavy == pytest.approx(0.75, abs=4 * np.sqrt(0.75 * 0.25 / 400))
    with pytest.raises(UserError, match="weights of 0 or less"):
        injected(tmp_path, 1, signal(10, weights=np.linspace(-1, 1, 10)))


def test_the_window_of_a_signal_holds_most_of_it():
    config = DijetConfig(**TINY_DIJET)
    assert window_of_signal(config, signal(50), "x").low_gev == 2600
    assert window_of_signal(config, signal(50, mass=3350.0), "x").low_gev == 2900
    with pytest.raises(UserError, match="no event of the signal x is in a window"):
        window_of_signal(config, signal(50, mass=5000.0), "x")


def a_point(directory, *, bins, scores, scale, dispersion=1.0):
    """Test a signal whose events lie in given bins with given scores."""
    window = Window(2600.0, 3200.0)
    centres = (window.edges_gev[1:] + window.edges_gev[:-1]) / 2
    fitted = 1e4 * (centres / 2900) ** -6
    inside = window.in_signal_region
    observed = float(np.sum(fitted[inside]))
    nominal = {
        "status": "ok", "reason": None, "low_gev": 2600.0, "high_gev": 3200.0,
        "edges_gev": window.edges_gev.tolist(), "fitted": fitted.tolist(),
        "function": "three parameters", "observed": observed, "expected": observed,
        "fit_uncertainty": 30.0, "ensemble_uncertainty": 40.0,
        "dispersion": dispersion,
    }  # fmt: skip
    for name in ("nominal", "scores", "signal"):
        (directory / name).mkdir(exist_ok=True)
    (directory / "nominal" / "hunt.json").write_text(json.dumps(nominal))
    np.savez(
        directory / "scores" / "scores.npz",
        scores=np.tile(np.linspace(0, 1, 1001), (2, 1)), folds=np.zeros(1001),
        mass=np.full(1001, 2900.0), weights=np.ones(1001),
    )  # fmt: skip
    np.savez(
        directory / "signal" / "scores.npz",
        scores=np.tile(scores, (2, 1)), folds=np.zeros(len(bins)),
        mass=centres[bins], weights=np.ones(len(bins)),
    )  # fmt: skip
    cls_point(
        directory, {n: directory / n for n in ("nominal", "scores", "signal")},
        Progress.silent(), window=window, efficiency=0.1, ensemble="median",
        collision_energy_gev=13_000.0, scale=scale,
    )  # fmt: skip
    return json.loads((directory / "point.json").read_text()), observed


def test_a_point_is_the_cls_of_what_the_networks_select(tmp_path):
    scores = np.r_[np.full(60, 0.95), np.full(40, 0.5)]
    found, observed = a_point(tmp_path, bins=np.full(100, 15), scores=scores, scale=5.0)
    assert found["selected_signal"] == pytest.approx(300)
    # Nothing in the sidebands: the fit stays where it is.
    assert found["raised_background"] == 0
    model = CountingModel(observed, observed, 50.0, 300.0)
    assert found["cls"] == pytest.approx(asymptotic_cls(model, 1.0).observed)


def test_a_point_knows_what_the_networks_share(tmp_path):
    """All of the signal, and two fifths of the background."""
    found, observed = a_point(
        tmp_path, bins=np.full(60, 15), scores=np.ones(60), scale=5.0, dispersion=0.4
    )
    mixed = (0.4 * observed + 300.0) / (observed + 300.0)
    model = CountingModel(observed, observed, 50.0, 300.0, mixed)
    assert found["cls"] == pytest.approx(asymptotic_cls(model, 1.0).observed)
    poisson = CountingModel(observed, observed, 50.0, 300.0)
    assert found["cls"] < asymptotic_cls(poisson, 1.0).observed


def test_signal_in_the_sidebands_counts_against_itself(tmp_path):
    beside = np.r_[np.full(50, 15), np.repeat([8, 9, 20, 21], 25)]
    alone, _ = a_point(tmp_path, bins=np.full(50, 15), scores=np.ones(50), scale=5.0)
    found, _ = a_point(tmp_path, bins=beside, scores=np.ones(150), scale=5.0)
    assert found["selected_signal"] == pytest.approx(alone["selected_signal"])
    assert found["raised_background"] > 50
    assert found["cls"] > alone["cls"]


def test_a_signal_that_is_not_selected_excludes_nothing(tmp_path):
    found, _ = a_point(tmp_path, bins=np.full(50, 15), scores=np.zeros(50), scale=5.0)
    assert found["cls"] == 1.0


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    directory = tmp_path_factory.mktemp("injections")
    write_dijets(directory, events=25_000)
    random = np.random.default_rng(6)
    columns = {"mass_jj": random.normal(2900, 60, 2000)}
    columns |= {name: random.normal(2.0, 0.3, 2000) for name in "ab"}
    pq.write_table(pa.table(columns), directory / "signal.parquet")
    return directory


def with_signal(**change):
    bump = {"signal": {"files": ["signal.parquet"], "content": "table"}} | change
    return DijetConfig(**(ONE_WINDOW | {"injections": {"bump": bump}}))


def test_a_limit_of_a_search(searched):
    config = with_signal(events=[60, 250, 500], events_per_pb=50.0)
    results = Dijet(config, base=searched).run(searched / "r")
    (curve,) = results["injections"]
    cls = [point["cls"] for point in curve["points"]]
    assert cls[0] > 0.05 > cls[1] > cls[2]
    limit = curve["limit"]
    assert 60 < limit["events"] < 250
    assert limit["cross_section_pb"] == pytest.approx(limit["events"] / 50)
    low, _, median, _, high = limit["expected_events"]
    assert low is None or low < median < high
    # More signal is found better; S = 3 sqrt(B) before the cut is above that after it.
    z = [point["significance"] for point in curve["points"]]
    assert z[2] > z[1] > z[0]
    assert curve["discovery"]["significance"] > 2
    inside = np.sum(
        (pq.read_table(searched / "data.parquet")["mass_jj"].to_numpy() >= 2600)
        & (pq.read_table(searched / "data.parquet")["mass_jj"].to_numpy() < 3200)
    )
    assert curve["discovery"]["events"] == pytest.approx(3 * np.sqrt(inside), abs=1.5)


def test_closed_data_get_no_injections(searched):
    config = with_signal(events=[60])
    data = config.data.model_copy(update={"role": "data"})
    closed = config.model_copy(update={"data": data})
    results = Dijet(closed, base=searched).run(searched / "closed")
    assert results["blinded"]
    assert "injections" not in results


def test_too_large_an_injection_is_refused(searched):
    config = with_signal(events=[60, 3000])
    with pytest.raises(UserError, match="has 2000 selected events, and 3000 are to be"):
        Dijet(config, base=searched).run(searched / "r")


@pytest.mark.parametrize("events", [[5, 5], [9, 3], [0, 1]])
def test_sizes_must_increase(events):
    with pytest.raises(ValueError, match="events must be positive and increase"):
        with_signal(events=events)
