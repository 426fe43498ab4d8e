"""Substructure of what is no list of jets: the right answer, or what is wrong with it.

The kernels' own door, below the wrappers, is that of `_core.measure`.
"""

from __future__ import annotations

import functools
import math

import awkward as ak
import numpy as np
import pytest

from oddjet import _core
from oddjet.runs.errors import UserError
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
from particle_events import CARTESIAN, events_of, random_events

pytestmark = pytest.mark.kernel

MEASURES = {
    "soft_drop": functools.partial(soft_drop, z_cut=0.1, beta=1.0, radius=0.8),
    "trim": functools.partial(trim, subjet_radius=0.3, pt_fraction=0.05),
    "filter_jets": functools.partial(filter_jets, subjet_radius=0.3),
    "mass_drop": mass_drop,
    "prune": prune,
    "nsubjettiness": functools.partial(nsubjettiness, radius=0.8),
    "energy_correlation": energy_correlation,
    "jet_shapes": jet_shapes,
    "lund_tree": lund_tree,
}
OPTIONS = {
    "soft_drop": _core.SoftDropOptions(z_cut=0.1, beta=1.0, radius=0.8),
    "trim": _core.TrimOptions(subjet_radius=0.3, pt_fraction=0.05, algorithm="kt"),
    "filter_jets": _core.FilterOptions(
        subjet_radius=0.3, num_subjets=3, algorithm="ca"
    ),
    "mass_drop": _core.MassDropOptions(mu=0.67, y_cut=0.09),
    "prune": _core.PruneOptions(z_cut=0.1, radius_cut_factor=0.5, algorithm="ca"),
    "nsubjettiness": _core.NsubjettinessOptions(
        n=[1, 2], radius=0.8, beta=1.0, axes="kt"
    ),
    "energy_correlation": _core.EnergyCorrelationOptions(beta=1.0),
    "jet_shapes": _core.JetShapeOptions(),
    "lund_tree": _core.LundOptions(
        plane="full",
        psi="atan2",
        below_kt="drop_both",
        empty="zeros",
        kt_min_gev=0.0,
        delta_min=0.0,
        leaves=False,
        logarithms=True,
    ),
}
every_measure = pytest.mark.parametrize("name", MEASURES)


def jets_of(constituents):
    return ak.zip({"constituents": constituents}, depth_limit=1)


def row(pt=1.0, eta=0.0, phi=0.0, mass=0.0):
    return (pt, eta, phi, mass)


@every_measure
@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("names", [("pt", "eta", "phi", "mass"), CARTESIAN])
def test_a_value_that_is_not_finite_is_named(name, place, value, names):
    bad = [1.0, 0.0, 0.0, 2.0]
    bad[place] = value
    fine = (1.0, 0.0, 0.0, 2.0)
    jets = jets_of(events_of([[fine], [], [fine, tuple(bad)]], names))
    problem = f"{name}: constituent 1 of jet 2 has non-finite {names[place]} {value}"
    with pytest.raises(ValueError, match=problem):
        MEASURES[name](jets)


@every_measure
def test_momenta_that_cannot_be_are_named(name):
    for bad, problem in (
        (row(pt=-1.0), "negative pt -1"),
        (row(pt=1e150), "a momentum or energy above 1e.?140 GeV"),
        (row(eta=800.0), "a momentum or energy above"),
    ):
        with pytest.raises(ValueError, match=f"constituent 0 of jet 1 has {problem}"):
            MEASURES[name](jets_of(events_of([[row()], [bad]])))


@every_measure
@pytest.mark.parametrize(
    ("jets", "problem"),
    [
        ([{"constituents": []}], "jets must be an awkward array, got list"),
        (np.ones(3), "jets must be an awkward array, got ndarray"),
        (ak.Array([1.0, 2.0]), "jets must be a list of jets.* got the type 2 . float"),
        (ak.Array([{"pt": 1.0}]), "with the field constituents"),
        (ak.Array([{"constituents": [1.0]}]), "constituents must hold records"),
        (ak.Array([{"constituents": [{"pt": 1.0}]}]), "constituents needs pt, eta"),
        (ak.Array([[[{"constituents": []}]]]), "one list of jets per event"),
    ],
)
def test_what_is_no_list_of_jets_is_named(name, jets, problem):
    with pytest.raises(UserError, match=problem):
        MEASURES[name](jets)


def test_missing_values_are_named():
    constituents = random_events(3, 4)
    jets = jets_of(constituents)
    two_events = ak.unflatten(jets, [2, 1])
    holes = ak.Array([[True] * 4, [True, False] * 2, [True] * 4])
    for bad, problem in (
        (ak.mask(jets, [True, False, True]), "missing value .None. in event 1"),
        (ak.concatenate([two_events, [None]]), "missing value .None. in event 2"),
        (
            jets_of(ak.mask(constituents, holes)),
            "constituents has a missing value .None. in event 1",
        ),
    ):
        with pytest.raises(UserError, match=problem):
            jet_shapes(bad)


