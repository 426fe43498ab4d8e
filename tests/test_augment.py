"""oddjet.augment: every bit, whatever the threads and the chunks, and every error."""

from __future__ import annotations

import math

import awkward as ak
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tolerances
from definitions import augment as definition
from oddjet import _core  # noqa: TID251 deviations and numbers that no wrapper hands on
from oddjet.augment import (
    rotate_events,
    rotate_jets,
    smear_directions,
    smear_pt,
    with_copies,
)
from oddjet.jets import cluster
from oddjet.runs.errors import UserError
from particle_events import CARTESIAN, CYLINDRICAL, events_of, random_events

pytestmark = pytest.mark.kernel

RESOLUTIONS = sorted(definition.DEVIATIONS)
SMEAR_PT = {"resolution": "cms_hcal", "negative_pt": "zero"}
AUGMENTATIONS = {
    "rotate_events": rotate_events,
    "smear_directions": lambda r, **o: smear_directions(r, scale_gev=0.1, **o),
    "smear_pt": lambda r, **o: smear_pt(r, **SMEAR_PT, **o),
    "dropping": lambda r, **o: smear_pt(r, **SMEAR_PT | {"negative_pt": "drop"}, **o),
}


def rows_of(records):
    """(pt, eta, phi, mass) of every particle, in order."""
    flat = records
    while flat.ndim > 1:
        flat = ak.flatten(flat, axis=1)
    return np.stack([ak.to_numpy(flat[name]) for name in CYLINDRICAL], axis=-1)


def assert_bitwise_equal(one, other):
    assert one.type == other.type
    assert one.to_list() == other.to_list()


def clustered(count=20, particles=40):
    events = random_events(count, particles)
    return cluster(events, algorithm="antikt", radius=0.8)


# --- the definition -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0,) * 4, (0,) * 2, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        (
            (0xFFFFFFFF,) * 4,
            (0xFFFFFFFF,) * 2,
            (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
        ),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_the_definition_of_philox_gives_the_known_answers(counter, key, expected):
    assert definition.philox(counter, key) == expected


_PARTICLE = st.tuples(
    st.sampled_from([0.0, 1.0]) | st.floats(1e-2, 1e3),
    st.floats(-4.0, 4.0),
    st.floats(-10.0, 10.0),
    st.sampled_from([0.0, 0.13957]),
)
_PLACE = {
    "seed": st.sampled_from([0, 1, 2**64 - 1]) | st.integers(0, 2**64 - 1),
    "copy": st.integers(1, 2**24 - 1),
    "first_event": st.sampled_from([0, 2**32 - 1]) | st.integers(0, 2**48 - 10),
}


@given(
    st.lists(st.lists(_PARTICLE, max_size=4), min_size=1, max_size=3),
    st.fixed_dictionaries(_PLACE),
    st.sampled_from([np.float32, np.float64]),
)
def test_lists_of_particles_follow_the_definition(rows, place, dtype):
    events = events_of(rows, dtype=dtype)
    found = {
        "turned": rotate_events(events, **place),
        "smeared": smear_directions(events, scale_gev=0.1, **place),
    }
    for name in RESOLUTIONS:
        options = {"resolution": name, "negative_pt": "zero"}
        found[name] = smear_pt(events, **options, **place)
    where = {name: place[name] for name in ("seed", "copy")}
    i = 0
    for event, particles in enumerate(events.to_list(), place["first_event"]):
        for number, p in enumerate(particles):
            particle = (p["pt"], p["eta"], p["phi"])
            here = where | {"event": event, "particle": number}
            expected = {
                "turned": definition.rotate_event(particle, **where, event=event),
                "smeared": definition.smear_directions(particle, 0.1, **here),
            }
            for name in RESOLUTIONS:
                pt, *angles = definition.smear_pt(particle, name, **here)
                expected[name] = (max(pt, 0.0), *angles)
            for name, wanted in expected.items():
                assert_close(rows_of(found[name])[i], (*wanted, p["mass"]))
            i += 1


