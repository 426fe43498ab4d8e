"""oddjet.features: the spec's text, the definitions, and one way to every tensor."""

from __future__ import annotations

import dataclasses
import itertools
import math

import awkward as ak
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tolerances
from definitions import clustering
from definitions.features import energy_fractions as definition_of_fractions
from definitions.features import event_features as definition_of_event
from definitions.features import features as definition
from definitions.kinematics import Momentum, from_collider, momenta_of, pt_squared
from oddjet import _core  # noqa: TID251 no array of records has such columns
from oddjet.features import (
    FEATURE_VERSIONS,
    FeatureSpec,
    constituent_features,
    energy_fractions,
    event_tensors,
    ragged_constituent_features,
)
from oddjet.jets import cluster
from oddjet.runs.errors import UserError
from particle_events import (
    CARTESIAN,
    CYLINDRICAL,
    cartesian,
    events_of,
    hard_cases,
    random_events,
)

pytestmark = pytest.mark.kernel


# --- the spec -----------------------------------------------------------------------


@given(
    st.builds(
        FeatureSpec,
        source=st.sampled_from(["particles", "towers"]),
        algorithm=st.sampled_from(["antikt", "kt", "cambridge_aachen"]),
        radius=st.floats(1e-3, 1000.0),
        num_constituents=st.integers(1, 500),
        features=st.lists(
            st.sampled_from(sorted(FEATURE_VERSIONS)), min_size=1, unique=True
        ).map(tuple),
    )
)
def test_text_round_trip(spec):
    assert FeatureSpec.from_text(spec.to_text()) == spec
    assert spec.differences(FeatureSpec.from_text(spec.to_text())) == []


def test_text_is_plain_lines():
    assert FeatureSpec().to_text() == (
        "source = particles\n"
        "algorithm = antikt\n"
        "radius = 0.8\n"
        "jet = leading\n"
        "num_constituents = 40\n"
        "features = delta_rapidity delta_azimuth log_pt log_pt_ratio log_energy "
        "log_energy_ratio delta_r\n"
        "versions = 1 1 1 1 1 1 1\n"
    )


def test_every_difference_is_a_sentence():
    one = FeatureSpec()
    other = FeatureSpec(radius=1.0, features=("log_pt",))
    assert one.differences(other) == [
        "radius is 0.8 here and 1.0 there",
        f"features is {' '.join(one.features)} here and log_pt there",
        "versions is 1 1 1 1 1 1 1 here and 1 there",
    ]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"source": "a b"}, "source must be a collection's name, got 'a b'"),
        ({"algorithm": "genkt"}, "algorithm must be one of antikt, .* got 'genkt'"),
        ({"radius": -0.1}, "radius must be > 0 and <= 1000, got -0.1"),
        ({"radius": math.nan}, "radius must be > 0 and <= 1000, got nan"),
        ({"jet": "second"}, "jet must be 'leading', got 'second'"),
        ({"num_constituents": 0}, "num_constituents must be >= 1, got 0"),
        ({"features": ()}, "at least one feature is needed"),
        ({"features": ("charge",)}, "unknown features charge; known are delta_az"),
        ({"features": ("log_pt", "log_pt")}, "a feature is named twice in log_pt, "),
        ({"versions": (1, 1)}, r"versions must be one per feature \(7\), got 2"),
    ],
)
def test_a_spec_that_no_kernel_could_compute_is_refused(changed, problem):
    with pytest.raises(ValueError, match=f"FeatureSpec: {problem}"):
        FeatureSpec(**changed)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("radius", "cone", "the text must have the keys source, .* got .*cone"),
        ("jet = leading\n", "", "the text must have the keys source,"),
        ("jet = leading", "source = x", "the line 'source = x' repeats a key"),
        ("jet = leading", "hello", "the line 'hello' is not `key = value`"),
        ("0.8", "large", "radius = large: could not convert string to float"),
        ("= 40", "= 4.5", "num_constituents = 4.5: invalid literal for int"),
        ("1 1 1", "1 a 1", "versions = 1 a 1 .*: invalid literal for int"),
    ],
)
def test_a_text_that_is_no_spec_is_refused(old, new, problem):
    text = FeatureSpec().to_text().replace(old, new, 1)
    with pytest.raises(ValueError, match=f"FeatureSpec: {problem}"):
        FeatureSpec.from_text(text)


