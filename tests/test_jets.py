"""oddjet.jets: the literal definition, physics, and every documented error."""

from __future__ import annotations

import math

import awkward as ak
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tolerances
from definitions import clustering
from definitions.kinematics import momenta_of
from oddjet.jets import cluster, recluster
from oddjet.runs.errors import UserError
from particle_events import (
    CARTESIAN,
    cartesian,
    events_of,
    hard_cases,
    members,
    random_events,
)

pytestmark = pytest.mark.kernel

ALGORITHMS = ("antikt", "kt", "cambridge_aachen")
RADII = (0.4, 0.8, 1.0)


# --- the definition -----------------------------------------------------------------


@given(hard_cases(), st.sampled_from([*ALGORITHMS, "genkt"]), st.sampled_from(RADII))
def test_jets_are_those_of_the_definition(event, algorithm, radius):
    momenta = cartesian(events_of([event]))[0]
    power = clustering.POWERS.get(algorithm, -0.5)
    expected = clustering.hardest_first(
        clustering.cluster(momenta_of(momenta), power=power, radius=radius)
    )

    jets = cluster(
        events_of([momenta], CARTESIAN),
        algorithm=algorithm,
        radius=radius,
        power=power if algorithm == "genkt" else None,
    )[0]

    assert [sorted(jet) for jet in jets.constituent_index.tolist()] == [
        jet[1] for jet in expected
    ]
    four = np.array([jet[0] for jet in expected]).reshape(-1, 4)
    pt = np.hypot(four[:, 0], four[:, 1])
    np.testing.assert_allclose(jets.pt, pt, rtol=tolerances.MOMENTUM)


@pytest.mark.parametrize("power", [-1.0, -0.3, 0.0, 1.0, 1.5])
def test_nearest_neighbours_stand_for_all_pairs(power):
    for momenta in cartesian(random_events(5, 25)):
        event = momenta_of(momenta)
        rules = (clustering.closest, clustering.closest_of_all_pairs)
        by_neighbours, by_pairs = (
            clustering.cluster(event, power=power, radius=0.7, rule=rule)
            for rule in rules
        )
        assert by_neighbours == by_pairs


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_large_events_are_those_of_the_definition(algorithm):
    events = random_events(2, 150)
    jets = cluster(events, algorithm=algorithm, radius=0.6)
    power = clustering.POWERS[algorithm]
    expected = [
        {
            frozenset(jet[1])
            for jet in clustering.cluster(momenta_of(event), power=power, radius=0.6)
        }
        for event in cartesian(events)
    ]
    assert members(jets) == expected


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_space_like_rounding_does_not_hide_a_neighbour(algorithm):
    """The rapidity of such a sum may lie outside those of its terms."""
    random = np.random.default_rng(7)
    lowest, highest = (6.85, -1.5, 40.0), (7.1, 1.5, 60.0)
    eta, phi, pz = random.uniform(lowest, highest, (20, 25, 3)).transpose(2, 0, 1)
    pt = pz / np.sinh(eta)
    energy = np.sqrt(pt**2 + pz**2) * (1 - 4.9e-6)
    rows = np.stack([pt * np.cos(phi), pt * np.sin(phi), pz, energy], axis=-1)
    jets = cluster(events_of(rows, CARTESIAN), algorithm=algorithm, radius=1.0)
    power = clustering.POWERS[algorithm]
    for event, found in zip(rows, members(jets), strict=True):
        expected = clustering.cluster(momenta_of(event), power=power, radius=1.0)
        assert found == {frozenset(jet[1]) for jet in expected}


@pytest.mark.parametrize(
    ("power", "algorithm"), [(-1.0, "antikt"), (1.0, "kt"), (0.0, "ca")]
)
def test_genkt_contains_the_named_algorithms(power, algorithm):
    events = random_events(20, 60)
    named = cluster(events, algorithm=algorithm, radius=0.5)
    general = cluster(events, algorithm="genkt", power=power, radius=0.5)
    assert ak.array_equal(named, general)


# --- shape of the answer ------------------------------------------------------------


def test_jets_and_constituents_come_hardest_first():
    jets = cluster(random_events(20, 60), algorithm="antikt", radius=0.8)
    for pt in (jets.pt, ak.flatten(jets.constituents.pt)):
        assert ak.all(pt[:, 1:] <= pt[:, :-1])