def assert_close(found, expected):
    """Momenta (pt, eta, phi, mass); azimuths on either side of the cut agree."""
    assert found[0] == pytest.approx(expected[0], rel=tolerances.MOMENTUM, abs=1e-12)
    assert found[1] == pytest.approx(expected[1], abs=tolerances.ANGLE)
    apart = math.remainder(found[2] - expected[2], 2 * math.pi)
    assert apart == pytest.approx(0.0, abs=tolerances.ANGLE)
    assert found[3] == expected[3]


@pytest.mark.parametrize("flat", [False, True])
def test_constituents_follow_the_definition(flat):
    jets = clustered(5)
    if flat:
        jets = ak.flatten(jets)
    place = {"seed": 2**40 + 7, "copy": 3}
    options = place | {"first_event": 11}
    turned = rotate_jets(jets, **options)
    smeared = smear_directions(jets.constituents, scale_gev=0.1, **options)
    together = rotate_events(jets.constituents, **options)
    found = [rows_of(x) for x in (turned.constituents, smeared, together)]
    i = 0
    for number, event in enumerate(jets.to_list(), 11):
        for j, jet in enumerate([event] if flat else event):
            for k, p in enumerate(jet["constituents"]):
                axis, particle = (
                    (jet["eta"], jet["phi"]),
                    (p["pt"], p["eta"], p["phi"]),
                )
                here = place | {"event": number, "jet": j}
                expected = [
                    definition.rotate_in_jet(particle, axis, **here),
                    definition.smear_directions(particle, 0.1, **here, particle=k),
                    definition.rotate_event(particle, **place, event=number),
                ]
                for rows, wanted in zip(found, expected, strict=True):
                    assert_close(rows[i], (*wanted, p["mass"]))
                i += 1
    assert i == len(found[0]) > 100


def test_angles_are_those_of_the_definition_to_the_last_bit():
    events = events_of([[(1.0, 0.0, 0.0, 0.0)]] * 500)
    place = {"seed": 3, "copy": 1}
    expected = [
        definition.wrapped(definition.angle("rotate_events", **place, event=event))
        for event in range(500)
    ]
    assert rotate_events(events, **place).phi[:, 0].to_list() == expected


# --- what stays ---------------------------------------------------------------------


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_copy_zero_is_the_original(name):
    events = random_events(10, 20)
    same = AUGMENTATIONS[name](events, seed=1, copy=0)
    np.testing.assert_array_equal(rows_of(same), rows_of(events))
    jets = clustered()
    same = rotate_jets(jets, seed=1, copy=0)
    np.testing.assert_array_equal(
        rows_of(same.constituents), rows_of(jets.constituents)
    )


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_other_fields_and_the_structure_are_carried_along(name):
    jets = clustered()
    jets = ak.with_field(jets, ak.local_index(jets, axis=1), "place")
    changed = AUGMENTATIONS[name](jets, seed=1)
    assert changed.fields[:4] == list(CYLINDRICAL)
    assert set(changed.fields) == set(jets.fields)
    if name != "dropping":
        kept = ["place", "constituents", "constituent_index"]
        assert_bitwise_equal(changed[kept], jets[kept])
    place = changed.place.to_list()
    assert all(sorted(event) == event for event in place)
    nested = AUGMENTATIONS[name](jets.constituents, seed=1)
    assert ak.num(nested, axis=1).to_list() == ak.num(jets).to_list()
    assert changed.deltaR(changed).to_list() is not None  # vector's behaviour


def test_momenta_in_other_coordinates_are_replaced():
    events = random_events(10, 20)
    columns = {name: getattr(events, name) for name in CARTESIAN}
    others = ak.zip(columns | {"charge": ak.local_index(events)})
    turned = rotate_events(others, seed=5)
    assert turned.fields == [*CYLINDRICAL, "charge"]
    one, other = rows_of(turned), rows_of(rotate_events(events, seed=5))
    np.testing.assert_allclose(one[:, :3], other[:, :3], atol=tolerances.ANGLE)
    np.testing.assert_allclose(one[:, 3], other[:, 3], atol=1e-5)  # mass from E, p


