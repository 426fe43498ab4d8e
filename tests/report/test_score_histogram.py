from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from oddjet.report.score_histogram import flat_null, score_edges, score_histogram

_SCORES = hnp.arrays(
    np.float32, st.integers(0, 50), elements=st.floats(width=32, allow_nan=True)
)


@given(scores=_SCORES, threshold=st.none() | st.floats(-1.0, 12.0))
def test_no_score_is_lost(scores: np.ndarray, threshold: float | None) -> None:
    edges = score_edges([scores], threshold)
    histogram = score_histogram(scores, edges)
    assert len(edges) <= 82
    assert np.all(np.diff(edges) > 0.0)
    assert histogram.total + histogram.not_scorable == len(scores)


@given(threshold=st.floats(0.13, 9.0))
def test_the_threshold_is_an_edge(threshold: float) -> None:
    edges = score_edges([np.array([0.3, 5.0])], threshold)
    assert np.min(np.abs(edges - threshold)) < 1e-12
    assert edges[-1] > threshold


def test_bins_right_of_the_threshold_add_up_to_the_selected_jets() -> None:
    scores = np.random.default_rng(3).exponential(0.43, size=10000)
    threshold = 1.7
    edges = score_edges([scores], threshold)
    selected = edges[:-1] > threshold - 1e-9
    histogram = score_histogram(scores, edges)
    assert histogram.values[selected].sum() == np.count_nonzero(scores >= threshold)


def test_counts_are_those_of_numpy() -> None:
    scores = np.random.default_rng(4).exponential(0.43, size=1000)
    edges = score_edges([scores], 2.0)
    expected, _ = np.histogram(scores, edges)
    np.testing.assert_array_equal(score_histogram(scores, edges).values, expected)


def test_weights_and_their_squares() -> None:
    scores, weights = np.array([0.1, 0.1, 0.6, np.nan]), np.array([2.0, -1.0, 3.0, 9.0])
    histogram = score_histogram(scores, np.array([0.0, 0.5, 1.0]), weights)
    np.testing.assert_array_equal(histogram.values, [1.0, 3.0])
    np.testing.assert_array_equal(histogram.variances, [5.0, 9.0])
    scaled = histogram.scaled(2.0)
    np.testing.assert_array_equal(scaled.values, [2.0, 6.0])
    np.testing.assert_array_equal(scaled.variances, [20.0, 36.0])


def test_nothing_but_nan() -> None:
    scores = np.full(4, np.nan)
    histogram = score_histogram(scores, score_edges([scores], None))
    assert histogram.total == 0.0
    assert histogram.not_scorable == 4


def test_the_flat_null_sums_to_the_total_and_matches_calibrated_scores() -> None:
    width = 0.25
    centres = width * (np.arange(60) + 0.5)
    expected = flat_null(centres, total=1e4, width=width)
    assert expected.sum() == pytest.approx(1e4)
    calibrated = -np.log10(np.arange(1, 10001) / 10001)
    histogram = score_histogram(calibrated, width * np.arange(61))
    np.testing.assert_allclose(histogram.values, expected, atol=2.0)
