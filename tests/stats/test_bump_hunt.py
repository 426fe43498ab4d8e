"""The bump hunt over windows, its global p-value and its non-closure correction."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from oddjet.stats.bump_hunt import Window, hunt_window, scan_windows
from oddjet.stats.fit_functions import THREE_PARAMETERS
from oddjet.stats.non_closure import NonClosure, fit_non_closure
from oddjet.stats.trials import global_significance, largest_significances

SCAN = scan_windows(2600, 3800)
FINE = np.arange(2000.0, 4401.0, 60.0)


def expected(events=200_000):
    centres = (FINE[1:] + FINE[:-1]) / 2
    values = THREE_PARAMETERS(centres / 13_000, [1.0, 9.0, 5.0])
    return events * values / np.sum(values)


def scan(counts):
    results = []
    for window in SCAN:
        first = int(np.argmin(abs(FINE - window.edges_gev[0])))
        results.append(hunt_window(window, counts[first : first + window.num_bins]))
    return results


def test_the_published_windows():
    windows = scan_windows()
    assert [window.low_gev for window in windows] == list(range(2600, 4401, 300))
    assert all(window.bin_width_gev == 60 for window in windows)
    assert windows[0].edges_gev[[0, -1]].tolist() == [2000, 3800]
    assert np.sum(windows[0].in_signal_region) == 10


def test_a_window_counts_each_mass_once():
    window = Window(2600, 3200)
    mass = [1999.9, 2000.0, 2060.0, 3799.9, 3800.0, 5000.0]
    counts = window.counts(mass)
    assert counts[[0, 1, -1]].tolist() == [1, 1, 1]
    assert counts.sum() == 3
    assert window.counts(mass, 2 * np.ones(6)).sum() == 6
    with pytest.raises(ValueError, match="mass nan at index 1"):
        window.counts([2500, np.nan])


def test_null_significances_are_a_unit_normal():
    rng = np.random.default_rng(1)
    z = []
    for _ in range(150):
        result = scan(rng.poisson(expected()))[0]
        z.append(result.significance)
    z = np.array(z, float)
    # Sampling errors of 150: 0.08 and 0.06.
    assert abs(z.mean()) < 0.2
    assert 0.85 < z.std() < 1.15


def test_null_significances_of_shared_events_are_a_unit_normal():
    """With Poisson errors they would have a width of 0.55."""
    rng, dispersion = np.random.default_rng(3), 0.3
    z = [
        hunt_window(
            SCAN[0],
            dispersion * rng.poisson(expected()[:30] / dispersion),
            dispersion=dispersion,
        ).significance
        for _ in range(150)
    ]
    z = np.array(z, float)
    assert abs(z.mean()) < 0.2
    assert 0.85 < z.std() < 1.15


def test_a_bump_is_found_where_it_is():
    counts = np.random.default_rng(4).poisson(expected())
    centres = (FINE[1:] + FINE[:-1]) / 2
    inside = SCAN[1].counts(np.repeat(centres, counts))[SCAN[1].in_signal_region].sum()
    signal = 6 * np.sqrt(inside)
    shape = stats.norm.pdf(centres, 3200, 60)
    bumpy = counts + np.round(signal * shape / shape.sum())
    results = scan(bumpy)
    best = max(results, key=lambda result: result.significance or -9)
    assert best.window == SCAN[1]
    assert best.significance > 3
    assert best.p_value == pytest.approx(stats.norm.sf(best.significance))


def test_ensemble_uncertainty_lowers_the_significance():
    counts = expected()[:30].copy()
    counts[10:20] *= 1.05
    bare = hunt_window(SCAN[0], counts)
    extra = np.zeros((30, 30))
    extra[10:20, 10:20] = (0.02 * counts[10:20]) ** 2 * np.ones((10, 10))
    with_ensemble = hunt_window(SCAN[0], counts, ensemble_covariance=extra)
    assert with_ensemble.ensemble_uncertainty == pytest.approx(
        np.sqrt(extra.sum()), rel=1e-12
    )
    assert with_ensemble.significance < bare.significance
    assert with_ensemble.model.uncertainty == pytest.approx(
        np.hypot(with_ensemble.fit_uncertainty, with_ensemble.ensemble_uncertainty)
    )


def test_a_window_that_fails_says_why():
    few = hunt_window(SCAN[0], expected(600)[:30])
    assert (few.status, few.significance) == ("failed", None)
    assert "bin of the high sideband" in few.reason
    wild = expected()[:30] * np.where(np.arange(30) % 2, 1.3, 0.7)
    assert "no function" in hunt_window(SCAN[0], wild).reason
    with pytest.raises(ValueError, match="30 counts expected"):
        hunt_window(SCAN[0], np.ones(29))
    with pytest.raises(ValueError, match="does not fit 30 equal bins"):
        Window(2600, 3190)
    with pytest.raises(ValueError, match="no window"):
        scan_windows(2600, 2700)


def test_global_p_values_are_uniform():
    """On experiments that played no part in the calibration, three windows each."""

    def experiment(rng):
        return rng.multivariate_normal(
            np.zeros(3), [[1, 0.5, 0], [0.5, 1, 0.5], [0, 0.5, 1]]
        )

    known = largest_significances(experiment, num_experiments=1000, seed=1)
    fresh = largest_significances(experiment, num_experiments=400, seed=2)
    p = [global_significance(z, known).p_value for z in fresh]
    assert stats.kstest(p, "uniform").pvalue > 0.01
    local = stats.norm.sf(2.0)
    assert global_significance(2.0, known).p_value > 1.8 * local


def test_a_scan_of_toys_calibrates_itself():
    largest = largest_significances(
        lambda rng: [result.significance for result in scan(rng.poisson(expected()))],
        num_experiments=30,
        seed=5,
    )
    assert np.isfinite(largest).all()
    assert np.median(largest) > 0.2
    found = global_significance(float(np.max(largest)) + 1, largest)
    assert found.is_bound
    assert found.p_value == pytest.approx(1 / 31)
    assert found.interval[0] == 0


def test_a_deficit_below_all_pseudo_experiments_has_a_finite_significance():
    found = global_significance(-3.0, np.linspace(-1.0, 3.0, 99))
    assert (found.p_value, found.num_as_large) == (1.0, 99)
    assert found.significance == pytest.approx(stats.norm.isf(0.99))


def test_one_failed_experiment_does_not_abort_all():
    values = np.r_[np.zeros(99), np.nan]
    assert global_significance(1.0, values).num_failed == 1
    with pytest.raises(ValueError, match="10 of 100 pseudo-experiments failed"):
        global_significance(1.0, np.r_[np.zeros(90), np.full(10, np.nan)])
    assert np.isnan(
        largest_significances(lambda _rng: [None], num_experiments=1, seed=1)[0]
    )
    with pytest.raises(ValueError, match="got 0"):
        largest_significances(lambda _rng: [0.0], num_experiments=0, seed=1)


def test_non_closure_follows_the_mass():
    mass = np.array([2900.0, 3200.0, 3500.0, 3800.0])
    rng = np.random.default_rng(6)
    z = (0.5 - (mass - 2900) / 1800)[:, None] + rng.normal(0, 1, (4, 4000))
    closure = fit_non_closure(mass, z)
    mean, spread = closure.at(2900)
    assert mean == pytest.approx(0.5, abs=0.06)
    assert spread == pytest.approx(1, abs=0.05)
    assert closure.corrected(2.0, 2900) == pytest.approx(1.5, abs=0.06)
    assert closure.corrected(2.0, 4400) == 2.0
    assert NonClosure((3.0, 0.0), (1.0, 0.0)).corrected(2.0, 3000) == 0.0
    with pytest.raises(ValueError, match="two windows"):
        fit_non_closure([3000], [[1, 2]])
    with pytest.raises(ValueError, match="one row a window"):
        fit_non_closure([3000], [1, 2])
