"""Ensembles of histograms: the median, its correlated error, other rules."""

from __future__ import annotations

import numpy as np
import pytest

from oddjet.learn.ensemble import (
    RULES,
    combine_histograms,
    ensemble_share,
    fold_thresholds,
    histograms_above,
    shared_fraction,
)


def test_covariance_of_medians_is_that_of_many_ensembles():
    """Correlation 0.8 of two bins, 21 networks, against 20,000 ensembles."""
    rng, networks = np.random.default_rng(1), 21
    truth = np.array([[9.0, 4.8], [4.8, 4.0]])
    draws = rng.multivariate_normal([100, 50], truth, (20_000, networks))
    wanted = np.cov(np.median(draws, axis=1).T)
    one = np.mean(
        [combine_histograms(draws[i]).ensemble_covariance for i in range(500)], axis=0
    )
    # Medians of 21 are narrower than the formula for many: 3 % on the diagonal.
    np.testing.assert_allclose(one, wanted, rtol=0.06)


def test_merged_bins_keep_their_correlation():
    common = np.linspace(-1, 1, 11)[:, None]
    moved = combine_histograms(100 + common * np.ones(4))
    total = np.sum(moved.ensemble_covariance)
    assert total == pytest.approx(16 * moved.ensemble_covariance[0, 0], rel=1e-6)
    opposite = combine_histograms(100 + common * np.array([1, -1]))
    assert np.sum(opposite.ensemble_covariance) == pytest.approx(0, abs=1e-6)


def test_error_is_poisson_and_that_of_the_median():
    rng = np.random.default_rng(2)
    histograms = rng.normal(400, 10, (10, 3))
    found = combine_histograms(histograms)
    error = np.pi / 2 * np.var(histograms, axis=0, ddof=1) / 10
    np.testing.assert_allclose(found.variances, np.median(histograms, axis=0) + error)
    np.testing.assert_allclose(np.diag(found.ensemble_covariance), error)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_networks_that_agree_add_no_error(rule):
    found = combine_histograms(np.tile([3.0, 7.0], (5, 1)), rule=rule)
    np.testing.assert_array_equal(found.counts, [3, 7])
    np.testing.assert_array_equal(found.ensemble_covariance, 0)
    np.testing.assert_array_equal(found.variances, [3, 7])


def test_rules_by_name():
    histograms = [[1.0], [2.0], [9.0]]
    counts = {rule: combine_histograms(histograms, rule=rule).counts for rule in RULES}
    assert counts == {"median": [2], "mean": [4], "first": [1]}


@pytest.mark.parametrize("rule", ["median", "mean"])
def test_error_of_shared_events_on_a_toy_of_known_variance(rule):
    """All networks select one sort of events, each a third of the other at random.

    Of 11 networks the mean has the variance 200 + 600 (1/9 + 2/9 / 11), and each of
    them 200 + 600 / 3 = 400, which is Poisson.
    """
    rng, networks, found, counted = np.random.default_rng(5), 11, [], []
    for _ in range(3000):
        sure, unsure = rng.poisson([200, 600])
        some = rng.random((networks, unsure)) < 1 / 3
        scores = np.hstack([np.ones((networks, sure)), some])
        cuts, place = {0: np.full(networks, 0.5)}, np.zeros(sure + unsure, np.int64)
        histograms = histograms_above(scores, 0 * place, place, cuts, num_bins=1)
        shared = shared_fraction(scores, 0 * place, place, cuts)
        count = combine_histograms(histograms, rule=rule).counts[0]
        counted.append(count)
        left = ensemble_share(rule, networks)
        found.append((shared, count * (shared + left * (1 - shared))))
    shared, variance = np.mean(found, axis=0)
    assert shared == pytest.approx((200 + 600 / 9) / 400, rel=0.005)
    if rule == "mean":
        assert variance == pytest.approx(200 + 600 * (1 + 2 / 11) / 9, rel=0.01)
    # The spread of 3,000 is known to 2.6 % of its square; Poisson would be 40 % off.
    assert np.var(counted) == pytest.approx(variance, rel=0.08)


def test_the_first_network_has_its_own_variance():
    assert [ensemble_share(rule, 4) for rule in ("mean", "first")] == [0.25, 1]
    assert ensemble_share("median", 4) == pytest.approx(np.pi / 8)


def test_shared_fraction_counts_weights_folds_and_bins():
    scores = np.array([[1.0, 1.0, 0.0, 9.0, 9.0], [0.0, 1.0, 1.0, 9.0, 9.0]])
    folds, bins = np.array([0, 0, 1, 2, 0]), np.array([0, 0, 0, 0, -1])
    cuts = {0: [0.5, 0.5], 1: [0.5, 0.5]}
    assert shared_fraction(scores, folds, bins, cuts) == 0.5
    heavy = [1.0, 4.0, 1.0, 1.0, 1.0]
    assert shared_fraction(scores, folds, bins, cuts, weights=heavy) == 0.8
    assert shared_fraction(scores, folds, bins, {3: [0.5, 0.5]}) == 1.0


def test_covariance_is_positive():
    histograms = np.random.default_rng(3).poisson(20, (4, 30)).astype(float)
    eigenvalues = np.linalg.eigvalsh(combine_histograms(histograms).ensemble_covariance)
    assert eigenvalues.min() > -1e-9 * eigenvalues.max()


def test_selection_takes_its_share_of_every_fold():
    rng = np.random.default_rng(4)
    scores = rng.normal(size=(3, 4000)) + np.arange(4000) % 2 * 100
    folds = np.arange(4000) % 2
    inside = np.arange(4000) < 2000
    bins = np.where(inside, 1, np.where(np.arange(4000) < 3900, 0, -1))
    cuts = fold_thresholds(scores, folds, inside, efficiency=0.1)
    found = histograms_above(scores, folds, bins, cuts, num_bins=2)
    assert found[:, 1].tolist() == [200, 200, 200]
    assert np.all(abs(found[:, 0] - 190) < 60)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: combine_histograms([[1.0], [2.0]], rule="mode"),
            "rule must be one of",
        ),
        (lambda: combine_histograms([[1.0]]), "two finite histograms"),
        (lambda: combine_histograms([[1.0], [np.nan]]), "two finite histograms"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_selection_refusals():
    def select(scores, efficiency=0.5, inside=(True, False)):
        return fold_thresholds(scores, [0, 1], inside, efficiency=efficiency)

    with pytest.raises(ValueError, match="network 0 has no score of event 1"):
        select([[1.0, np.nan]])
    with pytest.raises(ValueError, match="fold 1 has no signal-region event"):
        select([[1.0, 2.0]])
    with pytest.raises(ValueError, match=r"in \(0, 1\), got 1"):
        select([[1.0, 2.0]], efficiency=1)
