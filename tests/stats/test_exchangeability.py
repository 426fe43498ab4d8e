"""Two samples told apart within strata: against literal sums, and calibrated."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from oddjet.stats.exchangeability import (
    exchangeability_test,
    overlap_weights,
    permuted_sums,
    stratified_rank_scores,
)


def literal_auc(score, is_first, stratum):
    """Mean over pairs of one stratum, weighted by 1 / (N + 1)."""
    above = pairs = 0.0
    for i, j in itertools.product(range(len(score)), repeat=2):
        if is_first[i] and not is_first[j] and stratum[i] == stratum[j]:
            weight = 1 / (np.count_nonzero(stratum == stratum[i]) + 1)
            above += weight * (
                float(score[i] > score[j]) + 0.5 * float(score[i] == score[j])
            )
            pairs += weight
    return above / pairs


def test_the_auc_is_that_of_pairs_within_strata():
    random = np.random.default_rng(1)
    score = random.integers(0, 8, 60).astype(float)
    is_first, stratum = random.random(60) < 0.4, random.integers(0, 4, 60)
    found = exchangeability_test(
        score, is_first, stratum, tail=0.1, permutations=9, seed=1
    )
    assert found.auc == pytest.approx(literal_auc(score, is_first, stratum))
    assert found.num_tail == is_first[np.argsort(-score, kind="stable")[:6]].sum()


def test_permutations_are_all_of_them_and_no_others():
    values = np.array([1.0, 2.0, 4.0, 10.0, 20.0])
    stratum = np.array([0, 1, 0, 1, 1])
    is_first = np.array([True, False, False, True, True])
    possible = {
        values[i] + values[[1, 3, 4]].sum() - values[j]
        for i in (0, 2)
        for j in (1, 3, 4)
    }
    found = permuted_sums(values, stratum, is_first, permutations=400, seed=2)
    assert set(found) == possible
    counts = np.unique(found, return_counts=True)[1]
    assert (abs(counts - 400 / 6) < 4 * np.sqrt(400 / 6)).all()


def test_p_values_are_uniform_where_only_strata_differ():
    """Samples of other strata, scores that follow the stratum: nothing to be found."""
    p_values = []
    for seed in range(200):
        random = np.random.default_rng(seed)
        stratum = random.integers(0, 5, 300)
        is_first = random.random(300) < 0.1 + 0.15 * stratum
        score = stratum + random.normal(size=300)
        test = exchangeability_test(
            score, is_first, stratum, tail=0.1, permutations=99, seed=seed
        )
        p_values.append((test.auc_p_value, test.tail_p_value))
    for column in np.array(p_values).T:
        assert abs(np.mean(column <= 0.1) - 0.1) < 4 * np.sqrt(0.09 / 200)
        assert abs(np.mean(column) - 0.5) < 4 * np.sqrt(1 / 12 / 200) + 0.05


@pytest.mark.parametrize("tail_only", [False, True])
def test_a_difference_is_found(tail_only):
    random = np.random.default_rng(3)
    stratum, is_first = random.integers(0, 5, 2000), random.random(2000) < 0.5
    score = random.normal(size=2000)
    changed = is_first & (random.random(2000) < (0.02 if tail_only else 1))
    score[changed] += 6.0 if tail_only else 0.3
    test = exchangeability_test(
        score, is_first, stratum, tail=0.01, permutations=999, seed=4
    )
    assert test.tail_p_value == 0.001 if tail_only else test.auc_p_value == 0.001


def test_weights_make_shares_alike():
    random = np.random.default_rng(5)
    stratum = np.concatenate([random.integers(0, 4, 500), [4, 4]])
    is_first = np.concatenate([random.random(500) < 0.2 + 0.2 * stratum[:500], [1, 1]])
    is_first = is_first.astype(bool)
    weight = overlap_weights(stratum, is_first)
    sums = [
        np.bincount(stratum[side], weight[side], 5) for side in (is_first, ~is_first)
    ]
    np.testing.assert_allclose(sums[0], sums[1], atol=1e-12)
    assert sums[0][4] == 0


def test_ranks_of_ties_are_shared():
    score = np.array([1.0, 1.0, 2.0])
    found = stratified_rank_scores(score, np.zeros(3, int))
    np.testing.assert_allclose(found, [-0.125, -0.125, 0.25])


def test_without_a_common_stratum_there_is_no_test():
    with pytest.raises(ValueError, match="no stratum holds events of both samples"):
        exchangeability_test(
            np.arange(4.0),
            np.array([True, True, False, False]),
            np.array([0, 0, 1, 1]),
            tail=0.5,
            permutations=3,
            seed=1,
        )
