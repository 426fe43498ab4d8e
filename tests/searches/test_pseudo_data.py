"""Pseudo-data at a luminosity: counts, refusals, and weights that are not counted."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from oddjet.runs.errors import UserError
from oddjet.searches import Dijet, DijetConfig
from oddjet.searches.event_table import EventTable
from oddjet.searches.pseudo_data import drawn_at, require_unweighted
from toy_dijets import TINY_DIJET, dijet_table


def sample(weights):
    source = np.arange(len(weights), dtype=np.uint64)
    return EventTable({"x": np.arange(len(weights)) * 1.0}, weights, source)


def test_as_many_are_drawn_as_a_luminosity_gives():
    weights = np.repeat([0.02, 0.002], 10_000)
    drawn = drawn_at(sample(weights), luminosity_pb=20.0, seed=1)
    heavy = np.sum(drawn.columns["x"] < 10_000)
    assert heavy == pytest.approx(4000, abs=4 * np.sqrt(4000 * 0.6))
    assert len(drawn) - heavy == pytest.approx(400, abs=4 * np.sqrt(400))
    assert np.all(drawn.weights == 1)


def test_a_small_sample_says_what_it_is_worth():
    with pytest.raises(UserError, match=r"worth up to 50 /pb"):
        drawn_at(sample(np.array([0.02, 0.01])), luminosity_pb=60.0, seed=1)
    with pytest.raises(UserError, match="1 weights are negative"):
        drawn_at(sample(np.array([0.02, -0.01])), luminosity_pb=1.0, seed=1)


def test_weighted_events_are_not_counted():
    require_unweighted(sample(np.ones(3)), where="data")
    with pytest.raises(
        UserError, match=r"data have weights from 0.5 to 1, but a search"
    ):
        require_unweighted(sample(np.array([1.0, 0.5])), where="data")


def test_a_search_draws_its_pseudo_data(tmp_path):
    pytest.importorskip("torch", reason="needs the extra [train]")
    pytest.importorskip("iminuit", reason="needs the extra [stats]")
    table = dijet_table(4, 40_000)
    weighted = table.append_column("weight", pa.array(np.full(40_000, 0.5)))
    pq.write_table(weighted, tmp_path / "data.parquet")
    small = TINY_DIJET | {
        "scan": {"first_gev": 2600, "last_gev": 3200}, "templates": ["sideband"],
        "pseudo_experiments": 0, "simulation": None,
    }  # fmt: skip
    with pytest.raises(UserError, match=r"data have weights from 0.5 to 0.5"):
        Dijet(DijetConfig(**small), base=tmp_path).run(tmp_path / "r")
    data = small["data"] | {"luminosity_pb": 1.0}
    search = Dijet(DijetConfig(**(small | {"data": data})), base=tmp_path)
    (point,) = search.run(tmp_path / "r")["points"]
    mass = table["mass_jj"].to_numpy()
    expected = 0.5 * 0.2 * np.sum((mass >= 2600) & (mass < 3200))
    assert point["observed"] == pytest.approx(expected, abs=5 * np.sqrt(expected))
    with pytest.raises(ValueError, match="must have the role pseudo-data"):
        DijetConfig(**(small | {"data": data | {"role": "data"}}))