def test_equal_pt_goes_to_the_lower_index():
    events = events_of([[(5.0, 0.1, 0.1, 0.0), (7.0, 0.0, 0.0, 0.0)] * 3])
    jets = cluster(events, algorithm="antikt", radius=0.8)
    assert jets.constituent_index.tolist() == [[[1, 3, 5, 0, 2, 4]]]


def test_constituents_keep_all_fields_of_the_particles():
    events = random_events(5, 30)
    events["charge"] = ak.local_index(events) % 3 - 1
    jets = cluster(events, algorithm="antikt", radius=0.8)
    for event, particles in zip(jets, events, strict=True):
        for jet in event:
            assert ak.array_equal(jet.constituents, particles[jet.constituent_index])


def test_pt_min_leaves_out_the_softer_jets_only():
    events = random_events(20, 60)
    everything = cluster(events, algorithm="antikt", radius=0.4)
    hard = cluster(events, algorithm="antikt", radius=0.4, pt_min_gev=10.0)
    assert 0 < ak.count(hard.pt) < ak.count(everything.pt)
    assert ak.array_equal(hard, everything[everything.pt >= 10.0])


def test_events_without_particles_have_no_jets():
    events = events_of([[], [(1.0, 0.0, 0.0, 0.0)], []])
    jets = cluster(events, algorithm="kt", radius=0.4)
    assert ak.num(jets).tolist() == [0, 1, 0]
    assert ak.num(cluster(events[:0], algorithm="kt", radius=0.4)).tolist() == []
    assert len(cluster(ak.Array([]), algorithm="kt", radius=0.4)) == 0
    untyped = cluster(ak.Array([[], []]), algorithm="kt", radius=0.4)
    assert ak.num(untyped).tolist() == [0, 0]


def test_a_particle_along_the_beam_is_a_jet_of_its_own():
    rows = [(0.0, 0.0, 7.0, 7.0), (0.0, 0.0, -7.0, 7.0), (3.0, 0.0, 0.0, 3.0)]
    jets = cluster(events_of([rows], CARTESIAN), algorithm="antikt", radius=1.0)[0]
    assert jets.constituent_index.tolist() == [[2], [0], [1]]
    assert jets.eta.tolist() == [0.0, math.inf, -math.inf]


def test_sliced_and_masked_particles_give_the_jets_of_their_copies():
    events = random_events(30, 50)
    events["index"] = ak.local_index(events)
    kept = events[events.pt > 2.0][::-2][[3, 1, 1, 7]]
    fresh = events_of(
        [
            [[p[n] for n in ("pt", "eta", "phi", "mass")] for p in e]
            for e in kept.tolist()
        ]
    )
    jets = cluster(kept, algorithm="antikt", radius=0.8)
    assert members(jets) == members(cluster(fresh, algorithm="antikt", radius=0.8))
    for event, particles in zip(jets, kept, strict=True):
        for jet in event:
            chosen = particles[jet.constituent_index].index
            assert ak.array_equal(jet.constituents.index, chosen)


@pytest.mark.parametrize(
    "layout",
    [
        ak.to_regular,
        lambda events: events.mask[events.pt > 0.0],
        lambda events: events.mask[ak.num(events) > 0],
        lambda events: ak.to_packed(events[:, ::-1])[:, ::-1],
    ],
    ids=["regular", "option of records", "option of lists", "reversed"],
)
def test_the_layout_of_the_particles_does_not_matter(layout):
    events = random_events(10, 30)
    one, other = (
        cluster(e, algorithm="antikt", radius=0.8) for e in (events, layout(events))
    )
    assert members(one) == members(other)
    assert one.constituents.pt.tolist() == other.constituents.pt.tolist()


def test_masking_events_before_equals_masking_after():
    events = random_events(30, 50)
    mask = np.arange(30) % 3 == 1
    before = cluster(events[mask], algorithm="antikt", radius=0.8)
    after = cluster(events, algorithm="antikt", radius=0.8)[mask]
    assert ak.array_equal(before, after)
    assert ak.array_equal(before.constituents[:, 0], after[:, 0].constituents)


def test_constituents_are_an_index_not_a_copy():
    events = random_events(5, 30)
    layout = cluster(events, algorithm="antikt", radius=0.8).layout
    assert layout.content["constituents"].content.is_indexed


