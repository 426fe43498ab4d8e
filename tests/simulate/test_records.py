from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from oddjet.events import Events
from oddjet.simulate.records import event_records


@pytest.fixture
def records(particles):
    flow = particles(
        (0, 50.0, 1.0, np.pi, 0.0, 0, 22),
        (2, 30.0, -2.0, -np.pi, 0.1396, -1, -211),
        (2, 20.0, 0.0, 0.5, 0.1057, 1, -13),
    )
    return event_records(
        flow=flow,
        leptons=flow[np.array([2])],
        isolation=np.array([0.05]),
        met=(np.array([50.0, 0.0, 40.0]), np.array([0.0, np.pi, 1.0])),
        identity={"run": [1, 1, 1], "lumi": [0, 0, 0], "event": [0, 1, 2]},
        truth={"process": np.array(["a", "a", "a"])},
    )


def test_types_are_those_of_the_event_model(records):
    assert str(records.particles.type) == (
        "3 * var * Momentum4D[pt: float32, eta: float32, phi: float32, mass: float32,"
        " charge: int8, pdg_id: int32]"
    )
    assert records.leptons.fields == [
        *("pt", "eta", "phi", "mass", "flavour", "charge", "isolation")
    ]
    assert records.truth.process.to_list() == ["a", "a", "a"]
    assert Events(records, role="mc").weight.to_list() == [1.0, 1.0, 1.0]


def test_particles_stay_in_their_event(records):
    assert ak.num(records.particles).to_list() == [1, 0, 2]
    assert records.leptons.flavour.to_list() == [[], [], [13]]
    assert records.met.contains_muons.to_list() == [True] * 3


def test_azimuth_stays_below_pi_in_single_precision(records):
    for phi in (ak.flatten(records.particles.phi), records.met.phi):
        assert np.all(np.abs(np.asarray(phi, dtype=np.float64)) < np.pi)


def test_no_events_have_the_same_type(particles):
    empty = event_records(
        flow=particles(),
        leptons=particles(),
        isolation=np.zeros(0),
        met=(np.zeros(0), np.zeros(0)),
        identity={"run": np.zeros(0, int)},
        truth={"process": np.full(0, "zjet")},
    )
    assert len(empty) == 0
    assert str(empty.truth.process.type) == "0 * string"
