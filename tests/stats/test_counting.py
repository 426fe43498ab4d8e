"""The counting test: closed forms, invariances, coverage and refusals."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest
from scipy import stats

from oddjet.stats.counting import (
    counting_test,
    paper_significance,
    two_sample_significance,
)


def with_counts(n_sr, k, num_events):
    """Scores of two equal samples with n_sr events above the k-th control event."""
    control = np.arange(num_events, dtype=float)
    signal = np.full(num_events, -1.0)
    signal[:n_sr] = num_events
    return signal, control, k / num_events


class TestClosedForms:
    def test_small_count(self):
        signal, control, efficiency = with_counts(33, 10, 10_000)
        result = counting_test(signal, control, efficiency=efficiency)
        assert (result.n_sr, result.n_expected, result.k) == (33, 10, 10)
        assert result.p_value == pytest.approx(stats.binom.sf(32, 42, 0.5), rel=1e-10)
        assert result.significance == pytest.approx(3.641, abs=0.001)
        assert result.paper_significance == pytest.approx(23 / math.sqrt(20))
        assert result.uncertainty["statistical"] == pytest.approx(math.sqrt(43))
        assert result.folds[0].threshold == 9990
        assert result.folds[0].q == 0.5

    def test_the_published_one_percent_row(self):
        signal, control, efficiency = with_counts(1666, 1000, 1_000_000)
        result = counting_test(signal, control, efficiency=efficiency)
        assert result.k == 1000
        assert result.significance == pytest.approx(12.969, abs=0.001)
        assert result.paper_significance == pytest.approx(14.89, abs=0.005)
        assert result.two_sample_significance == pytest.approx(14.89, abs=0.005)
        assert result.log10_p == pytest.approx(math.log10(result.p_value))

    def test_extreme_excess_does_not_underflow(self):
        signal, control, efficiency = with_counts(9000, 100, 10_000)
        result = counting_test(signal, control, efficiency=efficiency)
        assert result.p_value == 0
        assert result.log10_p < -2000
        assert result.significance > 90
        json.dumps(dataclasses.asdict(result), allow_nan=False)

    def test_unequal_sizes(self):
        signal = np.r_[np.full(40, 2.0), np.zeros(4960)]
        control = np.arange(20_000) / 20_000
        result = counting_test(signal, control, efficiency=0.005)
        assert result.n_expected == 25
        expected = stats.nbinom.sf(39, 100, 0.8)
        assert result.p_value == pytest.approx(expected, rel=1e-10)
        assert result.two_sample_significance == pytest.approx(
            15 / math.sqrt(25 * 1.25)
        )
        assert two_sample_significance(40, 25, 1.0) == paper_significance(40, 25)

    def test_folds_are_convolved(self):
        signal = np.r_[np.full(7, 9.0), np.zeros(93), np.full(3, 9.0), np.zeros(197)]
        folds = np.repeat([0, 1], [100, 200])
        control = np.r_[np.arange(300) / 300, np.arange(100) / 100]
        result = counting_test(
            signal,
            control,
            efficiency=0.02,
            sr_folds=folds,
            cr_folds=np.repeat([0, 1], [300, 100]),
        )
        first = stats.nbinom.pmf(np.arange(10), 6, 0.75)
        second = stats.nbinom.pmf(np.arange(10), 2, 1 / 3)
        expected = 1 - np.convolve(first, second)[:10].sum()
        assert result.p_value == pytest.approx(expected, rel=1e-10)
        assert result.n_expected == pytest.approx(100 * 0.02 + 200 * 0.02)
        assert [fold.k for fold in result.folds] == [6, 2]


class TestConventions:
    def test_k_is_at_least_one_and_survives_rounding(self):
        signal, control = np.zeros(10), np.arange(100.0)
        assert counting_test(signal, control, efficiency=1e-6).k == 1
        assert counting_test(signal, control, efficiency=0.29).k == 29
        assert counting_test(signal, control, efficiency=0.299).k == 29

    def test_ties_with_the_threshold_do_not_count(self):
        control = np.arange(100.0)
        signal = np.array([90.0, 90.0, 91.0, 0.0])
        result = counting_test(signal, control, efficiency=0.1)
        assert result.folds[0].threshold == 90
        assert result.n_sr == 1
        flat = counting_test(np.ones(100), np.ones(100), efficiency=0.1)
        assert flat.n_sr == 0
        assert flat.significance < 0

    def test_deficits_are_negative(self):
        signal, control, efficiency = with_counts(0, 20, 1000)
        result = counting_test(signal, control, efficiency=efficiency)
        assert result.p_value == 1
        expected = stats.norm.ppf(stats.nbinom.cdf(0, 20, 0.5))
        assert result.significance == pytest.approx(expected)

    def test_the_expected_count_is_no_excess(self):
        signal, control, efficiency = with_counts(100, 100, 10_000)
        result = counting_test(signal, control, efficiency=efficiency)
        assert abs(result.significance) < 0.1
        assert result.paper_significance == 0

    def test_monotone_maps_of_the_scores_change_nothing(self):
        rng = np.random.default_rng(1)
        signal, control = rng.normal(0.1, 1, 5000), rng.normal(0, 1, 5000)
        folds = rng.integers(0, 3, 5000)
        options = {"efficiency": 0.02, "sr_folds": folds, "cr_folds": folds}
        plain = counting_test(signal, control, **options)
        # Each fold may have a scale of its own.
        scale = np.array([1.0, 0.01, 500.0])[folds]
        mapped = counting_test(
            np.exp(signal) * scale, np.exp(control) * scale, **options
        )
        assert mapped.p_value == plain.p_value
        assert mapped.n_sr == plain.n_sr

    def test_events_without_a_score_are_excluded_and_counted(self):
        rng = np.random.default_rng(2)
        signal, control = rng.normal(size=400), rng.normal(size=600)
        plain = counting_test(signal, control, efficiency=0.1)
        result = counting_test(
            np.r_[np.nan, signal, np.nan], np.r_[control, np.nan], efficiency=0.1
        )
        assert (result.num_excluded_sr, result.num_excluded_cr) == (2, 1)
        assert result.p_value == plain.p_value
        assert result.folds == plain.folds

    def test_infinite_scores_are_scores(self):
        signal = np.r_[np.full(5, np.inf), np.zeros(95)]
        result = counting_test(signal, np.arange(100.0), efficiency=0.05)
        assert result.n_sr == 5


class TestWeights:
    def test_equal_weights_are_no_weights(self):
        rng = np.random.default_rng(3)
        signal, control = rng.normal(0.2, 1, 3000), rng.normal(0, 1, 3000)
        plain = counting_test(signal, control, efficiency=0.01)
        weighted = counting_test(
            signal,
            control,
            efficiency=0.01,
            sr_weights=np.full(3000, 0.5),
            cr_weights=np.full(3000, 4.0),
        )
        assert weighted.method == "exact"
        assert weighted.p_value == plain.p_value
        assert weighted.n_sr == plain.n_sr / 2
        assert weighted.paper_significance == pytest.approx(plain.paper_significance)

    def test_effective_numbers_approach_the_exact_test(self):
        rng = np.random.default_rng(4)
        signal, control = rng.normal(0.3, 1, 4000), rng.normal(0, 1, 8000)
        exact = counting_test(signal, control, efficiency=0.01)
        nearly = np.ones(8000)
        nearly[::2] += 1e-9
        approximate = counting_test(signal, control, efficiency=0.01, cr_weights=nearly)
        assert approximate.method == "effective numbers"
        assert approximate.significance == pytest.approx(exact.significance, abs=1e-5)

    def test_a_rare_control_event_of_high_weight_is_not_cut_away(self):
        control = np.arange(100.0)
        weights = np.ones(100)
        weights[99] = 50.0
        result = counting_test(
            np.full(10, 98.5), control, efficiency=0.1, cr_weights=weights
        )
        # The highest event alone holds more than 10 % of the weight.
        assert result.k == 1
        assert result.n_expected == pytest.approx(10 * 50 / 149)

    def test_negative_weights_are_normal(self):
        rng = np.random.default_rng(5)
        weights = np.where(rng.uniform(size=4000) < 0.1, -1.0, 1.0)
        result = counting_test(
            rng.normal(size=4000),
            rng.normal(size=4000),
            efficiency=0.05,
            sr_weights=weights,
            cr_weights=weights[::-1],
        )
        assert result.status == "ok"
        assert abs(result.significance) < 4

    def test_spread_weights_cover(self):
        rng = np.random.default_rng(6)
        significance = [
            counting_test(
                rng.normal(size=2000),
                rng.normal(size=2000),
                efficiency=0.05,
                cr_weights=rng.exponential(size=2000),
            ).significance
            for _ in range(400)
        ]
        assert abs(np.mean(significance)) < 0.15
        assert np.std(significance) == pytest.approx(1.0, abs=0.15)

    @pytest.mark.parametrize("weighted", ["sr", "cr"])
    def test_rare_heavy_events_make_no_excess(self, weighted):
        """Nine events in ten weigh 0.1, one weighs 5."""
        rng = np.random.default_rng(8)
        results = [
            counting_test(
                rng.normal(size=2000),
                rng.normal(size=2000),
                efficiency=0.02,
                **{f"{weighted}_weights": rng.choice([0.1, 5.0], 2000, p=[0.9, 0.1])},
            )
            for _ in range(500)
        ]
        n_sr = np.array([result.n_sr for result in results])
        n_expected = np.array([result.n_expected for result in results])
        difference = n_sr - n_expected
        error = np.std(difference) / np.sqrt(len(results))
        assert abs(np.mean(difference)) < 3 * error
        significance = np.array([result.significance for result in results])
        assert np.min(significance) > -4
        # Effective numbers approximate; twice the nominal 2.3 % would mislead.
        assert np.mean(significance > 2) < 0.045


@pytest.mark.parametrize(
    ("sizes_sr", "sizes_cr", "efficiency"),
    [
        ((1000,), (1000,), 0.02),
        ((500, 500), (500, 500), 0.01),
        ((400, 200, 300), (900, 1000, 250), 0.03),
        ((50, 60), (100, 40), 0.001),
    ],
)
def test_null_p_values_are_uniform_or_conservative(sizes_sr, sizes_cr, efficiency):
    rng = np.random.default_rng(7)
    sr_folds = np.repeat(np.arange(len(sizes_sr)), sizes_sr)
    cr_folds = np.repeat(np.arange(len(sizes_cr)), sizes_cr)
    p_values = np.array(
        [
            counting_test(
                rng.uniform(size=len(sr_folds)),
                rng.uniform(size=len(cr_folds)),
                efficiency=efficiency,
                sr_folds=sr_folds,
                cr_folds=cr_folds,
            ).p_value
            for _ in range(1500)
        ]
    )
    for level in (0.5, 0.2, 0.05, 0.01):
        covered = np.mean(p_values <= level)
        error = math.sqrt(level * (1 - level) / len(p_values))
        assert covered < level + 3 * error
    assert np.mean(p_values <= 0.3) > 0.05


class TestNotDetermined:
    def test_a_fold_without_control_events(self):
        result = counting_test(
            np.zeros(4), np.zeros(2), efficiency=0.1, sr_folds=[0, 0, 1, 1]
        )
        assert result.status == "not_determined"
        assert result.reason == "fold 1 has no control-region event with a score"
        assert result.significance is None

    def test_no_signal_region(self):
        result = counting_test([np.nan], np.zeros(2), efficiency=0.1)
        assert result.reason == "the signal region has no event with a score"
        assert result.num_excluded_sr == 1

    def test_negative_sums(self):
        one = np.ones(4)
        result = counting_test(one, one, efficiency=0.1, cr_weights=[-1, -1, -1, 1])
        assert "weights of fold 0 sum to -2.0" in result.reason
        result = counting_test(one, one, efficiency=0.1, sr_weights=[-1, -1, -1, 1])
        assert "negative weights leave no expectation" in result.reason
        result = counting_test(one, one, efficiency=0.1, sr_weights=[-1, 1, -1, 1])
        assert "negative weights leave no expectation" in result.reason

    def test_a_fold_without_signal_region_is_fine(self):
        result = counting_test(
            np.full(4, 2.0), np.zeros(20), efficiency=0.1, cr_folds=[0, 1] * 10
        )
        assert result.p_value == pytest.approx(stats.nbinom.sf(3, 1, 10 / 14))


@pytest.mark.parametrize("efficiency", [0.0, 1.0, -0.1, np.nan])
def test_meaningless_efficiencies_are_refused(efficiency):
    with pytest.raises(ValueError, match=r"efficiency must lie in \(0, 1\), got"):
        counting_test(np.zeros(3), np.zeros(3), efficiency=efficiency)


def test_meaningless_arrays_are_refused():
    with pytest.raises(ValueError, match=r"of cr must be .* \(3,\), \(2,\), \(3,\)"):
        counting_test(np.zeros(3), np.zeros(3), efficiency=0.1, cr_folds=[0, 1])
    with pytest.raises(ValueError, match="weights of sr must be finite"):
        counting_test([1.0], [1.0], efficiency=0.1, sr_weights=[np.nan])
