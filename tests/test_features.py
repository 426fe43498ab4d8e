"""oddjet.features: the definitions, padded and ragged."""

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
from definitions.features import features as definition
from definitions.kinematics import Momentum, from_collider
from oddjet import _core  # noqa: TID251 no array of records has such columns
from oddjet.features import (
    FEATURE_VERSIONS,
    FeatureSpec,
    constituent_features,
    event_tensors,
    ragged_constituent_features,
)
from oddjet.jets import cluster
from particle_events import (
    CARTESIAN,
    CYLINDRICAL,
    events_of,
    jets_of,
    random_events,
)

pytestmark = pytest.mark.kernel


_PARTICLE = st.tuples(
    st.sampled_from([1.0, 2.0, 5.0]) | st.floats(1e-3, 1e3),
    st.floats(-4.0, 4.0),
    st.floats(-math.pi, 3.14),
    st.sampled_from([0.0, 0.13957, 4.0]),
)


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


def test_jets_are_flattened_in_order():
    jets = cluster(random_events(10, 60), algorithm="antikt", radius=0.8)
    nested = constituent_features(jets, FeatureSpec())
    flat = constituent_features(ak.flatten(jets), FeatureSpec())
    for one, other in zip(nested, flat, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("compute", [constituent_features, event_tensors])
def test_another_version_of_a_feature_is_refused(compute):
    spec = dataclasses.replace(FeatureSpec(), versions=(1, 1, 2, 1, 1, 1, 1))
    message = "feature log_pt is wanted in version 2, this oddjet computes version 1"
    with pytest.raises(ValueError, match=message):
        compute(random_events(1, 3), spec)


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
