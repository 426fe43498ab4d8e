"""oddjet.independence_test: permutations, and the rate at which it rejects."""

from __future__ import annotations

import numpy as np
import pytest

from definitions import correlation as definition
from oddjet.correlation import (
    independence_test,
)
from tolerances import CENTRED_SUM

pytestmark = pytest.mark.kernel


def permuted_p_value(x, y, weights, seed, permutations):
    rows = np.broadcast_to(np.arange(len(x)), (permutations, len(x)))
    moved = np.random.default_rng(seed).permuted(rows, axis=1)
    found = definition.distance_correlation_squared(x, y, weights)
    others = [
        definition.distance_correlation_squared(x, y[row], weights) for row in moved
    ]
    return (1 + np.sum(np.array(others) >= found - 1e-12)) / (1 + permutations)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("tied", [False, True])
def test_independence_is_tested_by_permutations(weighted, tied):
    random = np.random.default_rng(20)
    x, y = random.normal(size=(2, 15))
    y += 0.5 * x
    if tied:
        x, y = np.round(x), np.round(2 * y)
    weights = random.uniform(0.2, 1, 15) if weighted else None
    statistic, p_value = independence_test(x, y, weights, seed=3, permutations=99)
    assert p_value == permuted_p_value(x, y, weights, seed=3, permutations=99)
    assert statistic == pytest.approx(
        definition.distance_correlation_squared(x, y, weights), abs=CENTRED_SUM
    )


def test_independent_variables_are_rejected_at_the_nominal_rate():
    random = np.random.default_rng(21)
    draws = 2000
    rejected = sum(
        independence_test(*random.normal(size=(2, 20)), seed=seed, permutations=99)[1]
        <= 0.05
        for seed in range(draws)
    )
    assert rejected / draws == pytest.approx(0.05, abs=0.01)


def test_dependent_variables_are_rejected():
    x = np.random.default_rng(22).normal(size=200)
    assert independence_test(x, x**2, seed=1, permutations=199).p_value == 0.005
    many = independence_test(
        np.tile(x, 50), np.tile(x**2, 50), seed=1, permutations=450
    )
    assert many.p_value == 1 / 451  # more permutations than are held at once
