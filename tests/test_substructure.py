"""oddjet.substructure: the definitions, and what physics asks for."""

from __future__ import annotations

import functools
import math

import awkward as ak
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tolerances
from definitions import substructure as definition
from definitions.clustering import POWERS
from definitions.kinematics import momenta_of
from oddjet.jets import cluster
from oddjet.substructure import (
    energy_correlation,
    filter_jets,
    jet_shapes,
    mass_drop,
    nsubjettiness,
    prune,
    soft_drop,
    trim,
)
from particle_events import (
    CARTESIAN,
    cartesian,
    events_of,
    hard_cases,
    random_events,
)

SUBJETS = ("kt", "cambridge_aachen", "antikt")
GROOMERS = (
    functools.partial(soft_drop, z_cut=0.1, beta=1.0, radius=0.8),
    functools.partial(trim, subjet_radius=0.3, pt_fraction=0.05),
    functools.partial(filter_jets, subjet_radius=0.3),
    functools.partial(mass_drop, mu=0.8, y_cut=0.02),
    functools.partial(prune, z_cut=0.15),
)
MEASURES = (
    functools.partial(nsubjettiness, radius=0.8),
    functools.partial(nsubjettiness, radius=0.8, axes="kt", beta=2.0),
    functools.partial(nsubjettiness, radius=0.8, axes="onepass_kt", beta=1.5),
    functools.partial(energy_correlation, beta=1.5),
    jet_shapes,
)


def jets_of(constituents):
    return ak.zip({"constituents": constituents}, depth_limit=1)


def narrow_jets(count, particles, *, seed=1):
    """Jets without ties around the same direction, a few tenths wide."""
    events = random_events(count, particles, seed=seed)
    events["eta"] = events.eta * 0.15
    events["phi"] = events.phi * 0.1
    return jets_of(events)


def assert_close(found, expected, *, relative=tolerances.ANGLE):
    np.testing.assert_allclose(found, expected, rtol=relative, atol=tolerances.ANGLE)


def assert_groomed(groomed, constituents, expected):
    """The same constituents of every jet, and the momentum of the definition."""
    found = [sorted(jet) for jet in groomed.constituent_index.tolist()]
    assert found == [members for _, members in expected]
    kept = groomed.constituents
    assert ak.array_equal(kept, constituents[groomed.constituent_index])
    assert ak.all(kept.pt[:, 1:] <= kept.pt[:, :-1])
    momenta = np.stack([groomed.px, groomed.py, groomed.pz, groomed.energy], axis=-1)
    for one, (other, _) in zip(momenta, expected, strict=True):
        size = tolerances.MOMENTUM * (abs(other.energy) + 1e-300)
        # eta of the record costs digits of pz where pt is far below it.
        np.testing.assert_allclose(one[:2], other[:2], rtol=0, atol=size)
        np.testing.assert_allclose(one[2:], other[2:], rtol=1e-9, atol=size)


jet_lists = st.lists(hard_cases(max_size=8), min_size=1, max_size=3)
radii = st.sampled_from([0.2, 0.4, 1.0])
fractions = st.sampled_from([0.0, 0.03, 0.1, 0.3])


# --- definitions ----------------------------------------------------------------------


@given(jet_lists, fractions, st.sampled_from([-1.0, 0.0, 1.0, 2.0]), radii)
def test_soft_drop_is_its_definition(rows, z_cut, beta, radius):
    particles = events_of(rows)
    options = {"z_cut": z_cut, "beta": beta, "radius": radius}
    groomed = soft_drop(jets_of(particles), **options)
    expected = [
        definition.soft_drop(momenta_of(jet), **options) for jet in cartesian(particles)
    ]
    assert_groomed(groomed, particles, expected)