def test_jets_have_vector_behaviour():
    jets = cluster(random_events(5, 30), algorithm="antikt", radius=0.4)
    assert ak.all(abs(jets[:, 0].deltaphi(jets[:, 1])) <= math.pi)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_both_precisions_are_clustered_in_double(dtype):
    events = random_events(10, 50)
    rounded = ak.values_astype(events, dtype)
    in_double = ak.values_astype(rounded, np.float64)
    one, other = (cluster(e, algorithm="kt", radius=0.8) for e in (rounded, in_double))
    for name in ("pt", "eta", "phi", "mass", "constituent_index"):
        assert ak.array_equal(one[name], other[name])


# --- reclustering -------------------------------------------------------------------


def test_a_merged_pair_takes_the_place_of_its_earlier_member():
    """Particles 0 and 3 coincide; 1 is as far from them as from 2."""
    rows = [(1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.0)]
    event = [(px, py, 0.0, math.sqrt(px * px + py * py)) for px, py in rows]
    jets = cluster(events_of([event], CARTESIAN), algorithm="ca", radius=1.0)
    assert members(jets) == [{frozenset({0, 1, 3}), frozenset({2})}]


@pytest.mark.parametrize("first", [0, 1])
def test_of_equal_pt_the_earlier_takes_all(first):
    rows = [(3.0, 4.0, 0.0, 5.0), (4.0, 3.0, 0.0, 5.0)]
    event = [rows[first], rows[1 - first]]
    jets = cluster(
        events_of([event], CARTESIAN),
        algorithm="kt",
        radius=1.0,
        recombination="WTA_pt",
    )
    px, py, _, _ = event[0]
    assert jets.phi[0].tolist() == pytest.approx([math.atan2(py, px)])


def test_reclustering_conserves_every_jet():
    events = random_events(20, 60)
    jets = cluster(events, algorithm="antikt", radius=1.0)
    subjets = recluster(jets, algorithm="kt", radius=0.3)
    assert ak.all(ak.num(subjets, axis=1) == ak.num(jets, axis=1))
    for component in CARTESIAN:
        total = ak.sum(getattr(subjets, component), axis=-1)
        difference = abs(total - getattr(jets, component))
        assert ak.all(difference < tolerances.MOMENTUM * jets.energy)


def test_reclustering_works_on_a_flat_list_of_jets_and_on_none():
    jets = cluster(random_events(5, 30), algorithm="antikt", radius=1.0)
    nested = recluster(jets, algorithm="ca", radius=0.3)
    flat = recluster(ak.flatten(jets), algorithm="ca", radius=0.3)
    assert ak.array_equal(ak.flatten(nested), flat)
    assert len(recluster(jets[:0], algorithm="ca", radius=0.3)) == 0
    assert recluster(jets[:, :0], algorithm="ca", radius=0.3).tolist() == [[]] * 5


def test_reclustering_with_the_same_algorithm_gives_the_jet_back():
    jets = cluster(random_events(10, 40), algorithm="kt", radius=0.5)
    again = recluster(jets, algorithm="kt", radius=0.5)
    assert ak.all(ak.num(again, axis=2) == 1)


# --- threads ------------------------------------------------------------------------


def test_threads_never_change_the_result(monkeypatch):
    events = random_events(40, 40)
    one = cluster(events, algorithm="antikt", radius=0.6, threads=1)
    assert ak.array_equal(
        one, cluster(events, algorithm="antikt", radius=0.6, threads=2)
    )
    monkeypatch.setenv("ODDJET_THREADS", "3")
    assert ak.array_equal(one, cluster(events, algorithm="antikt", radius=0.6))


def test_the_first_bad_event_is_named_whatever_the_threads():
    rows = [[(1.0, 0.0, 0.0, 0.0)]] * 50
    rows[20:] = [[(-1.0, 0.0, 0.0, 0.0)]] * 30
    for threads in (1, 2, 4):
        with pytest.raises(
            ValueError, match="particle 0 of event 20 has negative pt -1"
        ):
            cluster(events_of(rows), algorithm="kt", radius=1.0, threads=threads)


@pytest.mark.parametrize("text", ["two", "0", "1.5"])
def test_a_bad_environment_variable_is_named(monkeypatch, text):
    monkeypatch.setenv("ODDJET_THREADS", text)
    with pytest.raises(ValueError, match=f"ODDJET_THREADS must be .* got '{text}'"):
        cluster(random_events(1, 3), algorithm="kt", radius=1.0)


