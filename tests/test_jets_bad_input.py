"""The kernels' own door to clustering, below the wrappers: no input crashes it."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from oddjet import _core
from oddjet.jets import cluster, exclusive_jets, recluster
from oddjet.runs.errors import UserError
from particle_events import random_events

pytestmark = pytest.mark.kernel

SHARED = {
    "coordinates": "pt_eta_phi_mass",
    "algorithm": "antikt",
    "radius": 0.4,
    "power": 0.0,
    "recombination": "E",
    "threads": 1,
}
DOORS = {
    "cluster": lambda **inputs: _core.cluster(pt_min_gev=0.0, **SHARED, **inputs),
    "exclusive_jets": lambda **inputs: _core.exclusive_jets(
        num_jets=2, d_cut_gev2=None, **SHARED, **inputs
    ),
}
WRAPPERS = {
    "cluster": lambda events: cluster(events, algorithm="antikt", radius=0.4),
    "exclusive_jets": lambda events: exclusive_jets(
        events, algorithm="kt", radius=0.4, num_jets=2
    ),
    "recluster": lambda events: recluster(
        ak.Array({"constituents": events}), algorithm="kt", radius=0.2
    ),
}
each_door = pytest.mark.parametrize("name", DOORS)
each_wrapper = pytest.mark.parametrize("name", WRAPPERS)


def columns_of(size):
    random = np.random.default_rng(5)
    pt, mass = random.exponential(5.0, size) + 0.1, np.zeros(size)
    return [pt, *random.normal(0.0, 0.3, (2, size)), mass]


@each_door
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
        DOORS[name](columns=columns_of(10), offsets=np.array(offsets, np.int64))


@each_door
def test_arrays_of_another_form_are_refused(name):
    offsets, (first, *others) = np.array([0, 4, 10]), columns_of(10)
    for bad, error, problem in (
        (first.astype(">f8"), TypeError, "must be float32 or float64, got >f8"),
        (first.astype(np.int64), TypeError, "must be float32 or float64, got int64"),
        (np.repeat(first, 2)[::2], ValueError, "must be contiguous in C order"),
        (first.reshape(2, 5), ValueError, "must have 1 dimension.s., got 2"),
        (first[:9], ValueError, f"{name}: columns must have one length"),
    ):
        with pytest.raises(error, match=problem):
            DOORS[name](columns=[bad, *others], offsets=offsets)
    with pytest.raises(TypeError, match="offsets must be int64, got int32"):
        DOORS[name](columns=[first, *others], offsets=offsets.astype(np.int32))


@each_door
def test_read_only_and_unaligned_arrays_are_read(name):
    offsets, columns = np.array([0, 4, 10]), columns_of(10)
    expected = DOORS[name](columns=columns, offsets=offsets)
    unaligned = []
    for array in columns:
        array.flags.writeable = False
        shifted = np.empty(array.nbytes + 1, "u1")[1:].view(array.dtype)
        shifted[...] = array
        unaligned.append(shifted)
    for inputs in (columns, unaligned):
        found = DOORS[name](columns=inputs, offsets=offsets)
        for key, values in expected.items():
            np.testing.assert_array_equal(found[key], values)


@each_wrapper
def test_read_only_columns_are_taken_and_stay(name):
    events = random_events(4, 12)
    expected = WRAPPERS[name](events)
    copy = ak.copy(events)
    buffers = [np.asarray(copy.layout.content[n].data) for n in copy.fields]
    before = [buffer.copy() for buffer in buffers]
    for buffer in buffers:
        buffer.flags.writeable = False
    assert ak.array_equal(WRAPPERS[name](copy), expected)
    np.testing.assert_array_equal(buffers, before)


@each_wrapper
def test_a_masked_particle_is_named_and_masking_first_is_clustering_after(name):
    events = random_events(4, 12)
    hidden = events.mask[events.pt > 1.0]
    with pytest.raises(UserError, match="None"):
        WRAPPERS[name](hidden)
    kept = WRAPPERS[name](events[events.pt > 1.0])
    assert ak.array_equal(WRAPPERS[name](ak.drop_none(hidden)), kept)


@each_wrapper
def test_options_that_miss_nothing_are_taken(name):
    events = random_events(4, 12)
    options = events.mask[events.pt > -1.0]
    assert "?" in str(options.type)
    found, expected = WRAPPERS[name](options), WRAPPERS[name](events)
    assert found.constituent_index.tolist() == expected.constituent_index.tolist()
