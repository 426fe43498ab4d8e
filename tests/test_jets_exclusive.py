"""oddjet.jets.exclusive_jets and winner takes all: the jets of FastJet."""

from __future__ import annotations

import math
import warnings

import awkward as ak
import numpy as np
import pytest

import tolerances
from oddjet.jets import cluster, exclusive_jets
from particle_events import CARTESIAN, events_of, generated_events

RADIUS = 0.8


@pytest.fixture(scope="session")
def fastjet():
    with warnings.catch_warnings():  # SWIG's types have no __module__
        warnings.simplefilter("ignore")
        return pytest.importorskip("fastjet")


def sequences(fastjet, events, algorithm, scheme="E_scheme", radius=RADIUS):
    """FastJet on one event at a time: its jets and their constituents' places."""
    codes = {"kt": "kt_algorithm", "antikt": "antikt_algorithm"}
    code = getattr(fastjet, codes.get(algorithm, "cambridge_algorithm"))
    definition = fastjet.JetDefinition(code, radius, getattr(fastjet, scheme))
    for event in events:
        columns = (event[name].to_list() for name in ("px", "py", "pz", "energy"))
        inputs = []
        for place, momentum in enumerate(zip(*columns, strict=True)):
            inputs.append(fastjet.PseudoJet(*momentum))
            inputs[-1].set_user_index(place)
        yield fastjet.ClusterSequence(inputs, definition), inputs


def members(jets):
    return {frozenset(p.user_index() for p in jet.constituents()) for jet in jets}


# All d_iB of Cambridge/Aachen are 1, so who went to the beam before a number of jets
# is arbitrary: there the radius is one within which all particles merge.
@pytest.mark.parametrize(
    ("algorithm", "radius"), [("kt", RADIUS), ("cambridge_aachen", 1000.0)]
)
@pytest.mark.parametrize("num_jets", [1, 2, 5])
def test_so_many_jets(fastjet, algorithm, radius, num_jets):
    events = generated_events(60)
    found = exclusive_jets(
        events, algorithm=algorithm, radius=radius, num_jets=num_jets
    ).constituent_index.tolist()
    peers = sequences(fastjet, events, algorithm, radius=radius)
    for jets, (sequence, _) in zip(found, peers, strict=True):
        expected = members(sequence.exclusive_jets(num_jets))
        assert {frozenset(jet) for jet in jets} == expected


@pytest.mark.parametrize(
    ("algorithm", "d_cut_gev2"),
    [("kt", 1.0), ("kt", 100.0), ("kt", 2500.0), ("cambridge_aachen", 0.1)],
)
def test_up_to_a_distance(fastjet, algorithm, d_cut_gev2):
    events = generated_events(60)
    found = exclusive_jets(
        events, algorithm=algorithm, radius=RADIUS, d_cut_gev2=d_cut_gev2
    ).constituent_index.tolist()
    peers = sequences(fastjet, events, algorithm)
    for jets, (sequence, _) in zip(found, peers, strict=True):
        expected = members(sequence.exclusive_jets(d_cut_gev2))
        assert {frozenset(jet) for jet in jets} == expected


@pytest.mark.parametrize("algorithm", ["kt", "antikt", "cambridge_aachen"])
def test_winner_takes_all(fastjet, algorithm):
    events = generated_events(60)
    found = cluster(events, algorithm=algorithm, radius=RADIUS, recombination="WTA_pt")
    peers = sequences(fastjet, events, algorithm, "WTA_pt_scheme")
    for jets, (sequence, _) in zip(found, peers, strict=True):
        expected = sorted(sequence.inclusive_jets(), key=lambda jet: -jet.perp())
        assert {frozenset(jet) for jet in jets.constituent_index.tolist()} == members(
            expected
        )
        np.testing.assert_allclose(
            jets.pt, [jet.perp() for jet in expected], rtol=tolerances.MOMENTUM
        )


def test_a_jet_of_winners_has_the_direction_of_its_hardest():
    particle = {"pt": 30.0, "eta": 1.0, "phi": 0.5, "mass": 2.0}
    softer = particle | {"pt": 20.0, "eta": 1.2, "mass": 0.0}
    jet = cluster(
        ak.Array([[softer, particle]]),
        algorithm="antikt",
        radius=RADIUS,
        recombination="WTA_pt",
    )[0, 0]

    def its_rapidity(pt, eta, mass):
        pz = pt * math.sinh(eta)
        return math.asinh(pz / math.sqrt(pt**2 + mass**2))

    assert jet.pt == pytest.approx(50.0, rel=tolerances.MOMENTUM)
    assert jet.phi == pytest.approx(0.5, abs=tolerances.ANGLE)
    assert jet.mass == pytest.approx(2.0, rel=1e-9)  # of 50 GeV: digits cancel
    assert its_rapidity(jet.pt, jet.eta, jet.mass) == pytest.approx(
        its_rapidity(30.0, 1.0, 2.0), abs=tolerances.ANGLE
    )


def test_fewer_particles_than_jets_and_no_jet_at_all():
    particle = {"pt": 30.0, "eta": 0.0, "phi": 0.0, "mass": 0.0}
    events = ak.Array([[particle, particle | {"pt": 20.0}], [particle][:0]])
    options = {"algorithm": "kt", "radius": 0.4}
    three = exclusive_jets(events, num_jets=3, **options)
    assert three.constituent_index.tolist() == [[[0], [1]], []]
    assert exclusive_jets(events, num_jets=0, **options).pt.tolist() == [[], []]
    merged = exclusive_jets(events, d_cut_gev2=math.inf, **options)
    assert merged.pt.tolist() == [[], []]  # at last even the jet went to the beam


@pytest.mark.parametrize(
    ("stop", "words"),
    [
        ({}, "give either num_jets or d_cut_gev2"),
        ({"num_jets": 1, "d_cut_gev2": 1.0}, "give either num_jets or d_cut_gev2"),
        ({"num_jets": -1}, "num_jets must be >= 0, got -1"),
        ({"d_cut_gev2": -1.0}, "d_cut_gev2 must be >= 0, got -1"),
        ({"d_cut_gev2": math.nan}, "d_cut_gev2 must be >= 0, got nan"),
    ],
)
def test_a_stop_that_is_none(stop, words):
    with pytest.raises(ValueError, match=words):
        exclusive_jets(generated_events(1), algorithm="kt", radius=0.4, **stop)


def test_a_step_at_the_cut_is_made():
    """d_iB of kt is pt^2: 25, without rounding."""
    events = events_of([[(3.0, 4.0, 0.0, 5.0)]], CARTESIAN)
    for cut, left in ((25.0, 0), (math.nextafter(25.0, 0.0), 1)):
        jets = exclusive_jets(events, algorithm="kt", radius=1.0, d_cut_gev2=cut)
        assert ak.num(jets).tolist() == [left]
