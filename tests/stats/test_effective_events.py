from __future__ import annotations

import numpy as np
import pytest

from oddjet.stats.effective_events import effective_events


def test_equal_weights_count_and_unequal_ones_count_less():
    assert effective_events(np.full(7, 0.3)) == pytest.approx(7)
    assert effective_events([1.0, 3.0]) == pytest.approx(16 / 10)
    assert effective_events([1.0, -1.0, 1.0, 1.0]) == pytest.approx(1)
    assert effective_events([]) == 0
    assert effective_events([0.0, 0.0], {"file": [1, 1], "entry": [0, 1]}) == 0
    assert effective_events([], {"file": [], "entry": []}) == 0


def test_copies_count_as_one():
    random = np.random.default_rng(1)
    weight = random.uniform(0.5, 2.0, 50)
    ids = {name: np.repeat(np.arange(50), 4) for name in ("run", "lumi", "event")}
    copies = effective_events(np.repeat(weight, 4) / 4, ids)
    assert copies == pytest.approx(effective_events(weight))
    # Some copies miss the selection: their event is worth as much as is left of it.
    kept = random.random(200) < 0.5
    some = {name: column[kept] for name, column in ids.items()}
    shares = np.bincount(ids["run"][kept], np.repeat(weight, 4)[kept] / 4)
    expected = shares.sum() ** 2 / (shares**2).sum()
    found = effective_events(np.repeat(weight, 4)[kept] / 4, some)
    assert found == pytest.approx(expected)


def test_the_error_of_a_sum_is_what_it_says():
    """Toys: the spread of the summed weight of clusters is 1 / sqrt(n_eff)."""
    random = np.random.default_rng(2)
    sums, numbers = [], []
    for _ in range(2000):
        events = random.poisson(100)
        copies = random.integers(0, 4, events)
        event = np.repeat(np.arange(events), copies)
        weight = np.repeat(random.exponential(1.0, events), copies)
        sums.append(weight.sum())
        numbers.append(effective_events(weight, {"file": event, "entry": event}))
    relative = np.std(sums) / np.mean(sums)
    assert relative == pytest.approx(1 / np.sqrt(np.mean(numbers)), rel=0.1)
