from __future__ import annotations

import numpy as np
import pytest

from oddjet.stats.sensitivity import sensitivity_curve, smallest_signal


def test_a_curve_has_medians_and_bands():
    curve = sensitivity_curve([0, 0, 0, 100], [-1.0, 0.0, 1.0, 5.0])
    assert [point.injected for point in curve] == [0, 100]
    assert curve[0].median == 0
    assert curve[0].low < 0 < curve[0].high
    assert curve[1].repeats == 1


def test_the_crossing_is_found_within_its_error():
    random = np.random.default_rng(1)
    injected = np.repeat(np.linspace(0, 1000, 6), 20)
    sigma = injected / 100 + random.normal(size=120)
    best, low, high = smallest_signal(injected, sigma, 5.0)
    assert low <= best <= high
    assert abs(best - 500) < 4 * max(high - low, 10)


def test_medians_that_fall_are_averaged():
    best, *_ = smallest_signal([0, 1, 2, 3], [0.0, 4.0, 2.0, 6.0], 3.0)
    assert best == pytest.approx(1.0)


def test_a_level_that_is_not_reached():
    assert smallest_signal([0, 100], [0.0, 2.0], 3.0) is None
    assert smallest_signal([100, 200], [4.0, 5.0], 3.0)[0] == 100


def test_a_significance_that_is_none_is_refused():
    with pytest.raises(ValueError, match="one finite significance an injection, got 1"):
        sensitivity_curve([0, 1], [1.0, np.nan])