def test_a_particle_without_pt_has_no_direction_to_smear():
    events = events_of([[(0.0, 1.0, 2.0, 0.5), (1.0, 1.0, 2.0, 0.5)]])
    (still, moved) = rows_of(smear_directions(events, scale_gev=1.0, seed=1))
    assert still.tolist() == [0.0, 1.0, 2.0, 0.5]
    assert moved[1] != 1.0


def test_no_scale_smears_nothing():
    events = random_events(5, 5)
    same = smear_directions(events, scale_gev=0.0, seed=1)
    np.testing.assert_array_equal(rows_of(same), rows_of(events))


def test_nothing_gives_nothing():
    for empty in (random_events(3, 4)[:0], ak.Array([]), ak.Array([[], []])):
        for augment in AUGMENTATIONS.values():
            assert len(augment(empty, seed=1)) == len(empty)
    assert len(rotate_jets(clustered()[:0], seed=1)) == 0


# --- threads, chunks, copies --------------------------------------------------------


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_neither_threads_nor_chunks_change_a_bit(name):
    augment = AUGMENTATIONS[name]
    jets = clustered(40)
    for records in (jets, jets.constituents):
        whole = augment(records, seed=1, copy=4, threads=1)
        assert_bitwise_equal(whole, augment(records, seed=1, copy=4, threads=2))
        parts = [
            augment(records[first : first + 7], seed=1, copy=4, first_event=first)
            for first in range(0, 40, 7)
        ]
        assert_bitwise_equal(whole, ak.concatenate(parts))
    whole = rotate_jets(jets, seed=1, threads=1)
    assert_bitwise_equal(whole, rotate_jets(jets, seed=1, threads=2))
    parts = [rotate_jets(jets[:13], seed=1)]
    parts += [rotate_jets(jets[13:], seed=1, first_event=13)]
    assert_bitwise_equal(whole, ak.concatenate(parts))


def test_copies_know_their_source():
    jets = clustered(7)

    def augment(jets, copy):
        turned = rotate_jets(jets, seed=1, copy=copy)
        smeared = smear_pt(turned.constituents, seed=1, copy=copy, **SMEAR_PT)
        return ak.with_field(turned, smeared, "constituents")

    sample, source = with_copies(jets, augment, copies=3)
    assert len(sample) == 28
    assert source.tolist() == list(range(7)) * 4
    assert_bitwise_equal(sample[:7], augment(jets, 0))
    np.testing.assert_array_equal(
        rows_of(sample[:7].constituents), rows_of(jets.constituents)
    )
    for copy in (1, 2, 3):
        assert_bitwise_equal(sample[7 * copy : 7 * copy + 7], augment(jets, copy))
    assert_bitwise_equal(sample.pt, jets[source].pt)
    alone, source = with_copies(jets, augment, copies=0)
    assert (len(alone), source.tolist()) == (7, list(range(7)))


def test_copies_of_another_length_are_refused():
    jets = clustered(3)
    with pytest.raises(ValueError, match="with_copies: copies must be >= 0, got -1"):
        with_copies(jets, lambda jets, _: jets, copies=-1)
    with pytest.raises(ValueError, match="must give 3 entries, got 2 for copy 1"):
        with_copies(jets, lambda jets, copy: jets[: 3 - copy], copies=1)


# --- errors -------------------------------------------------------------------------


