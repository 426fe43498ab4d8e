"""Flat columns of any awkward array are those of its plainest form."""

from __future__ import annotations

from itertools import chain

import awkward as ak
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oddjet.events import columns, single_list
from oddjet.runs.errors import UserError


def some_jets(dtype=np.float64):
    rng = np.random.default_rng(1)
    counts = [3, 0, 1, 4, 0, 2]
    flat = {
        name: ak.unflatten(rng.uniform(1, 5, sum(counts)).astype(dtype), counts)
        for name in ("pt", "eta", "phi", "mass")
    }
    return ak.zip(
        flat | {"charge": ak.unflatten(np.arange(10, dtype=np.int8), counts)},
        with_name="Momentum4D",
    )


def same(left, right):
    assert left.offsets.dtype == np.int64
    np.testing.assert_array_equal(left.offsets, right.offsets)
    assert left.fields.keys() == right.fields.keys()
    for name, array in left.fields.items():
        assert array.dtype == right.fields[name].dtype
        assert array.flags.c_contiguous
        np.testing.assert_array_equal(array, right.fields[name])


def plainest(jets):
    return columns(ak.Array(jets.to_list() or [[]]), where="jets")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_packed_input_is_not_copied(dtype):
    jets = some_jets(dtype)
    flat = columns(jets, where="jets")
    record = jets.layout.content
    for name in ("pt", "eta", "phi", "mass", "charge"):
        assert np.shares_memory(flat.fields[name], record.content(name).data)
    assert np.shares_memory(flat.offsets, jets.layout.offsets.data)
    assert flat.fields["pt"].dtype == dtype
    assert flat.fields["charge"].dtype == np.int8
    assert len(flat) == len(jets)


def test_slices_masks_and_indices_are_compacted():
    jets = some_jets()
    flat = jets.layout.content
    shuffled = ak.contents.IndexedArray(ak.index.Index64(np.arange(9, -1, -1)), flat)
    versions = {
        "slice": jets[1:4],
        "event mask": jets[[True, False, True, True, False, True]],
        "record mask": jets[jets.pt > 2.5],
        "reversed": jets[::-1],
        "gathered": jets[[3, 3, 0]],
        "indexed content": ak.Array(
            ak.contents.ListOffsetArray(jets.layout.offsets, shuffled)
        ),
        "list array": ak.Array(
            ak.contents.ListArray(
                ak.index.Index64([8, 0]), ak.index.Index64([10, 3]), flat
            )
        ),
        "32-bit offsets": ak.Array(
            ak.contents.ListOffsetArray(
                ak.index.Index32(np.array([2, 5, 10], np.int32)), flat
            )
        ),
    }
    for jets_version in versions.values():
        expected = plainest(jets_version)
        expected.fields["charge"] = expected.fields["charge"].astype(np.int8)
        same(columns(jets_version, where="jets"), expected)


def test_options_without_none_are_compacted():
    jets = some_jets()
    expected = columns(jets, where="jets")
    every = np.ones(len(jets), bool)
    same(columns(ak.mask(jets, every), where="jets"), expected)
    same(columns(ak.mask(jets, jets.pt > 0), where="jets"), expected)
    optional = ak.with_field(jets, ak.mask(jets.pt, jets.pt > 0), "pt")
    same(columns(optional, where="jets"), columns(optional[:], where="jets"))
    np.testing.assert_array_equal(
        columns(optional, where="jets").fields["pt"], expected.fields["pt"]
    )