# --- errors -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"algorithm": "siscone"}, "algorithm must be antikt, kt, .* got 'siscone'"),
        ({"radius": 0.0}, "radius must be > 0 and <= 1000, got 0"),
        ({"radius": math.nan}, "radius must be > 0 and <= 1000, got nan"),
        ({"radius": 1e4}, "radius must be > 0 and <= 1000, got 10000"),
        ({"pt_min_gev": -1.0}, "pt_min_gev must be >= 0 and finite, got -1"),
        ({"pt_min_gev": math.inf}, "pt_min_gev must be >= 0 and finite, got inf"),
        ({"recombination": "pt"}, "recombination must be E or WTA_pt, got 'pt'"),
        ({"power": 1.0}, "power must be given for .*'genkt'.* with 'antikt'"),
        ({"algorithm": "genkt"}, "power must be given .* power None with 'genkt'"),
        ({"algorithm": "genkt", "power": math.inf}, "power must be finite, got inf"),
        ({"threads": 0}, "threads must be >= 1, got 0"),
    ],
)
def test_bad_options_are_named(changed, message):
    options = {"algorithm": "antikt", "radius": 0.4} | changed
    with pytest.raises(ValueError, match=f"cluster: {message}"):
        cluster(random_events(1, 3), **options)


@pytest.mark.parametrize(
    ("particle", "problem"),
    [
        ((math.nan, 0.0, 0.0, 0.0), "non-finite pt nan"),
        ((1.0, math.inf, 0.0, 0.0), "non-finite eta inf"),
        ((1.0, 0.0, -math.inf, 0.0), "non-finite phi -inf"),
        ((1.0, 0.0, 0.0, math.nan), "non-finite mass nan"),
        ((-2.0, 0.0, 0.0, 0.0), "negative pt -2"),
        (
            (1.0, 800.0, 0.0, 0.0),
            r"a momentum or energy above 1e\+140 GeV: pt 1, eta 800",
        ),
        ((1e154, 0.0, 0.0, 0.0), r"a momentum or energy above 1e\+140 GeV: pt 1e\+154"),
        (
            (1.0, 0.0, 0.0, 1e141),
            r".* energy above 1e\+140 GeV: pt 1, eta 0, phi 0, mass 1e",
        ),
        ((1.0, 0.0, 0.0, -0.5), r"\|p\| 1 above its energy 0.86"),
    ],
)
def test_bad_particles_are_named(particle, problem):
    good = (1.0, 0.0, 0.0, 0.0)
    events = events_of([[good], [good, good, particle]])
    with pytest.raises(
        ValueError, match=f"cluster: particle 2 of event 1 has {problem}"
    ):
        cluster(events, algorithm="antikt", radius=0.4)


@pytest.mark.parametrize("radius", [2.0, 1000.0])
@pytest.mark.parametrize("power", [-1.0, -0.5, 0.0, 0.5, 1.0, 1.05])
def test_the_largest_momenta_are_clustered(power, radius):
    """Distances that overflow would make a live pseudo-jet look dead."""
    pt = 0.3 * clustering.LARGEST_MOMENTUM
    directions = [(0.1, 0.2), (1.2, -0.3), (-1.5, 3.0), (0.0, -2.0), (0.8, 1.5)] * 20
    rows = [(pt, eta, phi, 0.0) for eta, phi in directions]
    momenta = cartesian(events_of([rows]))[0]
    jets = cluster(
        events_of([momenta], CARTESIAN), algorithm="genkt", radius=radius, power=power
    )
    expected = clustering.cluster(momenta_of(momenta), power=power, radius=radius)
    assert members(jets) == [{frozenset(jet[1]) for jet in expected}]


@pytest.mark.parametrize("energy", [0.0, -5.0, 4.9])
def test_space_like_particles_are_refused(energy):
    events = events_of([[(3.0, 4.0, 0.0, energy)]], CARTESIAN)
    with pytest.raises(
        ValueError, match=r"particle 0 of event 0 has \|p\| 5 above its"
    ):
        cluster(events, algorithm="antikt", radius=0.4)


def test_rounding_of_single_precision_is_no_space_like_particle():
    events = ak.values_astype(random_events(20, 60), np.float64)
    rounded = events_of(
        [np.float32(event).tolist() for event in cartesian(events)], CARTESIAN
    )
    assert ak.any(rounded.mass2 < 0)
    cluster(rounded, algorithm="antikt", radius=0.4)


def test_particles_without_a_momentum_are_a_user_error():
    with pytest.raises(UserError, match="particles needs pt, eta, phi, mass"):
        cluster(ak.Array([[{"pt": 1.0}]]), algorithm="antikt", radius=0.4)
