"""oddjet.augment: the distributions, and what turning and smearing leave alone."""

from __future__ import annotations

import math

import awkward as ak
import numpy as np
import pytest
from scipy import stats

import tolerances
from definitions import augment as definition
from oddjet.augment import rotate_events, rotate_jets, smear_directions, smear_pt
from oddjet.events import Events
from oddjet.jets import cluster
from particle_events import events_of, random_events

pytestmark = pytest.mark.kernel

# Probability below which a correct distribution fails a test: one such number for
# each of the few dozen tests here, and every test with a fixed seed.
UNLIKELY = 1e-4


def clustered(count=20, particles=40):
    events = random_events(count, particles)
    return cluster(events, algorithm="antikt", radius=0.8)


def test_all_of_an_event_turns_by_one_angle():
    jets = clustered()
    met = ak.zip({"pt": np.ones(20), "phi": np.zeros(20), "contains_muons": True})
    events = Events(ak.Array({"jets": jets, "met": met}), role="mc")
    options = {"seed": 3, "copy": 2, "first_event": 100}
    angle = rotate_events(events.met, **options)
    assert angle.fields == ["pt", "phi", "contains_muons"]
    for records in (jets, jets.constituents):
        turn = rotate_events(records, **options).phi - records.phi
        gap = np.remainder(turn - angle.phi + 1.0, 2 * math.pi) - 1.0
        assert ak.max(abs(gap), axis=None) < tolerances.ANGLE
    leading = rotate_events(jets[:, 0], **options)
    np.testing.assert_array_equal(leading.phi, rotate_events(jets, **options).phi[:, 0])
    px = ak.zip({"px": np.ones(20), "py": np.zeros(20)}, with_name="Momentum2D")
    np.testing.assert_array_equal(rotate_events(px, **options).phi, angle.phi)


def test_a_rotation_of_the_event_leaves_the_jets():
    events = random_events(20, 40)
    turned = rotate_events(events, seed=4)
    options = {"algorithm": "antikt", "radius": 0.8}
    one, other = cluster(events, **options), cluster(turned, **options)
    assert one.constituent_index.to_list() == other.constituent_index.to_list()
    assert ak.all(turned.phi >= -math.pi)
    assert ak.all(turned.phi < math.pi)


def test_a_rotation_of_the_jet_keeps_distances():
    jets = clustered()
    turned = rotate_jets(jets, seed=4)
    assert turned.fields == jets.fields

    def distances(jets):
        eta = jets.constituents.eta - jets.eta
        phi = jets.constituents.deltaphi(jets)
        return np.hypot(eta, phi)

    gap = abs(distances(jets) - distances(turned))
    assert ak.max(gap, axis=None) < tolerances.ANGLE
    assert ak.all(turned.constituents.pt == jets.constituents.pt, axis=None)
    moved = abs(turned.constituents.eta - jets.constituents.eta) > 1e-3
    assert ak.mean(moved[ak.num(moved, axis=-1) > 1]) > 0.9


def test_azimuths_stay_within_a_turn():
    """At the cut a half of what moves would leave [-pi, pi)."""
    particles = many(1000, eta=0.5, phi=3.14)
    axes = many(1000, eta=0.0, phi=3.14)[:, 0]
    jets = ak.with_field(axes, particles, "constituents")
    moved = {
        "rotate_events": rotate_events(particles, seed=2),
        "rotate_jets": rotate_jets(jets, seed=2).constituents,
        "smear_directions": smear_directions(particles, scale_gev=10.0, seed=2),
    }
    for name, found in moved.items():
        assert ak.all(found.phi >= -math.pi, axis=None), name
        assert ak.all(found.phi < math.pi, axis=None), name
        crossed = ak.mean(found.phi < 0.0)
        assert 0.4 < crossed < 0.6, name  # 500 +- 16


def many(count, **momentum):
    fields = {"pt": 50.0, "eta": 0.3, "phi": 3.0, "mass": 1.0} | momentum
    return ak.zip({name: np.full((count, 1), x) for name, x in fields.items()})