@pytest.mark.parametrize("compute", [constituent_features, event_tensors])
def test_another_version_of_a_feature_is_refused(compute):
    spec = dataclasses.replace(FeatureSpec(), versions=(1, 1, 2, 1, 1, 1, 1))
    message = "feature log_pt is wanted in version 2, this oddjet computes version 1"
    with pytest.raises(ValueError, match=message):
        compute(random_events(1, 3), spec)


# --- the definitions ----------------------------------------------------------------

_PARTICLE = st.tuples(
    st.sampled_from([1.0, 2.0, 5.0]) | st.floats(1e-3, 1e3),
    st.floats(-4.0, 4.0),
    st.floats(-math.pi, 3.14),
    st.sampled_from([0.0, 0.13957, 4.0]),
)


def jets_of(rows, names=CYLINDRICAL, dtype=np.float64):
    """Jets whose momenta are the sums of their constituents."""
    constituents = events_of(rows, names, dtype)
    sums = {name: ak.sum(getattr(constituents, name), axis=1) for name in CARTESIAN}
    jets = ak.zip(sums, with_name="Momentum4D")
    return ak.with_field(jets, constituents, "constituents")


@given(
    st.lists(st.lists(_PARTICLE, min_size=1, max_size=6), min_size=1, max_size=3),
    st.permutations(sorted(FEATURE_VERSIONS)),
    st.integers(1, 8),
)
def test_features_are_those_of_the_definition(rows, names, num_constituents):
    jets = jets_of(rows)
    spec = FeatureSpec(features=tuple(names), num_constituents=num_constituents)
    values, mask = constituent_features(jets, spec)
    assert values.dtype == np.float32
    for jet, row, found, kept in zip(jets, rows, values, mask, strict=True):
        momentum = Momentum(jet.px, jet.py, jet.pz, jet.energy)
        constituents = [(particle[0], from_collider(*particle)) for particle in row]
        expected, real = definition(momentum, constituents, names, num_constituents)
        np.testing.assert_array_equal(kept, real)
        np.testing.assert_allclose(
            found, expected, rtol=tolerances.SINGLE, atol=tolerances.SINGLE
        )


def test_azimuths_wrap():
    jets = jets_of([[(10.0, 0.0, 3.1, 0.0), (10.0, 0.0, -3.1, 0.0)]])
    spec = FeatureSpec(features=("delta_azimuth",), num_constituents=2)
    values, _ = constituent_features(jets, spec)
    np.testing.assert_allclose(values[0, :, 0], [-0.0415927, 0.0415927], rtol=1e-5)


def test_equal_pt_keeps_the_lower_index_first():
    rows = [(5.0, 0.1 * i, 0.0, 0.0) for i in range(6)]
    spec = FeatureSpec(features=("delta_rapidity",), num_constituents=3)
    values, _ = constituent_features(jets_of([rows]), spec)
    np.testing.assert_allclose(values[0, :, 0], [-0.25, -0.15, -0.05], atol=1e-2)


def test_single_precision_is_computed_in_double():
    rows = random_events(5, 20)
    single = np.float32(
        np.stack([ak.to_numpy(rows[name]) for name in CYLINDRICAL], axis=-1)
    )
    spec = FeatureSpec(num_constituents=20)
    one, _ = event_tensors(events_of(single, CYLINDRICAL, np.float32), spec)[:2]
    other, _ = event_tensors(events_of(single, CYLINDRICAL, np.float64), spec)[:2]
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("names", [CARTESIAN, CYLINDRICAL])
def test_constituents_in_any_order_and_number(names):
    """Few are ordered by counting, many by sorting, those in order not at all."""
    random = np.random.default_rng(2)
    for number in (1, 2, 40, 256, 257, 400):
        jets = jets_of(random_rows(random, number), CYLINDRICAL)
        constituents = ak.zip({n: getattr(jets.constituents, n) for n in names})
        jets = ak.with_field(jets, constituents, "constituents")
        spec = FeatureSpec(num_constituents=30)
        found = constituent_features(jets, spec)
        order = ak.argsort(jets.constituents[names[0]], ascending=False, stable=True)
        if names == CARTESIAN:
            pt = np.sqrt(constituents.px**2 + constituents.py**2)
            order = ak.argsort(pt, ascending=False, stable=True)
        ordered = ak.with_field(jets, jets.constituents[order], "constituents")
        for one, other in zip(found, constituent_features(ordered, spec), strict=True):
            np.testing.assert_array_equal(one, other)


def random_rows(random, number):
    """Two jets of so many constituents, a third of them with a pt that others have."""
    pt = np.where(
        random.random((2, number)) < 0.3, 5.0, random.exponential(5, (2, number))
    )
    eta, phi = random.normal(0, 0.3, (2, 2, number))
    return np.stack([pt + 0.1, eta, phi, np.zeros_like(pt)], axis=-1).tolist()


