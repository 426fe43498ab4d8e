"""Lists that readers put together or take out of padding, against literal loops."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from definitions import lists as definition
from oddjet.io.lists import Unpadded, join_lists


def as_nested(offsets, values):
    return [values[begin:end].tolist() for begin, end in pairwise(offsets)]


def random_lists(random, num_events, dtype):
    counts = random.poisson(random.choice([0, 1, 9]), num_events)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return offsets, (100 * random.normal(size=offsets[-1])).astype(dtype)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "i8", "i2", "u1", "?"])
@pytest.mark.parametrize("num_sources", [1, 2, 5])
def test_lists_are_joined_event_by_event(dtype, num_sources):
    random = np.random.default_rng(num_sources)
    for num_events in (0, 1, 40):
        sources = [random_lists(random, num_events, dtype) for _ in range(num_sources)]
        offsets, values = join_lists(sources)
        assert values.dtype == np.dtype(dtype)
        assert as_nested(offsets, values) == definition.join_lists(
            [as_nested(*source) for source in sources]
        )


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "i2", "?"])
def test_a_source_of_one_value(dtype):
    random = np.random.default_rng(3)
    first, second, third = (random_lists(random, 30, dtype) for _ in range(3))
    value = np.dtype(dtype).type(7)
    repeated = second[0], np.full(second[0][-1], value)
    offsets, values = join_lists([first, (second[0], value), third])
    expected = join_lists([first, repeated, third])
    assert as_nested(offsets, values) == as_nested(*expected)
    offsets, values = join_lists([(first[0], value), (second[0], value)])
    assert values.dtype == np.dtype(dtype)
    assert as_nested(offsets, values) == [[value] * n for n in np.diff(offsets)]


def test_types_are_promoted_never_down():
    a = np.array([0, 1]), np.array([1], np.float32)
    b = np.array([0, 1]), np.array([2**-40])
    assert join_lists([a, b])[1].tolist() == [1, 2**-40]


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ((np.array([0, 1]), np.zeros(1)), "every source must have 2 lists, got 2 off"),
        ((np.array([0, 1, 1]), np.zeros(2)), "offsets end at 1, but there are 2 val"),
        ((np.array([1, 1, 1]), np.zeros(1)), "must begin at 0 and never decrease"),
        ((np.array([0, 2, 1]), np.zeros(1)), "must begin at 0 and never decrease"),
        ((np.array([0, 0, -1]), np.zeros(1)), "end at a number of values, got -1"),
        ((np.array([0, 0, 2**60]), np.zeros(1)), "end at a number of values, got 11"),
    ],
)
def test_lists_that_do_not_fit_are_refused(second, message):
    from oddjet import _core

    first = np.array([0, 1, 2]), np.zeros(2)
    with pytest.raises(ValueError, match=message):
        _core.join_lists(sources=[first, second])


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize(("slots", "numbers"), [(5, 1), (4, 2), (6, 3), (3, 4), (0, 3)])
def test_padding_goes_wherever_it_is(dtype, slots, numbers):
    random = np.random.default_rng(slots)
    rows = random.normal(size=(23, slots * numbers + 2)).astype(dtype)
    rows[random.uniform(size=rows.shape) < 0.4] = 0
    unpadded = Unpadded(23, slots=slots, numbers=numbers, dtype=dtype)
    for start in range(0, 23, 7):  # the pieces leave no trace
        unpadded.add(rows[start : start + 7])
    offsets, columns = unpadded.lists()
    expected = definition.unpad(rows.tolist(), slots, numbers)
    assert [as_nested(offsets, column) for column in columns] == expected
    assert {column.dtype for column in columns} == {np.dtype(dtype)}


def test_a_number_that_is_none_fills_its_slot():
    unpadded = Unpadded(1, slots=2, numbers=1, dtype=np.float64)
    unpadded.add(np.array([[np.nan, 0.0]]))
    assert np.isnan(unpadded.lists()[1][0]).tolist() == [True]


def test_rows_that_do_not_fit_are_refused():
    unpadded = Unpadded(2, slots=2, numbers=3, dtype=np.float64)
    with pytest.raises(ValueError, match="rows of 5 numbers do not hold 2 slots of 3"):
        unpadded.add(np.zeros((1, 5)))
    with pytest.raises(ValueError, match="needs room for 6 values from place 0 on"):
        unpadded.add(np.zeros((3, 6)))
    with pytest.raises(TypeError, match="a column must be float32, got float64"):
        unpadded.add(np.zeros((1, 6), np.float32))
    with pytest.raises(TypeError, match="rows must be float32 or float64, got int64"):
        unpadded.add(np.zeros((1, 6), np.int64))
