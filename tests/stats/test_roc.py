"""The area under a curve: its literal meaning, its error, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from oddjet.runs.errors import UserError
from oddjet.stats.roc import ScoredJets, area_under_curve


def literal_area(signal, background):
    total = 0.0
    for s, w in zip(signal.score, signal.weight, strict=True):
        for b, v in zip(background.score, background.weight, strict=True):
            total += w * v * (1.0 if s > b else 0.5 if s == b else 0.0)
    return total / (signal.weight.sum() * background.weight.sum())


@pytest.mark.parametrize("seed", range(5))
def test_the_definition(seed):
    random = np.random.default_rng(seed)
    signal, background = (
        # Whole numbers: many scores are equal.
        ScoredJets.of(random.poisson(mean, 40), random.uniform(-0.2, 1.0, 40))
        for mean in (5, 3)
    )
    found = area_under_curve(signal, background)
    assert found.value == pytest.approx(literal_area(signal, background))
    swapped = area_under_curve(background, signal)
    assert swapped.value == pytest.approx(1 - found.value)
    assert swapped.error == pytest.approx(found.error)


def test_extremes():
    low, high = ScoredJets.of([0.0, 1.0]), ScoredJets.of([2.0, 3.0])
    assert area_under_curve(high, low).value == 1
    assert area_under_curve(high, low).error == 0
    assert area_under_curve(low, low).value == 0.5


def test_the_error_is_the_spread_of_toys():
    """Weights, and two jets an event that share half of what they score."""
    random = np.random.default_rng(9)

    def sample(mean):
        events = 200
        shared = np.repeat(random.normal(0, 1, events), 2)
        score = mean + shared + random.normal(0, 1, 2 * events)
        weight = np.repeat(random.exponential(1, events), 2)
        ids = {"file": np.zeros(2 * events), "entry": np.repeat(np.arange(events), 2)}
        return ScoredJets(score, weight, ids)

    found = [area_under_curve(sample(1.0), sample(0.0)) for _ in range(400)]
    values = np.array([area.value for area in found])
    errors = np.array([area.error for area in found])
    # Of 400 toys the spread is known to 1 / sqrt(800) = 3.5 %.
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(values.std(), rel=0.12)
    signal, background = sample(1.0), sample(0.0)
    alone = area_under_curve(
        ScoredJets(signal.score, signal.weight),
        ScoredJets(background.score, background.weight),
    )
    assert alone.error < 0.9 * area_under_curve(signal, background).error


def test_what_has_no_area_is_refused():
    some = ScoredJets.of([1.0, 2.0])
    with pytest.raises(UserError, match=r"the signal needs jets .* got 0 jets"):
        area_under_curve(ScoredJets.of([]), some)
    with pytest.raises(UserError, match=r"background needs jets .* 2 jets of weight 0"):
        area_under_curve(some, ScoredJets.of([1.0, 2.0], [1.0, -1.0]))
    with pytest.raises(UserError, match="1 scores of the signal are NaN"):
        area_under_curve(ScoredJets.of([np.nan, 1.0]), some)