def test_azimuths_may_be_given_in_any_turn():
    rows = [[(10.0, 0.0, 3.0, 0.0), (9.0, 0.3, -3.0, 0.1), (8.0, 0.1, 2.0, 0.0)]]
    turned = [[(pt, eta, phi + 2 * math.pi, m) for pt, eta, phi, m in rows[0]]]
    jets, spec = jets_of(rows), FeatureSpec(num_constituents=3)
    other = ak.with_field(jets, jets_of(turned).constituents, "constituents")
    np.testing.assert_allclose(
        constituent_features(jets, spec)[0],
        constituent_features(other, spec)[0],
        rtol=tolerances.SINGLE,
        atol=tolerances.SINGLE,
    )


@pytest.mark.parametrize(
    ("etas", "masses"),
    [
        ((0.0, 1e-12, 1e-6, 0.1, 3.0, -5.0), (0.0, 1e-6, 0.14, 80.0, -1e-4)),
        # So far forward no sum of squares knows of a mass.
        ((40.0, -95.0, 120.0), (0.0, 1e-8)),
    ],
)
def test_features_of_extreme_directions(etas, masses):
    for eta, mass in itertools.product(etas, masses):
        check_features(eta, mass)


def check_features(eta, mass):
    row = (20.0, eta, 1.0, mass)
    jets = jets_of([[row, (10.0, eta, 1.2, 0.0)]])
    spec = FeatureSpec(num_constituents=2)
    (values,), _ = constituent_features(jets, spec)
    jet = Momentum(*(float(jets[name][0]) for name in CARTESIAN))
    constituents = [
        (row[0], from_collider(*row)),
        (10.0, from_collider(10.0, eta, 1.2, 0.0)),
    ]
    expected, _ = definition(jet, constituents, spec.features, 2)
    np.testing.assert_allclose(
        values, expected, rtol=tolerances.SINGLE, atol=tolerances.SINGLE
    )


@pytest.mark.parametrize("num_constituents", [1, 7, 40, 1000])
@pytest.mark.parametrize("names", [("delta_r",), FeatureSpec().features])
def test_ragged_is_padded_where_the_mask_is_true(num_constituents, names):
    jets = cluster(random_events(30, 80), algorithm="antikt", radius=1.0)
    spec = FeatureSpec(num_constituents=num_constituents, features=names)
    values, mask = constituent_features(jets, spec)
    for threads in (1, 2):
        ragged, offsets = ragged_constituent_features(jets, spec, threads=threads)
        np.testing.assert_array_equal(ragged, values[mask])
        np.testing.assert_array_equal(np.diff(offsets), mask.sum(axis=1))
        assert offsets.dtype == np.int64
        assert offsets[0] == 0


def test_ragged_errors_are_those_of_the_padded_form():
    jets = jets_of([[(1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0)]])
    with pytest.raises(ValueError, match="jet 0: constituent 1 has pt 0, which has no"):
        ragged_constituent_features(jets, FeatureSpec())
    with pytest.raises(ValueError, match="threads must be >= 1, got 0"):
        ragged_constituent_features(jets, FeatureSpec(), threads=0)


# --- energy fractions ---------------------------------------------------------------


def with_codes(jets, codes):
    constituents = ak.with_field(jets.constituents, codes, "pdg_id")
    return ak.with_field(jets, constituents, "constituents")


@given(
    st.lists(hard_cases(max_size=6), min_size=1, max_size=3),
    st.sampled_from([np.int32, np.int64]),
    st.data(),
)
def test_fractions_are_those_of_the_definition(rows, dtype, data):
    code = st.sampled_from([11, -11, 13, -13, 22, 211, -211, 130, 1, 2, 0, 15, -2212])
    codes = [data.draw(st.lists(code, min_size=len(r), max_size=len(r))) for r in rows]
    flat = np.array([c for row in codes for c in row], dtype)
    jets = ak.Array({"constituents": events_of(rows)})
    jets = with_codes(jets, ak.unflatten(flat, [len(row) for row in rows]))
    found = energy_fractions(jets, threads=2)
    assert found.shape == (len(rows), 4)
    for fractions, row, kinds in zip(found, rows, codes, strict=True):
        energies = [from_collider(*particle).energy for particle in row]
        np.testing.assert_allclose(
            fractions, definition_of_fractions(energies, kinds), rtol=1e-14
        )


