"""oddjet.lund_tree: trees of declusterings, node by node those of the definition."""

from __future__ import annotations

import math
import warnings

import awkward as ak
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tolerances
from definitions.kinematics import from_collider
from definitions.lund import lund_tree as definition
from oddjet.jets import cluster
from oddjet.substructure import CMS_SEMI_VISIBLE, LUNDNET, lund_tree
from particle_events import events_of, generated_events, random_events

pytestmark = pytest.mark.kernel

VALUES = ("z", "delta", "psi", "mass", "kt")
PARTICLE = {"pt": 30.0, "eta": 0.0, "phi": 0.0, "mass": 0.0}


def jets_of(rows):
    """Jets whose constituents are the rows (pt, eta, phi, mass) as they stand."""
    return ak.Array({"constituents": events_of(rows)})


@st.composite
def constituents(draw):
    """No two pairs equally far apart: ties are the clustering's own tests."""
    seed, size = draw(st.integers(0, 10_000)), draw(st.integers(0, 12))
    random = np.random.default_rng(seed)
    columns = [
        random.exponential(20.0, size) + 1e-3,
        random.normal(0.3, 0.4, size),
        (math.pi + random.normal(0.0, 0.4, size) + math.pi) % (2 * math.pi) - math.pi,
        random.choice([0.0, 0.13957], size),
    ]
    if draw(st.booleans()) and size > 2:
        columns[0][1] = 0.0
        columns[3][1] = 0.0 if draw(st.booleans()) else 1.0
    return [row for row in np.stack(columns, axis=-1).tolist() if row[0] or row[3]]


OPTIONS = st.fixed_dictionaries(
    {
        "plane": st.sampled_from(["full", "primary"]),
        "kt_min_gev": st.sampled_from([0.0, 1.0, 5.0]),
        "delta_min": st.sampled_from([0.0, 0.3]),
        "psi": st.sampled_from(["arctan", "atan2"]),
        "below_kt": st.sampled_from(["follow_harder", "drop_both"]),
        "leaves": st.booleans(),
        "empty": st.sampled_from(["nothing", "zeros"]),
    }
)


def assert_same_tree(found, expected):
    assert found.neighbours.tolist() == [node.neighbours for node in expected]
    assert found.primary.tolist() == [node.primary for node in expected]
    for name in VALUES:
        # A mass is the root of a difference of squares of up to a TeV.
        loose = 1e-4 if name == "mass" else tolerances.ANGLE
        values = [getattr(node, name) for node in expected]
        np.testing.assert_allclose(
            found[name], values, rtol=tolerances.ANGLE, atol=loose
        )


@given(constituents(), OPTIONS)
@settings(max_examples=200, deadline=None)
def test_trees_are_those_of_the_definition(rows, options):
    found = lund_tree(jets_of([rows]), logarithms=False, **options)[0]
    momenta = [from_collider(*row) for row in rows]
    assert_same_tree(found, definition(momenta, **options))


@pytest.mark.parametrize(
    ("cut", "value"), [("kt_min_gev", "kt"), ("delta_min", "delta")]
)
def test_what_lies_on_a_cut_is_kept(cut, value):
    jets = jets_of([[(30.0, 0.0, 0.0, 0.0), (10.0, 0.3, 0.2, 0.0)]])
    (node,) = lund_tree(jets, logarithms=False)[0].tolist()
    on_the_cut = lund_tree(jets, logarithms=False, **{cut: node[value]})
    above = lund_tree(
        jets, logarithms=False, **{cut: math.nextafter(node[value], math.inf)}
    )
    assert on_the_cut[0].tolist() == [node]
    assert above[0].tolist() == []


def test_branches_at_one_azimuth_have_no_arctan():
    rows = [(30.0, 0.0, 0.5, 0.0), (10.0, 0.3, 0.5, 0.0)]
    assert lund_tree(jets_of([rows]), psi="arctan").psi.tolist() == [[0.0]]


def test_logarithms_are_those_of_the_values():
    jets = cluster(generated_events(5), algorithm="antikt", radius=0.8)
    logs, values = lund_tree(jets), lund_tree(jets, logarithms=False)
    names = ["ln_z", "ln_delta", "psi", "ln_m", "ln_kt"]
    assert logs.fields == [*names, "neighbours", "primary"]
    for log, name in zip(names, VALUES, strict=True):
        expected = values[name] if name == "psi" else np.log(values[name])
        assert ak.almost_equal(logs[log], expected, rtol=0, atol=1e-14)


