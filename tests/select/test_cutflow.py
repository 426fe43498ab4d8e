"""Cut flows count weights, merge over chunks and survive a file."""

from __future__ import annotations

import math

import awkward as ak
import numpy as np
import pytest

from oddjet.runs.errors import UserError
from oddjet.select.cutflow import CutFlow, CutRow, CutSequence


def cut(values, weights):
    sequence = CutSequence(weights)
    left = values[sequence.apply("above 0", values > 0)]
    sequence.apply("above 1, truly", left > 1)
    return sequence


def test_weights_and_their_squares_are_summed():
    sequence = cut(np.array([-1.0, 0.5, 2.0, 3.0]), [1.0, 2.0, -0.5, 4.0])
    np.testing.assert_array_equal(sequence.mask, [False, False, True, True])
    assert sequence.cutflow.rows == (
        CutRow("all events", 4, 6.5, 21.25),
        CutRow("above 0", 3, 5.5, 20.25),
        CutRow("above 1, truly", 2, 3.5, 16.25),
    )
    assert sequence.cutflow.efficiencies == (1, 5.5 / 6.5, 3.5 / 6.5)


def test_chunks_add_up():
    rng = np.random.default_rng(1)
    values, weights = rng.normal(size=100), rng.integers(-3, 9, 100)
    whole = cut(values, weights).cutflow
    parts = [cut(values[a : a + 30], weights[a : a + 30]) for a in range(0, 100, 30)]
    merged = parts[0].cutflow
    for part in parts[1:]:
        merged += part.cutflow
    assert merged == whole
    other = CutSequence([1.0]).cutflow
    with pytest.raises(ValueError, match=r"the cuts differ, .*above 0.* and"):
        _ = whole + other


def test_csv_is_lossless():
    flow = cut(np.array([0.1, 1.7, 3.0]), [0.1, 1e-300, 1 / 3]).cutflow
    text = flow.to_csv()
    assert text.splitlines()[0] == "name,events,sum_weights,sum_weights_squared"
    assert text.splitlines()[-1].startswith('"above 1, truly",2,')
    assert CutFlow.from_csv(text) == flow
    with pytest.raises(ValueError, match="the header must be"):
        CutFlow.from_csv("a,b\n1,2\n")


def test_no_events_and_no_weight():
    flow = cut(np.array([]), []).cutflow
    assert [row.events for row in flow.rows] == [0, 0, 0]
    assert all(math.isnan(efficiency) for efficiency in flow.efficiencies)


def test_missing_values_are_no_decision():
    sequence = CutSequence([1.0, 1.0])
    optional = ak.mask(ak.Array([True, True]), [True, True])
    assert sequence.apply("first", optional).all()
    with pytest.raises(UserError, match=r"second has a missing value .* event 1"):
        sequence.apply("second", ak.Array([True, None]))


def test_it_prints_as_a_table():
    flow = CutFlow(
        (CutRow("all events", 12000, 12000.0, 1.0), CutRow("MET", 6, 6.0, 1))
    )
    assert str(flow).splitlines() == [
        "cut             events      weighted      left",
        "all events      12,000        12,000   100.00%",
        "MET                  6             6     0.05%",
    ]