def test_fractions_of_jets_per_event_add_up_to_one():
    jets = cluster(random_events(20, 60), algorithm="antikt", radius=0.8)
    size = ak.num(jets.constituents, axis=-1)
    codes = np.random.default_rng(1).choice([11, 13, 22, 211], ak.sum(size))
    flat = with_codes(ak.flatten(jets), ak.unflatten(codes, ak.flatten(size)))
    found = energy_fractions(flat)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-14)
    nested = ak.unflatten(flat, ak.num(jets))
    np.testing.assert_array_equal(energy_fractions(nested), found)
    np.testing.assert_array_equal(energy_fractions(flat, threads=2), found)


def test_bad_codes_and_constituents_are_named():
    jets = jets_of([[(1.0, 0.0, 0.0, 0.0)], [(2.0, math.nan, 0.0, 0.0)]])
    with pytest.raises(UserError, match="need a field pdg_id of integers, got the fi"):
        energy_fractions(jets)
    with pytest.raises(UserError, match="need a field pdg_id of integers"):
        energy_fractions(with_codes(jets, [[22.0], [22.0]]))
    message = "energy_fractions: constituent 0 of jet 1 has non-finite eta nan"
    with pytest.raises(ValueError, match=message):
        energy_fractions(with_codes(jets, [[22], [22]]))
    ones = np.ones(2)
    with pytest.raises(ValueError, match="needs one pdg_id a particle, got 1 for 2"):
        _core.energy_fractions(
            coordinates="px_py_pz_energy",
            columns=(ones,) * 4,
            offsets=np.array([0, 2]),
            pdg_id=np.array([11]),
            threads=1,
        )


def test_jets_are_flattened_in_order():
    jets = cluster(random_events(10, 60), algorithm="antikt", radius=0.8)
    nested = constituent_features(jets, FeatureSpec())
    flat = constituent_features(ak.flatten(jets), FeatureSpec())
    for one, other in zip(nested, flat, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_rotation_about_the_beam_changes_nothing():
    events = random_events(20, 60)
    one, mask, _ = event_tensors(events, FeatureSpec())
    other, same_mask, _ = event_tensors(events.rotateZ(2.5), FeatureSpec())
    np.testing.assert_array_equal(mask, same_mask)
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)


# --- one way to every tensor --------------------------------------------------------


@pytest.mark.parametrize("names", [CARTESIAN, CYLINDRICAL])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("algorithm", ["antikt", "kt", "cambridge_aachen"])
def test_event_tensors_is_cluster_and_constituent_features(names, dtype, algorithm):
    events = random_events(50, 60)
    columns = [ak.to_numpy(ak.flatten(getattr(events, name))) for name in names]
    events = events_of(np.stack(columns, axis=-1).reshape(50, 60, 4), names, dtype)
    spec = FeatureSpec(algorithm=algorithm, radius=0.8)

    values, mask, found = event_tensors(events, spec)

    jets = cluster(events, algorithm=algorithm, radius=0.8)
    expected, real = constituent_features(jets[:, 0], spec)
    assert found.all()
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(mask, real)


def test_events_without_a_jet_are_zero_and_not_found():
    along_the_beam = (0.0, 0.0, 9.0, 9.0)
    events = events_of([[], [along_the_beam], [(3.0, 0.0, 1.0, 4.0)]], CARTESIAN)
    values, mask, found = event_tensors(events, FeatureSpec(num_constituents=2))
    assert found.tolist() == [False, False, True]
    assert mask.tolist() == [[False] * 2, [False] * 2, [True, False]]
    assert not values[:2].any()
    assert not values[2, 1].any()


@given(
    st.lists(hard_cases(max_size=6), min_size=1, max_size=3),
    st.sampled_from(sorted(clustering.POWERS)),
    st.integers(1, 4),
)
def test_event_tensors_are_those_of_the_definition(rows, algorithm, num_constituents):
    events = cartesian(events_of(rows))
    spec = FeatureSpec(algorithm=algorithm, num_constituents=num_constituents)
    tensors = event_tensors(events_of(events, CARTESIAN), spec)
    for event, *answer in zip(events, *tensors, strict=True):
        momenta = momenta_of(event)
        power = clustering.POWERS[algorithm]
        jets = clustering.cluster(momenta, power=power, radius=spec.radius)
        with_constituents = [
            (jet, [(math.sqrt(pt_squared(momenta[i])), momenta[i]) for i in members])
            for jet, members in clustering.hardest_first(jets)
        ]
        expected = definition_of_event(
            with_constituents, spec.features, spec.num_constituents
        )
        for found, wanted in zip(answer, expected, strict=True):
            np.testing.assert_allclose(
                found, wanted, rtol=tolerances.SINGLE, atol=tolerances.SINGLE
            )