def test_the_primary_plane_is_part_of_the_full_one():
    jets = cluster(generated_events(20), algorithm="antikt", radius=0.8)
    full, primary = lund_tree(jets), lund_tree(jets, plane="primary")
    assert ak.all(primary.primary)
    assert full[full.primary].ln_kt.tolist() == primary.ln_kt.tolist()
    assert ak.sum(ak.num(full, axis=2)) > ak.sum(ak.num(primary, axis=2))
    constituents = ak.num(jets.constituents, axis=2)
    assert ak.all(ak.num(full, axis=2) == constituents - 1)


def test_neighbours_are_mutual():
    jets = cluster(generated_events(5), algorithm="antikt", radius=0.8)
    for tree in ak.flatten(lund_tree(jets, kt_min_gev=0.3)).neighbours.tolist():
        for place, (mother, *daughters) in enumerate(tree):
            assert mother == -1 or place in tree[mother][1:]
            for daughter in daughters:
                assert daughter == -1 or tree[daughter][0] == place


def test_the_primary_plane_of_fastjet():
    with warnings.catch_warnings():  # SWIG's types have no __module__
        warnings.simplefilter("ignore")
        fastjet = pytest.importorskip("fastjet")
        jets = cluster(generated_events(40), algorithm="antikt", radius=0.8)[:, 0]
        p = jets.constituents
        momenta = ak.zip(
            {"px": p.px, "py": p.py, "pz": p.pz, "E": p.energy}, with_name="Momentum4D"
        )
        whole = fastjet.JetDefinition(fastjet.cambridge_algorithm, 1000.0)
        sequence = fastjet.ClusterSequence(momenta, whole)
        expected = sequence.exclusive_jets_lund_declusterings(1)[:, 0]
    found = lund_tree(jets, plane="primary", logarithms=False)
    assert ak.num(found).tolist() == ak.num(expected).tolist()
    assert ak.almost_equal(found.delta, expected.Delta, rtol=1e-6, atol=1e-9)
    assert ak.almost_equal(found.kt, expected.kt, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("psi", ["arctan", "atan2"])
def test_a_boost_along_the_beam_changes_nothing(psi):
    particles = random_events(30, 15)
    boosted = particles.boostZ(beta=math.tanh(0.7))
    trees, others = (
        lund_tree(ak.Array({"constituents": p}), psi=psi) for p in (particles, boosted)
    )
    assert trees.neighbours.tolist() == others.neighbours.tolist()
    for name in ("ln_z", "ln_delta", "psi", "ln_kt"):
        assert ak.almost_equal(trees[name], others[name], rtol=0, atol=1e-6)


def test_a_turn_about_the_beam_changes_nothing_with_atan2():
    particles = random_events(30, 15)
    turned = particles.rotateZ(2.5)
    trees, others = (
        lund_tree(ak.Array({"constituents": p}), psi="atan2")
        for p in (particles, turned)
    )
    assert trees.neighbours.tolist() == others.neighbours.tolist()
    for name in ("ln_z", "ln_delta", "psi", "ln_kt", "ln_m"):
        assert ak.almost_equal(trees[name], others[name], rtol=0, atol=1e-6)


def test_soft_and_collinear_additions_stay_below_the_cuts():
    rows = [[30.0, 0.0, 0.0, 0.0], [20.0, 0.3, 0.1, 0.0], [5.0, -0.2, 0.4, 0.0]]
    halves = [[15.0, 0.0, 0.0, 0.0], [15.0, 0.0, 0.0, 0.0], *rows[1:]]
    ghosts = [*rows, [1e-12, 0.1, 0.5, 0.0], [1e-100, -0.3, 0.2, 0.0]]
    trees = lund_tree(jets_of([rows, halves, ghosts]), kt_min_gev=1e-3)
    assert ak.num(trees).tolist() == [2, 2, 2]
    for name in ("ln_z", "ln_delta", "psi", "ln_kt"):
        for other in trees[1:]:
            np.testing.assert_allclose(other[name], trees[0][name], atol=1e-9)


def test_jets_without_a_split():
    trees = lund_tree(jets_of([[], [[30.0, 0.0, 0.0, 0.0]]]))
    assert ak.num(trees).tolist() == [0, 0]
    leaves = lund_tree(
        jets_of([[], [[30.0, 0.0, 0.0, 2.0]]]), leaves=True, logarithms=False
    )
    assert leaves.z.tolist() == [[], [1.0]]
    assert leaves.mass[1, 0] == pytest.approx(2.0)
    assert lund_tree(jets_of([])).tolist() == []


def test_lundnet_gives_a_jet_without_a_split_one_node_of_zeros():
    rows = [[], [[30.0, 0.0, 0.0, 2.0]], [[30.0, 0.0, 0.0, 0.0], [1.0, 0.1, 0.0, 0.0]]]
    trees = lund_tree(jets_of(rows), **LUNDNET)
    assert ak.num(trees).tolist() == [1, 1, 1]
    for name in ("ln_z", "ln_delta", "psi", "ln_m", "ln_kt"):
        assert trees[name][:2].tolist() == [[0.0], [0.0]]
        assert trees[name][2, 0] != 0.0 or name == "psi"
    assert trees.neighbours[:2].tolist() == [[[-1, -1, -1]]] * 2
    cut = lund_tree(jets_of(rows), **LUNDNET, kt_min_gev=1.0)
    assert cut.ln_kt.tolist() == [[0.0]] * 3


def test_the_published_variants_differ_as_published():
    # A soft wide emission off a hard pair: kt = 0.8, below the cut; 2.0 above.
    rows = [[[30.0, 0.0, 0.0, 0.0], [20.0, 0.1, 0.0, 0.0], [1.0, 0.8, 0.0, 0.0]]]
    followed = lund_tree(jets_of(rows), **LUNDNET, kt_min_gev=1.0)
    assert np.exp(followed.ln_kt).tolist() == [[pytest.approx(2.0)]]
    pruned = lund_tree(jets_of(rows), **CMS_SEMI_VISIBLE, kt_min_gev=1.0)
    assert pruned.fields[:5] == list(VALUES)
    assert pruned.kt.tolist() == [[0.0]]
    assert pruned.psi.tolist() == [[pytest.approx(math.pi / 4)]]
    whole = lund_tree(jets_of(rows), **CMS_SEMI_VISIBLE)
    assert whole.z.tolist()[0].count(1.0) == 3
    assert ak.num(whole).tolist() == [5]


def test_lists_of_jets_per_event_stay_lists():
    jets = cluster(generated_events(3), algorithm="antikt", radius=0.8)
    trees = lund_tree(jets)
    assert ak.num(trees, axis=1).tolist() == ak.num(jets, axis=1).tolist()
    flat = lund_tree(ak.flatten(jets))
    assert ak.flatten(trees).ln_kt.tolist() == flat.ln_kt.tolist()


def test_threads_change_nothing():
    jets = cluster(generated_events(20), algorithm="antikt", radius=0.8)
    one, two = (lund_tree(jets, threads=threads) for threads in (1, 2))
    assert one.tolist() == two.tolist()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"plane": "both"}, "plane must be primary or full, got 'both'"),
        ({"psi": "acos"}, "psi must be arctan or atan2, got 'acos'"),
        ({"below_kt": "x"}, "below_kt must be follow_harder or drop_both, got 'x'"),
        ({"empty": "one"}, "empty must be nothing or zeros, got 'one'"),
        ({"kt_min_gev": -1.0}, "kt_min_gev must be >= 0 and finite, got -1"),
        ({"delta_min": math.nan}, "delta_min must be >= 0 and finite, got nan"),
        ({"leaves": True}, "leaves have kt = 0, so they need logarithms to be off"),
        ({"threads": 0}, "threads must be >= 1, got 0"),
    ],
)
def test_options_that_mean_nothing(options, words):
    with pytest.raises(ValueError, match=f"lund_tree: {words}"):
        lund_tree(jets_of([[[30.0, 0.0, 0.0, 0.0]]]), **options)


def test_a_constituent_that_is_not_finite_is_named():
    rows = [[[30.0, 0.0, 0.0, 0.0]], [[30.0, 0.0, 0.0, 0.0], [math.nan, 0.0, 0.0, 0.0]]]
    with pytest.raises(ValueError, match="constituent 1 of jet 1 has non-finite pt"):
        lund_tree(jets_of(rows))