@pytest.mark.parametrize("name", AUGMENTATIONS)
@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"seed": -1}, r"augment: seed must be >= 0 and < 2\^64, got -1"),
        ({"seed": 2**64}, r"augment: seed must be >= 0 and < 2\^64, got 1844"),
        ({"copy": -1}, "copy must be >= 0 and < 16777216, got -1"),
        ({"copy": 2**24}, "copy must be >= 0 and < 16777216, got 16777216"),
        ({"first_event": -1}, r"augment: first_event must be >= 0 and < 2\^48, got -1"),
        ({"first_event": 2**48}, r"augment: first_event must be >= 0 and < 2\^48"),
        ({"threads": 0}, "threads must be >= 1, got 0"),
    ],
)
def test_bad_arguments_are_named(name, changed, problem):
    with pytest.raises(ValueError, match=problem):
        AUGMENTATIONS[name](random_events(2, 2), **{"seed": 1} | changed)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_bad_particles_are_named(name):
    augment = AUGMENTATIONS[name]
    good = (1.0, 0.0, 0.0, 0.0)
    events = events_of([[good], [good, (1.0, math.nan, 0.0, 0.0)]])
    with pytest.raises(
        ValueError, match="particle 1 of event 1 has non-finite eta nan"
    ):
        augment(events, seed=1)
    events = events_of([[(0.0, 0.0, 3.0, 3.0)]], CARTESIAN)
    message = "particle 0 of event 0 moves along the beam, where eta is infinite"
    with pytest.raises(ValueError, match=message):
        augment(events, seed=1)
    jets = ak.unflatten(events_of([[good], [(-1.0, 0.0, 0.0, 0.0)]]), [0, 2])
    with pytest.raises(ValueError, match="constituent 0 of jet 1 has negative pt -1"):
        augment(jets, seed=1)
    with pytest.raises(UserError, match="particles needs pt, eta, phi, mass"):
        augment(ak.Array([[{"pt": 1.0}]]), seed=1)


def test_bad_options_are_named():
    events = random_events(2, 2)
    for scale, text in ((-1.0, "-1"), (math.nan, "nan"), (math.inf, "inf")):
        message = f"smear_directions: scale_gev must be >= 0 and finite, got {text}"
        with pytest.raises(ValueError, match=message):
            smear_directions(events, scale_gev=scale, seed=1)
    with pytest.raises(ValueError, match=r"resolution must be cms_hcal, .* got 'ecal'"):
        smear_pt(events, resolution="ecal", negative_pt="zero", seed=1)
    with pytest.raises(
        ValueError, match="negative_pt must be 'zero' or 'drop', got 'n"
    ):
        smear_pt(events, resolution="cms_hcal", negative_pt="nan", seed=1)
    soft = events_of([[(1e-320, 0.0, 0.0, 0.0)]])
    with pytest.raises(
        ValueError, match=r"particle 0 of event 0 would get .* too small"
    ):
        smear_directions(soft, scale_gev=1.0, seed=1)


def test_bad_jets_are_named():
    jets = clustered(2)[:, :2]
    for pt, problem in ((math.nan, "non-finite pt nan"), (0.0, "pt 0, so no axis")):
        pts = ak.where(ak.local_index(jets, axis=1) == 1, pt, jets.pt)
        with pytest.raises(ValueError, match=f"rotate_jets: jet 1 has {problem}"):
            rotate_jets(ak.with_field(jets, pts, "pt"), seed=1)


def test_numbers_and_lists_that_do_not_fit_are_refused():
    ones, none = np.ones(3), np.zeros(0)
    momenta = ("pt_eta_phi_mass", (ones,) * 4, np.arange(4))

    def turn(columns, numbers):
        return _core.rotate_jets(
            jet_coordinates="pt_eta_phi_mass",
            jet_columns=columns,
            momenta=momenta,
            randomness=(1, 1, numbers),
            threads=1,
        )

    numbers = np.arange(3, dtype=np.uint64)
    with pytest.raises(ValueError, match="one list of constituents a jet, got 4 off"):
        turn((ones[:2],) * 4, numbers)
    with pytest.raises(ValueError, match="columns must have one length, got 3 and 0"):
        turn((ones, none, none, none), numbers)
    with pytest.raises(ValueError, match="got 2 numbers and 3 lists"):
        turn((ones,) * 4, numbers[:2])
    with pytest.raises(TypeError, match="numbers must be uint64, got int64"):
        turn((ones,) * 4, np.arange(3))