def test_an_event_with_a_constituent_without_logarithm_is_not_found():
    good, resting = (9.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0)
    events = events_of([[good], [good, resting], [good]])
    values, mask, found = event_tensors(events, FeatureSpec())
    assert found.tolist() == [True, False, True]
    assert not values[1].any()
    assert not mask[1].any()
    np.testing.assert_array_equal(values[2], values[0])
    # Where the constituent is not among those kept, nothing is missing.
    _, _, found = event_tensors(events, FeatureSpec(num_constituents=1))
    assert found.all()


def test_no_events_give_empty_tensors():
    values, mask, found = event_tensors(random_events(3, 4)[:0], FeatureSpec())
    assert (values.shape, mask.shape, found.shape) == ((0, 40, 7), (0, 40), (0,))
    values, mask = constituent_features(jets_of([[(1.0, 0, 0, 0)]])[:0], FeatureSpec())
    assert (values.shape, mask.shape) == ((0, 40, 7), (0, 40))


def test_masked_events_have_the_tensors_they_had():
    events = random_events(30, 40)
    mask = np.arange(30) % 4 == 2
    before = event_tensors(events[mask], FeatureSpec())
    after = event_tensors(events, FeatureSpec())
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other[mask])


def test_threads_never_change_the_result():
    events = random_events(50, 40)
    one = event_tensors(events, FeatureSpec(), threads=1)
    two = event_tensors(events, FeatureSpec(), threads=2)
    jets = cluster(events, algorithm="antikt", radius=0.8)
    one += constituent_features(jets, FeatureSpec(), threads=1)
    two += constituent_features(jets, FeatureSpec(), threads=2)
    for first, second in zip(one, two, strict=True):
        np.testing.assert_array_equal(first, second)


# --- errors -------------------------------------------------------------------------


def test_a_constituent_without_logarithm_is_named():
    rows = [(9.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0)]
    with pytest.raises(ValueError, match="jet 0: constituent 1 has pt 0"):
        constituent_features(jets_of([rows]), FeatureSpec())
    values, _ = constituent_features(jets_of([rows]), FeatureSpec(num_constituents=1))
    assert np.isfinite(values).all()


def test_bad_jets_and_constituents_are_named():
    good = [(9.0, 0.0, 0.0, 0.0)]
    jets = jets_of([good, good])
    for pt, problem in ((math.nan, "non-finite pt nan"), (0.0, "pt 0, so no axis")):
        momenta = {"pt": [9.0, pt], "eta": 0.0, "phi": 0.0, "mass": 0.0}
        bad = ak.with_field(ak.zip(momenta), jets.constituents, "constituents")
        message = f"constituent_features: jet 1 has {problem}"
        with pytest.raises(ValueError, match=message):
            constituent_features(bad, FeatureSpec())
    bad = ak.with_field(
        jets, events_of([good, [(math.inf, 0.0, 0.0, 0.0)]]), "constituents"
    )
    with pytest.raises(
        ValueError, match="constituent 0 of jet 1 has non-finite pt inf"
    ):
        constituent_features(bad, FeatureSpec())


def test_jets_with_columns_of_different_lengths_are_refused():
    ones = np.ones(3)
    message = "jets: columns must have one length, got 3 and 1"
    with pytest.raises(ValueError, match=f"constituent_features: {message}"):
        _core.constituent_features(
            jet_coordinates="pt_eta_phi_mass",
            jet_columns=(ones, ones[:1], ones[:1], ones[:1]),
            coordinates="pt_eta_phi_mass",
            columns=(ones,) * 4,
            offsets=np.arange(4),
            features=["log_pt"],
            num_constituents=1,
            threads=1,
        )


def test_bad_particles_are_named():
    events = events_of([[(1.0, 0.0, 0.0, 0.0)], [(1.0, math.nan, 0.0, 0.0)]])
    message = "event_tensors: particle 0 of event 1 has non-finite eta nan"
    with pytest.raises(ValueError, match=message):
        event_tensors(events, FeatureSpec())
    with pytest.raises(ValueError, match="event_tensors: threads must be >= 1, got 0"):
        event_tensors(events, FeatureSpec(), threads=0)


def test_particles_that_are_no_momenta_are_a_user_error():
    with pytest.raises(UserError, match="towers needs pt, eta, phi, mass"):
        event_tensors(ak.Array([[{"pt": 1.0}]]), FeatureSpec(source="towers"))
