"""oddjet.substructure against FastJet: generated jets, the same answers."""

from __future__ import annotations

import functools
import warnings

import awkward as ak
import numpy as np
import pytest

import tolerances
from oddjet.jets import cluster
from oddjet.substructure import energy_correlation, nsubjettiness, soft_drop
from particle_events import generated_events


def assert_close(found, expected, *, relative=tolerances.ANGLE):
    np.testing.assert_allclose(found, expected, rtol=relative, atol=tolerances.ANGLE)


@pytest.fixture(scope="module")
def fastjet():
    with warnings.catch_warnings():  # SWIG's types have no __module__
        warnings.simplefilter("ignore")
        return pytest.importorskip("fastjet")


@functools.cache
def generated_jets():
    events = generated_events(200)
    jets = cluster(events, algorithm="antikt", radius=0.8, pt_min_gev=50.0)
    return ak.flatten(jets)


def clustered_by(fastjet, jets):
    particles = jets.constituents
    momenta = ak.zip(
        {"px": particles.px, "py": particles.py, "pz": particles.pz}
        | {"E": particles.energy},
        with_name="Momentum4D",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        everything = fastjet.JetDefinition(fastjet.cambridge_algorithm, 1000.0)
        return fastjet.ClusterSequence(ak.to_packed(momenta), everything)


@pytest.mark.parametrize(("z_cut", "beta"), [(0.1, 0.0), (0.1, 1.0), (0.05, 2.0)])
def test_soft_drop_is_that_of_fastjet(fastjet, z_cut, beta):
    jets = generated_jets()
    groomed = soft_drop(jets, z_cut=z_cut, beta=beta, radius=0.8)
    expected = clustered_by(fastjet, jets).exclusive_jets_softdrop_grooming(
        njets=1, beta=beta, symmetry_cut=z_cut, R0=0.8
    )
    sizes = ak.num(expected.constituents)
    assert ak.num(groomed.constituents).tolist() == sizes.tolist()
    assert_close(groomed.pt, expected.ptsoftdrop)
    assert_close(groomed.energy, expected.Esoftdrop)


@pytest.mark.parametrize(
    ("axes", "theirs"),
    [
        ("kt", "KT"),
        ("wta_kt", "WTA_KT"),
        ("onepass_kt", "OnePass_KT"),
        ("onepass_wta_kt", "OnePass_WTA_KT"),
    ],
)
@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_nsubjettiness_is_that_of_fastjet(fastjet, axes, theirs, beta):
    jets = generated_jets()
    taus = nsubjettiness(jets, (1, 2, 3, 4), radius=0.8, beta=beta, axes=axes)
    expected = clustered_by(fastjet, jets).njettiness(
        axes_definition=f"{theirs}_Axes", njets=[1, 2, 3, 4], beta=beta, R0=0.8
    )
    expected = np.asarray(expected).reshape(len(jets), 4)
    for i in range(4):
        assert_close(taus[f"tau_{i + 1}"], expected[:, i])


@pytest.mark.parametrize("name", ["c2", "d2", "n2"])
@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_energy_correlation_is_that_of_fastjet(fastjet, name, beta):
    jets = generated_jets()[:150]
    found = energy_correlation(jets, beta=beta)[name]
    expected = clustered_by(fastjet, jets).exclusive_jets_energy_correlator(
        njets=1, beta=beta, func=name
    )
    assert_close(found, np.asarray(expected).ravel(), relative=1e-8)
