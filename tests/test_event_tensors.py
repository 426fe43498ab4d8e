"""oddjet.event_tensors: one way from particles to every tensor."""

from __future__ import annotations

import math

import awkward as ak
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tolerances
from definitions import clustering
from definitions.features import event_features as definition_of_event
from definitions.kinematics import momenta_of, pt_squared
from oddjet.features import (
    FeatureSpec,
    constituent_features,
    event_tensors,
)
from oddjet.jets import cluster
from oddjet.runs.errors import UserError
from particle_events import (
    CARTESIAN,
    CYLINDRICAL,
    cartesian,
    events_of,
    hard_cases,
    jets_of,
    random_events,
)

pytestmark = pytest.mark.kernel


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


def test_a_rotation_about_the_beam_changes_nothing():
    events = random_events(20, 60)
    one, mask, _ = event_tensors(events, FeatureSpec())
    other, same_mask, _ = event_tensors(events.rotateZ(2.5), FeatureSpec())
    np.testing.assert_array_equal(mask, same_mask)
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)


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
