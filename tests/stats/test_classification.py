"""Measures of separation against their literal definitions, loops over pairs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from oddjet.runs.errors import UserError
from oddjet.stats.classification import (
    best_accuracy,
    efficiency_curve,
    significance_improvement,
)


def sample(seed, events=120, shift=0.5):
    rng = np.random.default_rng(seed)
    is_signal = rng.random(events) < 0.4
    scores = np.round(rng.normal(size=events) + shift * is_signal, 1)  # with ties
    weights = rng.uniform(0.2, 2.0, events) * np.where(rng.random(events) < 0.1, -1, 1)
    return scores, is_signal, weights


def test_efficiencies_and_accuracy_at_every_threshold():
    scores, is_signal, weights = sample(3)
    weights = np.abs(weights)
    thresholds = [math.inf, *sorted(set(scores), reverse=True)]
    signal, background = efficiency_curve(scores, is_signal, weights)
    for part, found in ((is_signal, signal), (~is_signal, background)):
        wanted = [
            weights[part & (scores >= t)].sum() / weights[part].sum()
            for t in thresholds
        ]
        np.testing.assert_allclose(found, wanted, atol=1e-12)
    assert best_accuracy(scores, is_signal, weights) == pytest.approx(
        max((signal + 1 - background) / 2)
    )


def test_the_best_accuracy_of_nothing_is_above_one_half():
    """Why the null band is made by the same procedure."""
    rng = np.random.default_rng(1)
    found = [
        best_accuracy(rng.normal(size=200), np.arange(200) < 100) for _ in range(50)
    ]
    assert np.mean(found) > 0.53


def test_significance_improvement_of_a_known_cut():
    scores = np.concatenate([np.linspace(0, 1, 1001), np.linspace(0.5, 1, 1001)])
    is_signal = np.arange(2002) >= 1001
    found = significance_improvement(scores, is_signal, 0.04)
    assert found.value == pytest.approx(0.08 / math.sqrt(0.04), rel=0.03)
    # Efficiencies of 80 of 1,001 and 40 of 1,001 events.
    assert found.error / found.value == pytest.approx(
        math.sqrt(0.92 / 80 + 0.96 / 40 / 4), rel=0.03
    )
    few = significance_improvement([0.9, 0.1, 0.5], [True, False, False], 0.01)
    assert math.isnan(few.value)


def test_samples_that_say_nothing_are_refused():
    with pytest.raises(UserError, match="the 0 background events sum to 0"):
        efficiency_curve([0.1, 0.2], [True, True])
    with pytest.raises(UserError, match="signal events sum to -1"):
        best_accuracy([0.1, 0.2, 0.3], [True, True, False], [1.0, -2.0, 1.0])
    with pytest.raises(ValueError, match=r"scores\[1\] is not finite"):
        efficiency_curve([0.1, math.nan], [True, False])
    with pytest.raises(ValueError, match=r"background_efficiency must be in \(0, 1\]"):
        significance_improvement([0.1, 0.2], [True, False], 0.0)
