"""LaCATHODE in a search: networks, data and signals meet in the space of a fold."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from oddjet.learn.classifier_config import ClassifierConfig
from oddjet.runs.progress import Progress
from oddjet.searches import Dijet, DijetConfig
from oddjet.searches.dijet_scores import WindowScores
from oddjet.searches.dijet_tasks import feature_table, make_template, score, train
from oddjet.searches.event_table import EventTable, write_event_table
from oddjet.searches.table_source import TABLE
from oddjet.stats.bump_hunt import Window
from toy_dijets import TINY_DIJET, dijet_table

pytest.importorskip("iminuit", reason="needs the extra [stats]")
pytest.importorskip("zuko", reason="needs the extra [train]")

WINDOW, FOLDS, SEEDS = Window(2600.0, 3200.0), 3, 2
CONFIG = {name: value for name, value in TINY_DIJET.items() if name != "simulation"} | {
    "scan": {"first_gev": 2600, "last_gev": 3200},
    "templates": ["lacathode"],
    "pseudo_experiments": 0,
    "high_sideband_min": -1.0,
    "injections": {
        "bump": {
            "signal": {"files": ["signal.parquet"], "content": "table"},
            "events": [60],
            "discovery_sqrt_b": 0,
        }
    },
}


def test_a_bump_is_found_and_a_signal_is_put_in(tmp_path):
    pq.write_table(dijet_table(1, 6000, signal=150), tmp_path / "data.parquet")
    # Some of the signal is beyond all data.
    pq.write_table(dijet_table(3, 0, signal=300), tmp_path / "signal.parquet")
    results = Dijet(DijetConfig(**CONFIG), base=tmp_path).run(tmp_path / "r")
    (point,) = results["points"]
    assert point["status"] == "ok"
    assert point["significance"] > 4
    (curve,) = results["injections"]
    assert curve["points"][0]["selected_signal"] > 30
    (closure,) = results["templates"]
    assert closure["template"] == "lacathode"
    assert abs(closure["auc"] - 0.5) < 5 * closure["auc_error"]


def test_events_are_scored_in_the_space_of_their_fold(tmp_path):
    from oddjet.background.latent import LatentSpaces
    from oddjet.learn.classifiers import load_classifiers

    places = {n: tmp_path / n for n in ("data", "template", "networks", "scores")}
    for place in places.values():
        place.mkdir()
    table = dijet_table(5, 3000).to_pydict()
    columns = {name: np.array(column) for name, column in table.items()}
    source = np.arange(3000, dtype=np.uint64)
    events = EventTable(columns, np.ones(3000), source)
    write_event_table(places["data"] / TABLE, events)
    shared = {
        "window": WINDOW, "mass": "mass_jj", "folds": FOLDS, "features": ["a", "b"],
    }  # fmt: skip
    quiet = Progress.silent()
    classifier = ClassifierConfig(hidden=(8,), epochs=2, patience=2)
    make_template(places["template"], {"data": places["data"]}, quiet,
                  method="lacathode", preset="cpu", seed=1, **shared)  # fmt: skip
    train(places["networks"], places, quiet, seeds=SEEDS, classifier=classifier,
          seed=1, **shared)  # fmt: skip
    read = {name: places[name] for name in ("networks", "template")}
    score(places["scores"], {"events": places["data"], **read}, quiet, **shared)
    found = WindowScores.read(places["scores"])
    data = feature_table(places["data"], *(shared[name] for name in
                         ("window", "features", "mass", "folds")))  # fmt: skip
    spaces = LatentSpaces.load(places["template"] / "spaces.npz")
    networks = load_classifiers(places["networks"] / "networks.npz")
    assert len(networks) == FOLDS * SEEDS
    for fold in range(FOLDS):
        own = data.folds == fold
        latent = spaces.carry(fold, data[own])
        wanted = networks[fold * SEEDS : (fold + 1) * SEEDS].logits(latent)
        np.testing.assert_array_equal(found.scores[:, own], wanted)