@pytest.mark.parametrize("level", ["event", "record", "field"])
def test_none_is_named_with_its_event(level):
    jets = some_jets()
    if level == "event":
        jets, where = ak.mask(jets, [True, True, True, False, True, True]), "jets"
    elif level == "record":
        jets, where = ak.mask(jets, ak.local_index(jets, axis=1) != 3), "jets"
    else:
        kept = ak.local_index(jets, axis=1) != 3
        jets, where = ak.with_field(jets, ak.mask(jets.eta, kept), "eta"), "jets.eta"
    with pytest.raises(UserError, match=rf"^{where} has a missing value .* event 3;"):
        columns(jets, where="jets")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_records_outside_lists_are_one_list(dtype):
    jets = ak.flatten(some_jets(dtype))
    for form in (jets, ak.mask(jets, jets.pt > 0), ak.to_packed(jets)[:]):
        flat = single_list(form, where="jets")
        same(flat, columns(ak.unflatten(jets, [len(jets)]), where="jets"))
        assert flat.offsets.tolist() == [0, 10]
    chosen = single_list(jets[jets.pt > 2.5], where="jets").fields["charge"]
    np.testing.assert_array_equal(chosen, jets.charge[jets.pt > 2.5])
    assert single_list(jets[:0], where="jets").fields["pt"].dtype == dtype
    assert len(single_list(ak.Array([]), where="jets").fields["pt"]) == 0


def test_none_outside_lists_is_named_with_its_place():
    jets = ak.flatten(some_jets())
    kept = ak.local_index(jets, axis=0) != 7
    with pytest.raises(UserError, match=r"^jets has a missing value .* event 7;"):
        single_list(ak.mask(jets, kept), where="jets")
    partial = ak.with_field(jets, ak.mask(jets.eta, kept), "eta")
    with pytest.raises(UserError, match=r"^jets.eta has a missing value .* event 7;"):
        single_list(partial, where="jets")
    for wrong in (some_jets(), ak.Array([1.0, 2.0])):
        with pytest.raises(UserError, match=r"^jets must hold records with momenta"):
            single_list(wrong, where="jets")


def test_mask_before_equals_mask_after():
    jets = some_jets()
    whole = columns(jets, where="jets")
    kept = ak.to_numpy(ak.flatten(jets.pt > 2.5))
    masked = columns(jets[jets.pt > 2.5], where="jets")
    for name, array in masked.fields.items():
        np.testing.assert_array_equal(array, whole.fields[name][kept])


def test_regular_and_categorical_arrays():
    regular = ak.from_numpy(
        np.ones((4, 3), dtype=[(n, "f4") for n in ("pt", "eta", "phi", "mass")])
    )
    zipped = ak.zip({n: np.ones((4, 3)) for n in ("pt", "eta", "phi", "mass")})
    for array in (ak.to_regular(some_jets()[[0, 0, 0, 0]]), zipped):
        flat = columns(array, where="jets")
        np.testing.assert_array_equal(flat.offsets, [0, 3, 6, 9, 12])
    with pytest.raises(UserError, match="one list of records per event"):
        columns(regular, where="jets")
    category = ak.with_field(
        some_jets(), ak.str.to_categorical(ak.Array(["x"] * 6)), "label"
    )
    same(columns(category, where="jets"), columns(some_jets(), where="jets"))
    numbers = ak.contents.IndexedArray(
        ak.index.Index64(np.arange(10)),
        ak.contents.NumpyArray(np.arange(20)),
        parameters={"__categorical__": True},
    )
    charge = ak.unflatten(numbers, ak.num(some_jets()))
    flat = columns(ak.with_field(some_jets(), charge, "charge"), where="jets")
    np.testing.assert_array_equal(flat.fields["charge"], np.arange(10))


def test_floats_are_promoted_and_never_demoted():
    jets = some_jets(np.float32)
    mixed = ak.with_field(jets, ak.values_astype(jets.pt, np.float64), "pt")
    flat = columns(mixed, where="jets")
    assert {flat.fields[n].dtype for n in ("pt", "eta", "phi", "mass")} == {
        np.dtype(np.float64)
    }
    half = ak.values_astype(jets, np.float16)
    assert columns(half, where="jets").fields["pt"].dtype == np.float32
    whole = ak.with_field(jets, ak.values_astype(jets.pt, np.int32), "pt")
    flat = columns(whole, where="jets")
    assert flat.fields["pt"].dtype == flat.fields["eta"].dtype == np.float64
    assert flat.fields["charge"].dtype == np.int8
    long_double = ak.values_astype(jets, np.longdouble)
    with pytest.raises(UserError, match="convert it to float64"):
        columns(long_double, where="jets")


