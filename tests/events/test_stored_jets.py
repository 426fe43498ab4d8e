"""Jets of files get the particles that their indices name."""

from __future__ import annotations

import awkward as ak
import pytest

from oddjet import measure_jets, nsubjettiness, read
from oddjet.events import Events, stored_jets
from oddjet.runs.errors import UserError


def particle(pt):
    return {"pt": pt, "eta": 0.0, "phi": 0.1, "mass": 0.0}


def event(pts, *members):
    jets = [particle(40.0) | {"constituent_index": list(index)} for index in members]
    return {"particles": [particle(pt) for pt in pts], "fat_jets": jets}


def events_of(*each):
    return Events(ak.Array(list(each)), role="mc")


def test_constituents_are_those_named_and_hardest_first():
    events = events_of(
        event([3.0, 9.0, 5.0], [0, 1], []),
        event([1.0]),
        event([2.0, 2.0, 7.0], [1, 0], [2]),
    )
    jets = stored_jets(events)
    assert jets.constituents.pt.tolist() == [[[9.0, 3.0], []], [], [[2.0, 2.0], [7.0]]]
    assert jets.constituent_index.tolist() == [[[1, 0], []], [], [[1, 0], [2]]]
    assert jets.pt.tolist() == events.fat_jets.pt.tolist()


def test_of_no_events():
    jets = stored_jets(events_of(event([1.0], [0]))[:0])
    assert len(jets) == 0
    assert "constituents" in jets.fields


@pytest.mark.parametrize("index", [-1, 2])
def test_an_index_outside_the_particles_is_named(index):
    events = events_of(event([1.0], [0]), event([1.0, 2.0], [0], [index]))
    with pytest.raises(UserError, match="of event 1 points outside its 2 particles"):
        stored_jets(events)


def test_what_is_absent_is_named():
    events = events_of({"particles": [particle(1.0)], "jets": [particle(1.0)]})
    with pytest.raises(UserError, match=r"needs `jets.constituent_index`"):
        stored_jets(events, "jets")


@pytest.mark.data
def test_substructure_of_the_jets_of_delphes(test_data):
    """What Delphes stored as Tau is what its constituents give."""
    events = read(
        test_data / "delphes/jet-universe__sophon__events_delphes_example.root",
        columns=["particles", "fat_jets"],
    )
    jets = stored_jets(events)
    summed = ak.sum(jets.constituents.px, axis=2)
    assert ak.all(abs(summed - jets.px) < 1e-3)
    found = measure_jets(
        jets, {"tau": lambda j: nsubjettiness(j, (1,), radius=0.8, axes="onepass_kt")}
    )
    ratio = ak.flatten(found["tau"].tau_1 / jets.tau_1)
    assert ak.all(abs(ratio - 1) < 0.02)
