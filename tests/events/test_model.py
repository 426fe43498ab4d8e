"""Events: what is completed, what is refused, and how they are cut and joined."""

from __future__ import annotations

import pickle

import awkward as ak
import numpy as np
import pytest

from oddjet.events import Events, momentum_faults
from oddjet.runs.errors import UserError


def particles(pt=(5.0, 3.0, 2.0)):
    return ak.unflatten(
        ak.zip({"pt": list(pt), "eta": [0.0] * 3, "phi": [1.0] * 3, "mass": [0.0] * 3}),
        [2, 0, 1],
    )


def some_events(**collections):
    met = ak.zip({"pt": [300.0, 10.0, 20.0], "phi": [0.0, 3.0, -3.0]})
    return ak.Array({"particles": particles(), "met": met} | collections)


def test_missing_weight_and_id_are_completed():
    events = Events(some_events(), role="mc")
    assert len(events) == 3
    assert events.fields == ["particles", "met", "weight", "id"]
    np.testing.assert_array_equal(events.weight, [1, 1, 1])
    np.testing.assert_array_equal(events.id.entry, [0, 1, 2])
    assert ak.to_numpy(events.id.file).dtype == np.uint64
    assert Events(some_events()).role == "data"


def test_given_weight_and_id_are_kept():
    ids = ak.zip({"entry": [7, 8, 9], "run": [1, 1, 2]})
    events = Events(some_events(weight=[0.5, -1.0, 2.0], id=ids), role="mc")
    np.testing.assert_array_equal(events.weight, [0.5, -1, 2])
    np.testing.assert_array_equal(events.id.entry, [7, 8, 9])
    np.testing.assert_array_equal(events.id.run, [1, 1, 2])


def test_momenta_have_vector_behaviour():
    events = Events(some_events())
    angles = events.particles.deltaphi(events.met)
    np.testing.assert_allclose(ak.flatten(angles), [1.0, 1.0, 4.0 - 2 * np.pi])
    np.testing.assert_allclose(ak.flatten(events.particles.E), [5, 3, 2])


def test_selection_keeps_identity_and_role():
    events = Events(some_events(), role="pseudo-data")
    for selected in (events[1:], events[np.array([False, True, True])], events[[1, 2]]):
        assert isinstance(selected, Events)
        assert selected.role == "pseudo-data"
        np.testing.assert_array_equal(selected.id.entry, [1, 2])
    for wrong in (0, "particles", np.int64(1)):
        with pytest.raises(TypeError, match="selected by slice, mask or index"):
            events[wrong]


def test_absent_collections_are_said_to_be_absent():
    events = Events(some_events()).without("met", "truth")
    assert events.fields == ["particles", "weight", "id"]
    with pytest.raises(AttributeError, match="events have no 'met'; they have part"):
        _ = events.met
    with pytest.raises(UserError, match=r"IM1 selection needs `met`.*oddjet simulate"):
        events.require("particles", "met", why="the IM1 selection")
    assert events.require("particles", why="clustering") is events


@pytest.mark.parametrize(
    ("pt", "problem"),
    [
        ((5.0, 3.0, np.nan), "not a finite number"),
        ((5.0, 3.0, np.inf), "not a finite number"),
        ((5.0, 3.0, -2.0), "negative"),
    ],
)
def test_bad_momenta_are_named(pt, problem):
    array = some_events(particles=particles(pt))
    with pytest.raises(UserError, match=rf"^particles.pt of event 2 is {problem} \(1 "):
        Events(array)
    kept = Events.unchecked(array, role="data")
    with pytest.raises(UserError, match=r"particles.pt of entry 2 of events.parquet"):
        kept.check(source="events.parquet")
    (fault,) = momentum_faults(kept.array)
    np.testing.assert_array_equal(fault.events, [2])
    assert kept[:2].check() is not None


def test_bad_met_and_weight_are_named():
    with pytest.raises(UserError, match=r"^weight of event 1 is not a finite number"):
        Events(some_events(weight=[1.0, np.nan, 1.0]))
    met = ak.zip({"pt": [-1.0, 1.0, 1.0], "phi": [0.0, 0.0, np.nan]})
    with pytest.raises(UserError, match=r"^met.pt of event 0 is negative"):
        Events(some_events(met=met))


def test_truth_is_not_judged():
    truth = ak.zip({"process": ["a", "b", "c"], "scale": [np.nan, 1.0, 2.0]})
    assert "truth" in Events(some_events(truth=truth)).fields


def test_what_is_not_events_is_refused():
    with pytest.raises(UserError, match="record array with collections"):
        Events(ak.Array([[1.0], [2.0]]))
    with pytest.raises(UserError, match=r"record array with collections .* list"):
        Events([1, 2])
    with pytest.raises(UserError, match="role must be one of data, pseudo-data, mc"):
        Events(some_events(), role="signal")


def test_concatenate():
    first, second = Events(some_events()), Events(some_events())[1:]
    joined = Events.concatenate([first, second])
    np.testing.assert_array_equal(joined.id.entry, [0, 1, 2, 1, 2])
    assert joined.particles.pt.to_list() == [[5, 3], [], [2], [], [2]]
    with pytest.raises(UserError, match="different role: the first has data, number 2"):
        Events.concatenate([first, Events(some_events(), role="mc")])
    with pytest.raises(UserError, match="different fields"):
        Events.concatenate([first, second.without("met")])
    with pytest.raises(UserError, match="no events to concatenate"):
        Events.concatenate([])


def test_events_are_frozen_and_picklable():
    events = Events(some_events(), role="mc")
    with pytest.raises(AttributeError):
        events.role = "data"
    copy = pickle.loads(pickle.dumps(events))
    assert copy.role == "mc"
    np.testing.assert_array_equal(copy.particles.px[0], events.particles.px[0])
    assert repr(copy) == "<Events 3 mc: particles, met, weight, id>"
