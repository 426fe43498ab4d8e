from __future__ import annotations

import numpy as np
import pytest

from oddjet.stats.counting import counting_test
from oddjet.stats.efficiency_scan import efficiency_scan

EFFICIENCIES = (0.1, 0.03, 0.01, 0.003)


def scan(sr, cr, **options):
    return efficiency_scan(
        sr, cr, efficiencies=EFFICIENCIES, seed=1, pseudo_experiments=300, **options
    )


def test_points_are_counting_tests():
    random = np.random.default_rng(1)
    sr, cr = random.normal(0.1, 1, 3000), random.normal(size=3000)
    result = scan(sr, cr)
    for point in result.points:
        test = counting_test(sr, cr, efficiency=point.efficiency)
        assert point.significance == test.significance
    assert result.best.log10_p == min(point.log10_p for point in result.points)


def test_the_global_p_is_uniform_without_a_signal():
    random = np.random.default_rng(2)
    folds = np.arange(800) % 2
    results = [
        efficiency_scan(
            random.normal(size=800),
            random.normal(size=800),
            efficiencies=EFFICIENCIES,
            seed=seed,
            sr_folds=folds,
            cr_folds=folds,
            pseudo_experiments=99,
        )
        for seed in range(250)
    ]
    p = np.array([result.global_p for result in results])
    local = np.array([10**result.best.log10_p for result in results])
    for level in (0.1, 0.3, 0.6):
        assert np.mean(p <= level) == pytest.approx(level, abs=4 * 0.5 / np.sqrt(250))
    # Uncorrected, the best of four would be wrong.
    assert np.mean(local <= 0.1) > 0.15
    assert np.median(p / local) > 1.3


def test_a_signal_is_beyond_all_pseudo_experiments():
    random = np.random.default_rng(3)
    sr = np.concatenate([random.normal(size=3000), np.full(100, 5.0)])
    result = scan(sr, random.normal(size=3000))
    assert result.global_p == 1 / 301
    assert result.global_significance > 2.5
    assert result.best.efficiency < 0.1


def test_events_without_a_score_are_in_no_fold():
    random = np.random.default_rng(4)
    sr, cr = random.normal(size=500), random.normal(size=500)
    missing = np.full(50, np.nan)
    with_missing = scan(np.append(sr, missing), np.append(cr, missing))
    assert with_missing == scan(sr, cr)


def test_no_efficiency_is_refused():
    with pytest.raises(ValueError, match=r"at none of the efficiencies \(none given\)"):
        efficiency_scan([1.0], [1.0], efficiencies=(), seed=1)


def test_weights_enter_the_points_and_the_null():
    """A control region of two kinds of events, one of them weighted up."""
    global_p = []
    for seed in range(24):
        random = np.random.default_rng(seed)
        # The second kind scores higher; the signal region has three times its share.
        second = random.random(400) < 0.25
        control = random.normal(size=400) + second
        weight = np.where(second, 3.0, 1.0)
        signal = random.normal(size=400) + (random.random(400) < 0.5)
        found = efficiency_scan(
            signal,
            control,
            efficiencies=[0.03, 0.1],
            seed=seed,
            cr_weights=weight,
            pseudo_experiments=19,
        )
        global_p.append(found.global_p)
        expected = counting_test(signal, control, efficiency=0.1, cr_weights=weight)
        assert found.points[1].n_expected == pytest.approx(expected.n_expected)
        assert found.points[1].significance == pytest.approx(expected.significance)
    # A tenth of the nulls below 0.1, up to four of their standard deviations.
    assert np.mean(np.array(global_p) <= 0.1) < 0.1 + 4 * np.sqrt(0.09 / 24)
    assert 0.26 < np.mean(global_p) < 0.76
