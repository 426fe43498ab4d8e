"""Clustering and substructure: what physics says that they must not notice.

On drawn events without ties: continuous angles, momenta over six decades, massive and
massless particles.
"""

from __future__ import annotations

import functools
import math

import awkward as ak
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tolerances
from oddjet.jets import cluster, recluster
from oddjet.substructure import (
    energy_correlation,
    filter_jets,
    jet_shapes,
    lund_tree,
    mass_drop,
    nsubjettiness,
    prune,
    soft_drop,
    trim,
)
from particle_events import CARTESIAN, cartesian, events_of, members

pytestmark = pytest.mark.kernel

GROOMERS = {
    "soft_drop": functools.partial(soft_drop, z_cut=0.1, beta=1.0, radius=0.8),
    "mmdt": functools.partial(soft_drop, z_cut=0.1, beta=0.0, radius=0.8),
    "trim": functools.partial(trim, subjet_radius=0.3, pt_fraction=0.05),
    "filter_jets": functools.partial(filter_jets, subjet_radius=0.3),
    "mass_drop": functools.partial(mass_drop, mu=0.8, y_cut=0.02),
    "prune": functools.partial(prune, z_cut=0.15),
}
SHAPES = {
    "rays": functools.partial(nsubjettiness, n=(1, 2, 3, 4), radius=0.8),
    "rays_kt": functools.partial(nsubjettiness, radius=0.8, axes="kt", beta=2.0),
    "correlation": functools.partial(energy_correlation, beta=1.5),
    "shapes": jet_shapes,
}
ALGORITHMS = st.sampled_from(["antikt", "kt", "cambridge_aachen"])
RADII = st.sampled_from([0.3, 0.8, 1.5])
SCHEMES = st.sampled_from(["E", "WTA_pt"])
some_examples = settings(max_examples=40, deadline=None)