@every_measure
def test_masked_and_sliced_jets_are_those_that_remain(name):
    """Masking first and measuring then is measuring first and masking then."""
    jets = jets_of(random_events(6, 8))
    measure = MEASURES[name]
    expected = measure(jets)
    keep = np.array([True, False, True, True, False, True])
    for some in (
        jets[keep],
        ak.drop_none(jets.mask[keep]),
        ak.Array(ak.to_layout(jets)[np.flatnonzero(keep)]),
        jets[::-1][::-1][keep],
    ):
        assert measure(some).tolist() == expected[keep].tolist()
    constituents = random_events(6, 8)
    kept = constituents[constituents.pt > 3.0]
    masked = ak.drop_none(constituents.mask[constituents.pt > 3.0])
    found = measure(jets_of(masked)).tolist()
    assert found == measure(jets_of(kept)).tolist()
    assert found == measure(jets_of(ak.to_packed(kept))).tolist()


@every_measure
def test_other_types_of_numbers(name):
    rows = [[row(), row(2, 1, 0, 0), row(4, 0, 1, 0)], [row(3, 1, 1, 0)]]
    measure = MEASURES[name]
    expected = measure(jets_of(events_of(rows))).tolist()
    for dtype in (np.float32, np.float16, np.int32, np.int64):
        assert measure(jets_of(events_of(rows, dtype=dtype))).tolist() == expected
    with pytest.raises(UserError, match="convert it to float64 first"):
        measure(jets_of(events_of(rows, dtype=np.longdouble)))


def measured(name, columns, offsets, coordinates="pt_eta_phi_mass"):
    return _core.measure(
        coordinates=coordinates,
        columns=columns,
        offsets=offsets,
        quantities=[OPTIONS[name]],
        threads=1,
    )


def columns_of(size, dtype=np.float64):
    random = np.random.default_rng(5)
    pt, mass = random.exponential(5.0, size) + 0.1, np.zeros(size)
    angles = random.normal(0.0, 0.3, (2, size))
    return [column.astype(dtype) for column in (pt, *angles, mass)]


@every_measure
@pytest.mark.parametrize(
    ("offsets", "problem"),
    [
        ([0, 5, 11], "offsets must end at the number of particles, 10, got 11"),
        ([0, 5, 9], "offsets must end at the number of particles, 10, got 9"),
        ([1, 10], "offsets must start at 0, got 1"),
        ([-1, 10], "offsets must start at 0, got -1"),
        ([0, 7, 3, 10], "offsets must not decrease, got 3 after 7 at index 2"),
        ([0, 2**62, -(2**62), 10], "offsets must not decrease"),
        ([0, 2**63 - 1], "offsets must end at the number of particles"),
        ([], "offsets must not be empty"),
    ],
)
def test_lying_offsets_are_named(name, offsets, problem):
    with pytest.raises(ValueError, match=f"{name}: {problem}"):
        measured(name, columns_of(10), np.array(offsets, np.int64))


@every_measure
def test_arrays_of_another_form_are_refused(name):
    offsets, columns = np.array([0, 4, 10]), columns_of(10)
    for bad, error, problem in (
        (columns[0].astype(">f8"), TypeError, "must be float32 or float64, got >f8"),
        (columns[0].astype(np.int64), TypeError, "must be float32 or float64, got i"),
        (columns[0].astype(object), TypeError, "must be float32 or float64, got obj"),
        (columns_of(20)[0][::2], ValueError, "must be contiguous in C order"),
        (columns[0].reshape(2, 5), ValueError, "must have 1 dimension.s., got 2"),
        (None, TypeError, "incompatible function arguments"),
        (columns[0][:9], ValueError, f"{name}: columns must have one length"),
    ):
        with pytest.raises(error, match=problem):
            measured(name, [bad, *columns[1:]], offsets)
    for bad, error, problem in (
        (offsets.astype(np.int32), TypeError, "offsets must be int64, got int32"),
        (offsets.astype(np.float64), TypeError, "offsets must be int64, got float64"),
        (offsets.astype(np.uint64), TypeError, "offsets must be int64, got uint64"),
        (offsets.reshape(3, 1), ValueError, "offsets must have 1 dimension"),
        (np.array([0, 1, 4, 6, 10])[::2], ValueError, "offsets must be contiguous"),
    ):
        with pytest.raises(error, match=problem):
            measured(name, columns, bad)
    with pytest.raises(ValueError, match="coordinates must be pt_eta_phi_mass or"):
        measured(name, columns, offsets, coordinates="pt_y_phi_m")


@every_measure
def test_read_only_and_unaligned_arrays_are_read(name):
    offsets, columns = np.array([0, 4, 10]), columns_of(10)
    expected = measured(name, columns, offsets)[0]
    for array in columns:
        array.flags.writeable = False
    unaligned = []
    for array in columns:
        shifted = np.empty(array.nbytes + 1, "u1")[1:].view(array.dtype)
        shifted[...] = array
        unaligned.append(shifted)
    for found in (measured(name, columns, offsets), measured(name, unaligned, offsets)):
        for key, values in expected.items():
            np.testing.assert_array_equal(found[0][key], values)


def test_energy_fractions_of_lying_input():
    columns, offsets = columns_of(10), np.array([0, 4, 10])
    call = functools.partial(
        _core.energy_fractions,
        coordinates="pt_eta_phi_mass",
        columns=columns,
        threads=1,
    )
    with pytest.raises(ValueError, match="needs one pdg_id a particle, got 9 for 10"):
        call(offsets=offsets, pdg_id=np.full(9, 22))
    with pytest.raises(TypeError, match="pdg_id must be int64, got int32"):
        call(offsets=offsets, pdg_id=np.full(10, 22, np.int32))
    with pytest.raises(ValueError, match="offsets must not decrease"):
        call(offsets=np.array([0, 12, 10]), pdg_id=np.full(10, 22))
