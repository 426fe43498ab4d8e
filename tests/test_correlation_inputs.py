"""What distance correlations refuse, and in which words."""

from __future__ import annotations

import math

import numpy as np
import pytest

from oddjet.correlation import (
    distance_correlation,
    distance_correlation_gradient,
    distance_correlation_squared,
    distance_correlation_squared_unbiased,
    distance_correlations,
    independence_test,
)

pytestmark = pytest.mark.kernel

X = np.arange(6.0)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((X[:1], X[:1]), "there must be >= 2 events and fewer than 2.32, got 1"),
        ((X[:0], X[:0]), "there must be >= 2 events and fewer than 2.32, got 0"),
        ((X[:1, None], X[:1]), "there must be >= 2 events, got 1"),
        ((X, X[:5]), "variable 1 must have one value an event, 6, got 5"),
        ((X[:, None], X[:5]), "there must be a point an event, got 6 values of 1"),
        ((X[:, None][:, :0], X), "points must have >= 1 dimension"),
        ((X, X, X[:5]), "weights must have one value an event, 6, got 5"),
        ((X, X, -X), "the sum of weights must be finite and > 0, got -15"),
        ((X, X, 0 * X), "the sum of weights must be finite and > 0, got 0"),
        (
            (X, X, np.full(6, 1e308)),
            "the sum of weights must be finite and > 0, got inf",
        ),
    ],
)
def test_bad_samples_are_named(arguments, problem):
    for function in (distance_correlation, distance_correlation_squared):
        with pytest.raises(ValueError, match=f"distance_correlation: {problem}"):
            function(*arguments)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_named(value):
    bad = np.where(np.arange(6) == 4, value, X)
    for arguments, problem in (
        ((bad, X), f"value 4 of variable 0 is non-finite, {value}"),
        ((X, bad), f"value 4 of variable 1 is non-finite, {value}"),
        ((X, X, bad), f"weight 4 is non-finite, {value}"),
        (
            (X[:, None], np.stack([X, bad], axis=1)),
            f"dimension 1 of value 4 of variable 1 is non-finite, {value}",
        ),
    ):
        with pytest.raises(ValueError, match=problem):
            distance_correlation(*arguments)


def test_the_unbiased_form_needs_four_events():
    message = "needs >= 4 events of non-zero weight, got 3"
    with pytest.raises(ValueError, match=message):
        distance_correlation_squared_unbiased(X[:3], X[:3])
    with pytest.raises(ValueError, match=message):
        distance_correlation_squared_unbiased(X, X, np.array([1.0, 0, 0, 1, 0, 1]))
    with pytest.raises(ValueError, match="the weights of all pairs, triples and quad"):
        distance_correlation_squared_unbiased(X, X, np.array([5.0, -1, -1, -1, -1, 0]))


def test_bad_options_are_named():
    with pytest.raises(ValueError, match="distance_correlation: threads must be >= 1"):
        distance_correlation(X, X, threads=0)
    with pytest.raises(ValueError, match="distance_correlation: threads must be >= 1"):
        distance_correlation(X[:, None], X, threads=0)
    with pytest.raises(ValueError, match=r"statistic must be .* got 'pearson'"):
        distance_correlation_gradient(X, X, statistic="pearson")
    with pytest.raises(ValueError, match="wanted must have one value a variable, 2"):
        distance_correlations([X, X], [(0, 1)], wanted=[True])
    for pair in ((0, 2), (-1, 0)):
        with pytest.raises(ValueError, match="a pair must name two of the 2 variables"):
            distance_correlations([X, X], [pair])
    with pytest.raises(ValueError, match="permutations must be >= 1, got 0"):
        independence_test(X, X, seed=1, permutations=0)


@pytest.mark.parametrize(
    ("x", "weights", "problem"),
    [
        (np.arange(6), None, "a variable must be float32 or float64, got int64"),
        (X.astype(np.float16), None, "a variable must be .* got float16"),
        (X, np.arange(6), "weights must be float32 or float64, got int64"),
    ],
)
def test_no_type_is_converted(x, weights, problem):
    with pytest.raises(TypeError, match=problem):
        distance_correlation(x, X, weights)