@st.composite
def particle_rows(draw, *, width=1.0, massless=False, min_size=2):
    """(pt, eta, phi, mass) of one event, anywhere on the cylinder."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = draw(st.integers(min_size, 25))
    columns = [
        np.exp(random.normal(1.0, 2.0, size)),
        random.normal(0.0, width, size) + random.uniform(-1.0, 1.0),
        random.normal(0.0, width, size) + random.uniform(-3.0, 3.0),
        random.choice([0.0, 0.13957, 0.93827], size) * (not massless),
    ]
    columns[2] = (columns[2] + math.pi) % (2 * math.pi) - math.pi
    return np.stack(columns, axis=-1)


def event_of(rows):
    return events_of([rows.tolist()])


def jet_of(rows):
    return ak.zip({"constituents": event_of(rows)}, depth_limit=1)


def moved(rows, how):
    """The rows as Cartesian momenta, boosted by a rapidity and turned by an angle."""
    rapidity, angle = how
    px, py, pz, energy = np.asarray(cartesian(event_of(rows))[0]).T
    c, s = math.cos(angle), math.sin(angle)
    ch, sh = math.cosh(rapidity), math.sinh(rapidity)
    columns = [c * px - s * py, s * px + c * py, ch * pz + sh * energy]
    return np.stack([*columns, ch * energy + sh * pz], axis=-1)


MOVES = st.tuples(st.floats(-2.0, 2.0), st.floats(-math.pi, math.pi))


def kept(groomed):
    return frozenset(groomed.constituent_index[0].tolist())


def momentum_of(records):
    return np.array([ak.sum(getattr(records, name)) for name in CARTESIAN])


def momenta(jets):
    return np.stack([ak.to_numpy(getattr(jets, n)) for n in CARTESIAN], axis=-1)


# --- clustering -----------------------------------------------------------------------


@given(particle_rows(), ALGORITHMS, RADII, st.randoms(use_true_random=False))
@some_examples
def test_jets_do_not_know_the_order_of_particles(rows, algorithm, radius, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    jets = cluster(event_of(rows), algorithm=algorithm, radius=radius)
    shuffled = cluster(event_of(rows[order]), algorithm=algorithm, radius=radius)
    renamed = {
        frozenset(order[i] for i in jet) for jet in shuffled.constituent_index[0]
    }
    assert renamed == members(jets)[0]


@given(particle_rows(), ALGORITHMS, RADII, SCHEMES, MOVES)
@some_examples
def test_jets_move_with_their_particles(rows, algorithm, radius, scheme, how):
    options = {"algorithm": algorithm, "radius": radius, "recombination": scheme}
    jets = cluster(event_of(rows), **options)
    elsewhere = cluster(events_of([moved(rows, how)], CARTESIAN), **options)
    assert members(elsewhere) == members(jets)
    np.testing.assert_allclose(elsewhere.pt[0], jets.pt[0], rtol=tolerances.ANGLE)
    np.testing.assert_allclose(
        elsewhere.rapidity[0], jets.rapidity[0] + how[0], atol=tolerances.ANGLE
    )


@given(particle_rows(), ALGORITHMS, RADII)
@some_examples
def test_no_momentum_is_lost(rows, algorithm, radius):
    event = event_of(rows)
    before = np.sum(cartesian(event)[0], axis=0)
    jets = cluster(event, algorithm=algorithm, radius=radius)
    subjets = recluster(jets, algorithm="kt", radius=0.1)
    size = before[3] * 1e-9  # eta of a record costs digits of pz
    for found in (jets[0], ak.flatten(subjets[0])):
        np.testing.assert_allclose(np.sum(momenta(found), axis=0), before, atol=size)


@given(particle_rows(), ALGORITHMS, RADII, particle_rows())
@some_examples
def test_soft_particles_change_no_hard_jet(rows, algorithm, radius, soft):
    soft = soft * [1e-12, 1.0, 1.0, 0.0]
    jets = cluster(event_of(rows), algorithm=algorithm, radius=radius)
    both = cluster(
        event_of(np.concatenate([rows, soft])), algorithm=algorithm, radius=radius
    )
    hard = {frozenset(i for i in jet if i < len(rows)) for jet in members(both)[0]}
    assert hard - {frozenset()} == members(jets)[0]


@given(particle_rows(massless=True), ALGORITHMS, RADII, st.floats(0.01, 0.99))
@some_examples
def test_collinear_splittings_change_no_jet(rows, algorithm, radius, z):
    halves = [rows * [share, 1.0, 1.0, 1.0] for share in (z, 1.0 - z)]
    options = {"algorithm": algorithm, "radius": radius}
    jets = cluster(event_of(rows), **options)
    split = cluster(event_of(np.concatenate(halves)), **options)
    merged = {frozenset(i % len(rows) for i in jet) for jet in members(split)[0]}
    assert merged == members(jets)[0]


# --- substructure ---------------------------------------------------------------------

every_groomer = pytest.mark.parametrize("name", GROOMERS)
every_shape = pytest.mark.parametrize("name", SHAPES)


@every_groomer
@given(particle_rows(width=0.3), st.randoms(use_true_random=False), MOVES)
@some_examples
def test_grooming_keeps_the_same_of_moved_and_shuffled_jets(name, rows, random, how):
    order = list(range(len(rows)))
    random.shuffle(order)
    groomed = GROOMERS[name](jet_of(rows))
    shuffled = GROOMERS[name](jet_of(rows[order]))
    assert frozenset(order[i] for i in kept(shuffled)) == kept(groomed)
    elsewhere = events_of([moved(rows, how)], CARTESIAN)
    other = GROOMERS[name](ak.zip({"constituents": elsewhere}, depth_limit=1))
    assert kept(other) == kept(groomed)
    if kept(groomed):
        assert other.pt[0] == pytest.approx(groomed.pt[0], rel=1e-9)
        shift = other.rapidity[0] - groomed.rapidity[0]
        assert shift == pytest.approx(how[0], abs=1e-8)


@every_groomer
@given(particle_rows(width=0.3))
@some_examples
def test_groomed_jets_are_the_sum_of_what_is_kept(name, rows):
    groomed = GROOMERS[name](jet_of(rows))
    of_kept = momentum_of(groomed.constituents[0])
    found = momenta(groomed)[0]
    np.testing.assert_allclose(found, of_kept, atol=1e-9 * (of_kept[3] + 1e-9))


@every_groomer
@given(particle_rows(width=0.3, massless=True), st.floats(0.1, 0.9))
@some_examples
def test_grooming_is_safe(name, rows, z):
    """Soft particles and collinear splittings change what is kept by nothing hard."""
    if name in {"mmdt", "mass_drop"}:
        rows = rows[np.argsort(-rows[:, 0])]  # the particle at the end is hard
    groomed = GROOMERS[name](jet_of(rows))
    ghosts = rows * [1e-13, 1.0, 1.0, 1.0] + [0.0, 0.01, 0.02, 0.0]
    with_ghosts = GROOMERS[name](jet_of(np.concatenate([rows, ghosts])))
    assert {i for i in kept(with_ghosts) if i < len(rows)} == kept(groomed)
    if len(kept(groomed)) < 2:  # one particle is kept: of its halves one may be
        return
    halves = [rows * [share, 1.0, 1.0, 1.0] for share in (z, 1.0 - z)]
    split = GROOMERS[name](jet_of(np.concatenate(halves)))
    assert {i % len(rows) for i in kept(split)} == kept(groomed)
    assert split.pt[0] == pytest.approx(groomed.pt[0], rel=1e-9)


@every_shape
@given(particle_rows(width=0.3), st.randoms(use_true_random=False), MOVES)
@some_examples
def test_shapes_of_moved_and_shuffled_jets_are_the_same(name, rows, random, how):
    order = list(range(len(rows)))
    random.shuffle(order)
    (found,) = SHAPES[name](jet_of(rows)).tolist()
    (shuffled,) = SHAPES[name](jet_of(rows[order])).tolist()
    elsewhere = events_of([moved(rows, how)], CARTESIAN)
    (other,) = SHAPES[name](ak.zip({"constituents": elsewhere}, depth_limit=1)).tolist()
    assert shuffled == pytest.approx(found, rel=1e-9, abs=1e-12)
    assert other == pytest.approx(found, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("name", ["rays", "rays_kt", "correlation", "shapes"])
@given(particle_rows(width=0.3, massless=True), st.floats(0.1, 0.9))
@some_examples
def test_shapes_are_safe(name, rows, z):
    """But for the pt dispersion and the multiplicity, which are known not to be."""
    unsafe = {"pt_dispersion", "multiplicity"}
    (found,) = SHAPES[name](jet_of(rows)).tolist()
    ghosts = rows * [1e-13, 1.0, 1.0, 1.0] + [0.0, 0.01, 0.02, 0.0]
    halves = [rows * [share, 1.0, 1.0, 1.0] for share in (z, 1.0 - z)]
    for more in ([rows, ghosts], halves):
        (other,) = SHAPES[name](jet_of(np.concatenate(more))).tolist()
        for value in set(found) - unsafe:
            assert other[value] == pytest.approx(found[value], rel=1e-7, abs=1e-9)


@given(particle_rows(width=0.3, massless=True), st.floats(0.1, 0.9), MOVES)
@some_examples
def test_lund_trees_are_safe_and_move(rows, z, how):
    options = {"psi": "atan2", "kt_min_gev": 1e-6, "logarithms": False}
    tree = lund_tree(jet_of(rows), **options)[0]
    halves = [rows * [share, 1.0, 1.0, 1.0] for share in (z, 1.0 - z)]
    ghosts = rows * [1e-13, 1.0, 1.0, 1.0] + [0.0, 0.01, 0.02, 0.0]
    elsewhere = events_of([moved(rows, how)], CARTESIAN)
    options["delta_min"] = 2e-6  # above the least delta that a tree gives
    for jet in (
        jet_of(np.concatenate(halves)),
        jet_of(np.concatenate([rows, ghosts])),
        ak.zip({"constituents": elsewhere}, depth_limit=1),
    ):
        other = lund_tree(jet, **options)[0]
        assert other.neighbours.tolist() == tree.neighbours.tolist()
        for name in ("z", "delta", "kt"):
            np.testing.assert_allclose(other[name], tree[name], rtol=1e-6, atol=1e-9)
        turn = (other.psi - tree.psi + math.pi) % (2 * math.pi) - math.pi
        np.testing.assert_allclose(turn, 0.0, atol=1e-5)
