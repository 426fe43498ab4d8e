from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from oddjet.deploy.calibration import CalibrationTable
from oddjet.runs.errors import UserError

# Outputs of a network, no closer than single precision tells numbers of order ten.
RAW = arrays.arrays(
    np.int64, st.integers(2, 60), elements=st.integers(-(2**27), 2**27), unique=True
).map(lambda steps: (steps * 2.0**-20).astype(np.float64))


def definition(control, x):
    return -np.log10((np.sum(control > x) + 1) / (len(control) + 1))


@given(RAW)
def test_values_at_control_events_are_those_of_the_definition(control):
    table = CalibrationTable.from_control(control)
    expected = [definition(control, x) for x in control]
    np.testing.assert_allclose(table(control), expected, rtol=1e-12)


@given(RAW, RAW)
def test_the_order_of_outputs_is_kept(control, raw):
    value = CalibrationTable.from_control(control)(raw)
    assert (np.argsort(value, kind="stable") == np.argsort(raw, kind="stable")).all()


def test_a_large_table_is_bounded_and_exact_in_the_tail():
    control = np.random.default_rng(1).normal(size=100_000)
    table = CalibrationTable.from_control(control)
    assert len(table.raw) <= 512
    highest = np.sort(control)[-30:]
    expected = [definition(control, x) for x in highest]
    np.testing.assert_allclose(table(highest), expected, rtol=1e-12)
    everywhere = np.quantile(control, [0.001, 0.1, 0.5, 0.9, 0.99])
    expected = [definition(control, x) for x in everywhere]
    np.testing.assert_allclose(table(everywhere), expected, atol=0.01)


def test_the_fraction_above_holds_for_new_events():
    random = np.random.default_rng(2)
    table = CalibrationTable.from_control(random.exponential(size=50_000))
    value = table(random.exponential(size=1_000_000))
    for score in (0.5, 1.0, 2.0, 3.0):
        # The table has 50,000 events: its own error dominates.
        error = np.sqrt(10**score / 50_000)
        assert np.mean(value > score) * 10**score == pytest.approx(1, abs=4 * error)


def test_beyond_the_highest_event_the_tail_goes_on():
    control = np.random.default_rng(3).exponential(size=10_000)
    table = CalibrationTable.from_control(control)
    # An exponential falls by ten in ln 10; the slope is that of 32 events.
    rise = table(control.max() + np.log(10)) - table(control.max())
    assert 0.5 < rise < 1.6


def test_weights_count_as_events():
    control = np.array([1.0, 2.0, 3.0, 4.0])
    table = CalibrationTable.from_control(control, np.array([1.0, 1.0, 4.0, 2.0]))
    # Scaled to sum to four events: 0.5, 0.5, 2, 1.
    above = np.array([3.5, 3.0, 1.0, 0.0])
    np.testing.assert_allclose(table(control), -np.log10((above + 1) / 5))


def test_negative_weights_keep_the_order():
    random = np.random.default_rng(4)
    control = random.normal(size=500)
    weight = np.where(random.random(500) < 0.3, -1.0, 1.0)
    value = CalibrationTable.from_control(control, weight)(np.sort(control))
    assert (np.diff(value) > 0).all()


def test_too_few_control_events_are_refused():
    for control in ([], [1.0], [2.0, 2.0]):
        with pytest.raises(UserError, match="at least two control events of different"):
            CalibrationTable.from_control(np.array(control))
    with pytest.raises(UserError, match="total weight -1"):
        CalibrationTable.from_control(np.array([1.0, 2.0]), np.array([1.0, -2.0]))
    with pytest.raises(UserError, match="control event 1 is nan"):
        CalibrationTable.from_control(np.array([1.0, np.nan]))


@pytest.mark.parametrize("weighted", [False, True])
def test_matching_scores_select_the_same_fractions(weighted):
    random = np.random.default_rng(6)
    raw = random.normal(size=5000)
    # Of another shape, and only loosely related.
    score = random.exponential(size=5000) + np.maximum(raw, 0)
    weight = random.exponential(size=5000) if weighted else np.ones(5000)
    weight[::7] *= -0.3 if weighted else 1.0
    table = CalibrationTable.matching(raw, score, weight)
    assert (np.diff(table.raw) > 0).all()
    assert (np.diff(table.value) > 0).all()
    matched = table(raw)
    assert (np.argsort(matched) == np.argsort(raw)).all()
    for threshold in (0.5, 1.0, 2.0, 4.0):
        ours, theirs = (weight[x > threshold].sum() for x in (matched, score))
        # Between knots lie a hundredth of the events above.
        assert ours == pytest.approx(theirs, rel=0.03)


def test_matching_needs_two_different_scores_and_outputs():
    with pytest.raises(UserError, match="at least two"):
        CalibrationTable.matching(np.zeros(10), np.arange(10.0))
    with pytest.raises(UserError, match="at least two"):
        CalibrationTable.matching(np.arange(10.0), np.ones(10))
    raw = np.where(np.arange(10) == 3, np.nan, np.arange(10.0))
    with pytest.raises(UserError, match="control event 3 is nan"):
        CalibrationTable.matching(raw, np.arange(10.0))
