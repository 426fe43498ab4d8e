"""oddjet.jets: what no clustering may change, and what it must not notice."""

from __future__ import annotations

import math

import awkward as ak
import numpy as np
import pytest

import tolerances
from oddjet.jets import cluster
from particle_events import CARTESIAN, cartesian, events_of, members, random_events

pytestmark = pytest.mark.kernel

ALGORITHMS = ("antikt", "kt", "cambridge_aachen")


def assert_same_momenta(one, other, *, relative=tolerances.MOMENTUM):
    one, other = (np.concatenate(cartesian(jets)) for jets in (one, other))
    scale = np.abs(other[:, 3:]) + 1e-300
    np.testing.assert_allclose(one / scale, other / scale, rtol=0, atol=relative)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_momentum_is_conserved(algorithm):
    events = random_events(20, 60)
    jets = cluster(events, algorithm=algorithm, radius=0.6)
    together = ak.sum(jets.energy, axis=1), ak.sum(jets.px, axis=1)
    before = ak.sum(events.energy, axis=1), ak.sum(events.px, axis=1)
    for after, expected, size in zip(together, before, [before[0]] * 2, strict=True):
        assert ak.all(abs(after - expected) < tolerances.MOMENTUM * size)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_order_of_particles_does_not_matter(algorithm):
    events = random_events(20, 60)
    order = np.random.default_rng(3).permutation(60)
    jets = cluster(events, algorithm=algorithm, radius=0.6)
    shuffled = cluster(events[:, order], algorithm=algorithm, radius=0.6)
    renamed = [
        {frozenset(order[i] for i in jet) for jet in event}
        for event in shuffled.constituent_index.tolist()
    ]
    assert renamed == members(jets)
    assert_same_momenta(shuffled, jets)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("angle", [0.5, math.pi, -2.9])
def test_rotation_about_the_beam_changes_azimuths_only(algorithm, angle):
    events = random_events(20, 60)
    turned = events.rotateZ(angle)
    jets = cluster(events, algorithm=algorithm, radius=0.6)
    rotated = cluster(turned, algorithm=algorithm, radius=0.6)
    assert members(rotated) == members(jets)
    assert_same_momenta(rotated, jets.rotateZ(angle))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_boosts_along_the_beam_shift_rapidities_only(algorithm):
    events = random_events(20, 60)
    boosted = events.boostZ(beta=math.tanh(0.7))
    jets = cluster(events, algorithm=algorithm, radius=0.6)
    shifted = cluster(boosted, algorithm=algorithm, radius=0.6)
    assert members(shifted) == members(jets)
    assert ak.all(abs(shifted.pt / jets.pt - 1) < tolerances.ANGLE)
    assert ak.all(abs(shifted.rapidity - jets.rapidity - 0.7) < tolerances.ANGLE)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_soft_particles_do_not_change_the_hard_jets(algorithm):
    events = random_events(20, 40)
    soft = random_events(20, 30, seed=2)
    soft["pt"] = soft.pt * 1e-12
    soft["mass"] = soft.mass * 0
    both = ak.concatenate([events, soft], axis=1)
    jets = cluster(events, algorithm=algorithm, radius=0.6)
    with_soft = cluster(both, algorithm=algorithm, radius=0.6, pt_min_gev=1e-6)
    hard_members = [
        {frozenset(i for i in jet if i < 40) for jet in event}
        for event in with_soft.constituent_index.tolist()
    ]
    assert hard_members == members(jets)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_collinear_splitting_does_not_change_the_jets(algorithm):
    events = random_events(20, 40)
    events["mass"] = events.mass * 0
    halves = [ak.with_field(events, events.pt * z, "pt") for z in (0.25, 0.75)]
    jets = cluster(events, algorithm=algorithm, radius=0.6)
    split = cluster(ak.concatenate(halves, axis=1), algorithm=algorithm, radius=0.6)
    as_before = [
        {frozenset(i % 40 for i in jet) for jet in event}
        for event in split.constituent_index.tolist()
    ]
    assert as_before == members(jets)
    assert_same_momenta(split, jets)


def test_coordinates_do_not_matter():
    events = random_events(10, 50)
    other = events_of(cartesian(events), CARTESIAN)
    one, other = (cluster(e, algorithm="antikt", radius=0.8) for e in (events, other))
    assert members(one) == members(other)
    assert_same_momenta(one, other)
