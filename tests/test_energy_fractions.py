"""oddjet.energy_fractions: the definition, and codes that are none."""

from __future__ import annotations

import math

import awkward as ak
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from definitions.features import energy_fractions as definition_of_fractions
from definitions.kinematics import from_collider
from oddjet import _core  # noqa: TID251 no array of records has such columns
from oddjet.features import (
    energy_fractions,
)
from oddjet.jets import cluster
from oddjet.runs.errors import UserError
from particle_events import (
    events_of,
    hard_cases,
    jets_of,
    random_events,
)

pytestmark = pytest.mark.kernel


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