@pytest.mark.parametrize("beta", [-1.0, 1.0, 2.0])
@pytest.mark.parametrize("radius", [0.4, 1.2])
def test_soft_drop_of_wide_jets_is_its_definition(beta, radius):
    particles = narrow_jets(40, 20).constituents
    options = {"z_cut": 0.15, "beta": beta, "radius": radius}
    groomed = soft_drop(jets_of(particles), **options)
    expected = [
        definition.soft_drop(momenta_of(jet), **options) for jet in cartesian(particles)
    ]
    assert_groomed(groomed, particles, expected)


@given(jet_lists, radii, fractions, st.sampled_from(SUBJETS))
def test_trimming_is_its_definition(rows, radius, fraction, algorithm):
    particles = events_of(rows)
    options = {"subjet_radius": radius, "pt_fraction": fraction}
    groomed = trim(jets_of(particles), algorithm=algorithm, **options)
    expected = [
        definition.trim(momenta_of(jet), power=POWERS[algorithm], **options)
        for jet in cartesian(particles)
    ]
    assert_groomed(groomed, particles, expected)


@given(jet_lists, radii, st.integers(1, 4), st.sampled_from(SUBJETS))
def test_filtering_is_its_definition(rows, radius, num_subjets, algorithm):
    particles = events_of(rows)
    options = {"subjet_radius": radius, "num_subjets": num_subjets}
    groomed = filter_jets(jets_of(particles), algorithm=algorithm, **options)
    expected = [
        definition.filter_jets(momenta_of(jet), power=POWERS[algorithm], **options)
        for jet in cartesian(particles)
    ]
    assert_groomed(groomed, particles, expected)


@given(
    jet_lists, fractions, st.sampled_from([0.0, 0.3, 0.5]), st.sampled_from(SUBJETS[:2])
)
def test_pruning_is_its_definition(rows, z_cut, factor, algorithm):
    # The same momenta to the last digit: of a jet without mass nothing else is wide.
    rows = [jet.tolist() for jet in cartesian(events_of(rows))]
    particles = events_of(rows, CARTESIAN)
    options = {"z_cut": z_cut, "radius_cut_factor": factor}
    groomed = prune(jets_of(particles), algorithm=algorithm, **options)
    expected = [
        definition.prune(momenta_of(jet), power=POWERS[algorithm], **options)
        for jet in cartesian(particles)
    ]
    assert_groomed(groomed, particles, expected)


@pytest.mark.parametrize("algorithm", SUBJETS[:2])
def test_pruning_of_wide_jets_is_its_definition(algorithm):
    particles = narrow_jets(40, 20).constituents
    options = {"z_cut": 0.1, "radius_cut_factor": 0.5}
    groomed = prune(jets_of(particles), algorithm=algorithm, **options)
    expected = [
        definition.prune(momenta_of(jet), power=POWERS[algorithm], **options)
        for jet in cartesian(particles)
    ]
    assert_groomed(groomed, particles, expected)


@pytest.mark.parametrize(("mu", "y_cut"), [(0.67, 0.09), (0.9, 0.01), (1.0, 0.0)])
def test_the_mass_drop_is_its_definition(mu, y_cut):
    particles = narrow_jets(40, 9).constituents
    groomed = mass_drop(jets_of(particles), mu=mu, y_cut=y_cut)
    expected = [
        definition.mass_drop(momenta_of(jet), mu=mu, y_cut=y_cut)
        for jet in cartesian(particles)
    ]
    assert_groomed(groomed, particles, expected)
    assert ak.any(ak.num(groomed.constituent_index) > 0)


@given(
    jet_lists,
    radii,
    st.sampled_from([0.5, 1.0, 2.0]),
    st.sampled_from(["kt", "wta_kt"]),
)
def test_nsubjettiness_is_its_definition(rows, radius, beta, axes):
    particles = events_of(rows)
    options = {"radius": radius, "beta": beta, "axes": axes}
    taus = nsubjettiness(jets_of(particles), (1, 2, 3, 4), **options)
    for n in (1, 2, 3, 4):
        expected = [
            definition.nsubjettiness(momenta_of(jet), n=n, **options)
            for jet in cartesian(particles)
        ]
        # The root of a beta < 1 of an angle's rounding.
        np.testing.assert_allclose(
            taus[f"tau_{n}"], expected, rtol=1e-9, atol=1e-6 if beta < 1 else 1e-9
        )