def assert_distributed(sample, distribution):
    assert stats.kstest(np.asarray(sample), distribution.cdf).pvalue > UNLIKELY


def test_angles_are_uniform():
    turned = rotate_events(many(20_000), seed=6)
    assert_distributed(turned.phi[:, 0], stats.uniform(loc=-math.pi, scale=2 * math.pi))
    axes = many(20_000, eta=0.0, phi=0.0)[:, 0]
    jets = ak.with_field(axes, many(20_000, eta=0.5, phi=0.0), "constituents")
    turned = rotate_jets(jets, seed=6).constituents[:, 0]
    angle = np.arctan2(turned.phi, turned.eta)
    assert_distributed(angle, stats.uniform(loc=-math.pi, scale=2 * math.pi))


def test_directions_are_gaussian_and_independent():
    smeared = smear_directions(many(20_000), scale_gev=10.0, seed=7)
    eta = (ak.to_numpy(smeared.eta[:, 0]) - 0.3) / (10 / 50)
    phi = np.remainder(ak.to_numpy(smeared.phi[:, 0]), 2 * math.pi) - 3.0
    phi /= 10 / 50
    for sample in (eta, phi, (eta + phi) / math.sqrt(2), (eta - phi) / math.sqrt(2)):
        assert_distributed(sample, stats.norm)
    assert_distributed(eta**2 + phi**2, stats.chi2(2))
    assert stats.pearsonr(eta, phi).pvalue > UNLIKELY


@pytest.mark.parametrize(
    ("resolution", "at"),
    [
        ("cms_hcal", {10: 4.77, 100: 15.8, 1000: 68.9}),
        ("cms_hcal_literal", {10: 4.50, 100: 25.9, 1000: 231.3}),
        ("atlas_hcal", {10: 2.31, 100: 6.22, 1000: 34.4}),
    ],
)
def test_pt_is_gaussian_with_the_published_deviations(resolution, at):
    for pt, sigma in at.items():
        deviation = definition.DEVIATIONS[resolution](pt)
        assert deviation == pytest.approx(sigma, rel=3e-3)
        options = {"resolution": resolution, "negative_pt": "drop", "seed": 8}
        smeared = smear_pt(many(20_000, pt=float(pt)), **options)
        found = ak.to_numpy(ak.flatten(smeared.pt))
        normal = stats.truncnorm(-pt / deviation, np.inf, loc=pt, scale=deviation)
        assert_distributed(found, normal)
        zeroed = smear_pt(
            many(20_000, pt=float(pt)), **options | {"negative_pt": "zero"}
        )
        zeros = np.count_nonzero(zeroed.pt == 0.0)
        assert zeros == 20_000 - len(found)
        expected = 20_000 * stats.norm.cdf(-pt / deviation)
        assert abs(zeros - expected) <= 4 * math.sqrt(expected + 1)


def test_purposes_seeds_copies_events_and_particles_are_independent():
    def normals(**options):
        events = events_of([[(1.0, 0.0, 0.0, 0.0)] * 5] * 400)
        smeared = smear_directions(events, scale_gev=0.01, **options)
        return ak.to_numpy(ak.flatten(smeared.eta)) / 0.01

    def of_pt(**options):
        events = events_of([[(1e4, 0.0, 0.0, 0.0)] * 5] * 400)
        smeared = smear_pt(events, resolution="cms_hcal", negative_pt="zero", **options)
        sigma = definition.DEVIATIONS["cms_hcal"](1e4)
        return (ak.to_numpy(ak.flatten(smeared.pt)) - 1e4) / sigma

    one = normals(seed=1)
    others = [
        normals(seed=2),
        normals(seed=1 + 2**32),
        normals(seed=1, copy=2),
        normals(seed=1, first_event=400),
        normals(seed=1, first_event=2**32),
        of_pt(seed=1),
        np.roll(one, 1),
        np.roll(one, 5),
    ]
    for other in others:
        assert stats.pearsonr(one, other).pvalue > UNLIKELY
        assert np.count_nonzero(one == other) == 0