@pytest.mark.parametrize("energy", ["E", "e", "energy", "t"])
def test_cartesian_spellings(energy):
    jets = ak.zip(
        {"px": [[1.0]], "y": [[2.0]], "pz": [[3.0]], energy: [[4.0]], "d0": [[0.5]]}
    )
    flat = columns(jets, where="jets").fields
    assert list(flat) == ["px", "py", "pz", "energy", "d0"]
    assert [flat[n][0] for n in flat] == [1, 2, 3, 4, 0.5]


def test_cylindrical_wins_over_cartesian_and_mixed_sets_are_converted():
    both = ak.zip({n: [[1.0]] for n in ("pt", "eta", "phi", "M", "E", "px")})
    assert list(columns(both, where="jets").fields) == ["pt", "eta", "phi", "mass"]
    mixed = ak.zip({"pt": [[3.0]], "eta": [[0.0]], "phi": [[0.0]], "E": [[5.0]]})
    flat = columns(mixed, where="jets").fields
    assert list(flat) == ["px", "py", "pz", "energy"]
    np.testing.assert_allclose([flat[n][0] for n in flat], [3, 0, 0, 5], atol=1e-15)
    massive = ak.zip({"px": [[3.0]], "py": [[0.0]], "pz": [[0.0]], "m": [[4.0]]})
    assert columns(massive, where="jets").fields["energy"][0] == 5


def test_nested_fields_are_left_out():
    jets = some_jets()
    jets = ak.with_field(jets, ak.singletons(jets.pt, axis=1), "constituents")
    same(columns(jets, where="jets"), columns(some_jets(), where="jets"))


@pytest.mark.parametrize(
    "empty", [ak.Array([]), ak.Array([[], []]), some_jets()[:0], some_jets()[1:2]]
)
def test_empty(empty):
    flat = columns(empty, where="jets")
    assert len(flat) == len(empty)
    np.testing.assert_array_equal(flat.offsets, np.zeros(len(empty) + 1))
    assert all(len(flat.fields[name]) == 0 for name in ("pt", "eta", "phi", "mass"))


def test_what_is_not_a_collection_is_refused():
    with pytest.raises(UserError, match="must be an awkward array, got list"):
        columns([[1.0]], where="jets")
    with pytest.raises(UserError, match="one list of records per event"):
        columns(some_jets()[0], where="jets")
    with pytest.raises(UserError, match="must hold records with momenta"):
        columns(some_jets().pt, where="jets")
    with pytest.raises(UserError, match=r"jets needs pt, eta, phi, mass .*'pt'"):
        columns(some_jets()[["pt", "eta", "phi"]], where="jets")
    union = ak.concatenate([some_jets(), ak.Array([["text"]])], axis=0)
    with pytest.raises(UserError, match="one list of records per event"):
        columns(union, where="jets")
    union = ak.concatenate([some_jets(), ak.Array([[1.0]] * 6)], axis=1)
    with pytest.raises(UserError, match="must hold records with momenta"):
        columns(union, where="jets")


@settings(max_examples=50)
@given(st.lists(st.lists(st.booleans(), max_size=4), max_size=6))
def test_any_mask_gives_the_plain_columns(kept):
    counts = np.array([len(event) for event in kept], dtype=np.int64)
    values = np.arange(counts.sum(), dtype=np.float64)
    jets = ak.zip(
        {n: ak.unflatten(values, counts) for n in ("pt", "eta", "phi", "mass")}
    )
    mask = ak.values_astype(
        ak.unflatten(np.array(list(chain(*kept)), dtype=bool), counts), bool
    )
    flat = columns(jets[mask], where="jets")
    expected = [
        [v for v, keep in zip(row, keeps, strict=True) if keep]
        for row, keeps in zip(jets.pt.to_list(), kept, strict=True)
    ]
    np.testing.assert_array_equal(np.diff(flat.offsets), [len(row) for row in expected])
    np.testing.assert_array_equal(flat.fields["pt"], list(chain(*expected)))