@pytest.mark.parametrize("beta", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("axes", ["onepass_kt", "onepass_wta_kt"])
def test_axes_of_one_pass_are_their_definition(axes, beta):
    particles = narrow_jets(25, 14).constituents
    options = {"radius": 0.8, "beta": beta, "axes": axes}
    taus = nsubjettiness(jets_of(particles), (1, 2, 3, 4, 14, 20), **options)
    for n in (1, 2, 3, 4, 14, 20):
        expected = [
            definition.nsubjettiness(momenta_of(jet), n=n, **options)
            for jet in cartesian(particles)
        ]
        assert_close(taus[f"tau_{n}"], expected)


@pytest.mark.parametrize("start", ["kt", "wta_kt"])
@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_one_pass_goes_downhill(start, beta):
    jets = narrow_jets(60, 30)
    before = nsubjettiness(jets, (1, 2, 3, 4), radius=0.8, beta=beta, axes=start)
    options = {"radius": 0.8, "beta": beta, "axes": f"onepass_{start}"}
    after = nsubjettiness(jets, (1, 2, 3, 4), **options)
    for n in range(1, 5):
        # Where it starts at a minimum, the axes still move by up to 1e-4.
        assert ak.all(after[f"tau_{n}"] <= before[f"tau_{n}"] + 1e-4)
        assert ak.mean(after[f"tau_{n}"]) < ak.mean(before[f"tau_{n}"])


@given(jet_lists, st.sampled_from([0.5, 1.0, 2.0]))
def test_energy_correlation_is_its_definition(rows, beta):
    particles = events_of(rows)
    found = energy_correlation(jets_of(particles), beta=beta)
    for jet, values in zip(cartesian(particles), found.tolist(), strict=True):
        e2, e3, c2, d2, n2 = definition.energy_correlation(momenta_of(jet), beta=beta)
        assert_close(values["e2"], e2)
        assert_close(values["e3"], e3)
        if e2 > 1e-3:  # below, a ratio of roundings
            assert_close([values["c2"], values["d2"], values["n2"]], [c2, d2, n2])


@given(jet_lists)
def test_shapes_are_their_definition(rows):
    particles = events_of(rows)
    found = jet_shapes(jets_of(particles))
    expected = [definition.jet_shape(momenta_of(jet)) for jet in cartesian(particles)]
    assert_close(found.girth, [girth for girth, _ in expected])
    assert_close(found.pt_dispersion, [dispersion for _, dispersion in expected])
    assert found.multiplicity.tolist() == [len(row) for row in rows]


# --- physics --------------------------------------------------------------------------


@pytest.mark.parametrize("groomer", GROOMERS)
def test_a_groomed_jet_is_the_sum_of_what_is_kept(groomer):
    jets = narrow_jets(50, 30)
    groomed = groomer(jets)
    assert 0 < ak.sum(ak.num(groomed.constituents)) < ak.sum(ak.num(jets.constituents))
    for name in ("px", "py", "pz", "energy"):
        total = ak.sum(getattr(groomed.constituents, name), axis=1)
        assert ak.all(abs(getattr(groomed, name) - total) < 1e-10)


@pytest.mark.parametrize("groomer", GROOMERS[:1] + GROOMERS[3:4])
def test_grooming_again_changes_nothing(groomer):
    once = groomer(narrow_jets(50, 30))
    twice = groomer(once)
    assert ak.array_equal(twice.constituents, once.constituents)


def test_the_branching_that_soft_drop_keeps_is_hard():
    jets = narrow_jets(50, 30)
    groomed = soft_drop(jets, z_cut=0.2, beta=0.0, radius=0.8)
    assert ak.any(ak.num(groomed.constituents) > 1)
    for jet in cartesian(groomed.constituents):
        branches = definition.whole_tree(momenta_of(jet)).branches
        pts = [definition.pt(branch.momentum) for branch in branches]
        assert not pts or min(pts) > 0.2 * sum(pts)


def test_without_a_cut_everything_is_kept():
    jets = narrow_jets(20, 30)
    for groomed in (
        soft_drop(jets, z_cut=0.0, beta=0.0, radius=0.8),
        trim(jets, subjet_radius=0.2, pt_fraction=0.0),
        filter_jets(jets, subjet_radius=0.2, num_subjets=100),
    ):
        assert ak.all(ak.num(groomed.constituents) == 30)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("axes", ["kt", "wta_kt"])
def test_as_many_axes_as_constituents_leave_nothing(count, axes):
    taus = nsubjettiness(narrow_jets(20, count), (1, 2, 3, 4), radius=0.8, axes=axes)
    for n in range(1, 5):
        assert ak.all((taus[f"tau_{n}"] == 0.0) == (n >= count))


def test_values_by_hand():
    row = [(2.0, 0.0, 0.0, 0.0), (1.0, 0.0, 0.3, 0.0), (1.0, 0.0, -0.4, 0.0)]
    jets = jets_of(events_of([row]))
    (found,) = energy_correlation(jets, beta=1.0).tolist()
    e2 = 0.5 * 0.25 * 0.3 + 0.5 * 0.25 * 0.4 + 0.25 * 0.25 * 0.7
    e3 = 0.5 * 0.25 * 0.25 * 0.3 * 0.4 * 0.7
    expected = [e2, e3, e3 / e2**2, e3 / e2**3, e3 / 0.7 / e2**2]
    assert_close([found[name] for name in ("e2", "e3", "c2", "d2", "n2")], expected)
    (taus,) = nsubjettiness(jets, radius=0.5).tolist()
    assert_close([taus["tau_1"], taus["tau_2"]], [0.7 / 4 / 0.5, 0.3 / 4 / 0.5])
    (shape,) = jet_shapes(jets).tolist()
    assert_close(shape["pt_dispersion"], math.sqrt(6.0) / 4.0)


@pytest.mark.parametrize("measure", [*GROOMERS, *MEASURES])
def test_rotations_and_boosts_along_the_beam_change_no_shape(measure):
    jets = narrow_jets(30, 20)
    particles = jets.constituents
    found = measure(jets)
    for moved in (particles.rotateZ(2.8), particles.boostZ(beta=math.tanh(0.7))):
        other = measure(jets_of(moved))
        for name in set(found.fields) - {"eta", "phi", "constituents"}:
            if name == "constituent_index":
                one, two = ak.sort(found[name]), ak.sort(other[name])
                assert one.tolist() == two.tolist()
            else:
                # A mass is a small difference of large squares.
                wide = 1e-6 if name == "mass" else tolerances.ANGLE
                np.testing.assert_allclose(
                    other[name], found[name], rtol=wide, atol=wide
                )


# --- form -----------------------------------------------------------------------------


@pytest.mark.parametrize("measure", [*GROOMERS, *MEASURES])
def test_answers_are_nested_as_the_jets_are(measure):
    jets = cluster(random_events(10, 40), algorithm="antikt", radius=0.8)
    jets = ak.concatenate([jets, jets[:1][:, :0]])
    nested = measure(jets)
    assert ak.num(nested, axis=1).tolist() == ak.num(jets, axis=1).tolist()
    assert ak.array_equal(ak.flatten(nested, axis=1), measure(ak.flatten(jets, axis=1)))


@pytest.mark.parametrize("measure", [*GROOMERS, *MEASURES])
def test_a_jet_of_nothing_is_nothing(measure):
    (found,) = measure(jets_of(events_of([[]]))).tolist()
    assert not any(found.values())


@pytest.mark.parametrize("measure", [*GROOMERS, *MEASURES])
def test_threads_never_change_the_result(measure):
    jets = narrow_jets(60, 25)
    assert ak.array_equal(measure(jets, threads=1), measure(jets, threads=2))


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (
            functools.partial(soft_drop, z_cut=1.5, beta=0.0, radius=0.8),
            "soft_drop: z_cut must be in .0, 1., got 1.5",
        ),
        (
            functools.partial(soft_drop, z_cut=0.1, beta=math.inf, radius=0.8),
            "soft_drop: beta must be finite, got inf",
        ),
        (
            functools.partial(soft_drop, z_cut=0.1, beta=0.0, radius=0.0),
            "soft_drop: radius must be > 0 and <= 1000, got 0",
        ),
        (
            functools.partial(trim, subjet_radius=-1.0, pt_fraction=0.1),
            "trim: subjet_radius must be > 0 and <= 1000, got -1",
        ),
        (
            functools.partial(trim, subjet_radius=0.2, pt_fraction=math.nan),
            "trim: pt_fraction must be in .0, 1., got nan",
        ),
        (
            functools.partial(
                trim, subjet_radius=0.2, pt_fraction=0.1, algorithm="genkt"
            ),
            "trim: algorithm must be antikt, kt or cambridge_aachen, got genkt",
        ),
        (
            functools.partial(filter_jets, subjet_radius=0.0),
            "filter_jets: subjet_radius must be > 0",
        ),
        (
            functools.partial(filter_jets, subjet_radius=0.2, num_subjets=0),
            "filter_jets: num_subjets must be >= 1, got 0",
        ),
        (
            functools.partial(prune, z_cut=0.5),
            "prune: z_cut must be >= 0 and < 0.5, got 0.5",
        ),
        (
            functools.partial(prune, radius_cut_factor=-1.0),
            "prune: radius_cut_factor must be >= 0 and finite, got -1",
        ),
        (
            functools.partial(prune, algorithm="antikt"),
            "prune: algorithm must be kt or cambridge_aachen",
        ),
        (
            functools.partial(mass_drop, mu=0.0),
            "mass_drop: mu must be > 0 and <= 1, got 0",
        ),
        (
            functools.partial(mass_drop, y_cut=-1.0),
            "mass_drop: y_cut must be >= 0 and finite, got -1",
        ),
        (
            functools.partial(nsubjettiness, n=(), radius=0.8),
            "nsubjettiness: n must not be empty",
        ),
        (
            functools.partial(nsubjettiness, n=(1, 0), radius=0.8),
            "nsubjettiness: n must be >= 1, got 0",
        ),
        (
            functools.partial(nsubjettiness, radius=2000.0),
            "nsubjettiness: radius must be > 0 and <= 1000, got 2000",
        ),
        (
            functools.partial(nsubjettiness, radius=0.8, beta=0.0),
            "nsubjettiness: beta must be > 0 and <= 10, got 0",
        ),
        (
            functools.partial(nsubjettiness, radius=0.8, axes="ca"),
            "nsubjettiness: axes must be kt, wta_kt, onepass_kt or onepass_wta_kt",
        ),
        (
            functools.partial(nsubjettiness, radius=0.8, beta=0.5, axes="onepass_kt"),
            "nsubjettiness: beta must be >= 1 and <= 2 with axes of one pass, got 0.5",
        ),
        (
            functools.partial(energy_correlation, beta=11.0),
            "energy_correlation: beta must be > 0 and <= 10, got 11",
        ),
        (
            functools.partial(jet_shapes, threads=0),
            "jet_shapes: threads must be >= 1, got 0",
        ),
    ],
)
def test_bad_arguments_are_named(call, problem):
    with pytest.raises(ValueError, match=problem):
        call(narrow_jets(2, 3))


@pytest.mark.parametrize("measure", [*GROOMERS, *MEASURES])
def test_a_constituent_that_is_not_finite_is_named(measure):
    rows = [[(1.0, 0.0, 0.0, 0.0)], [(1.0, 0.0, 0.0, 0.0), (math.nan, 0.0, 0.0, 0.0)]]
    with pytest.raises(
        ValueError, match="constituent 1 of jet 1 has non-finite pt nan"
    ):
        measure(jets_of(events_of(rows)))
