from __future__ import annotations

import numpy as np
import pytest

from oddjet.stats.permutations import permutation_test, permuted_labels


def test_the_p_value_counts_the_observation_itself():
    assert permutation_test(5.0, np.zeros(99)).p_value == 0.01
    assert permutation_test(-5.0, np.zeros(99)).p_value == 1.0


def test_it_is_exact_without_a_difference():
    random = np.random.default_rng(1)
    p = np.array(
        [
            permutation_test(random.normal(), random.normal(size=19)).p_value
            for _ in range(4000)
        ]
    )
    for level in (0.05, 0.25, 0.5):
        assert np.mean(p <= level) == pytest.approx(level, abs=4 * 0.5 / 63)


def test_mean_and_width():
    result = permutation_test(0.0, [1.0, 3.0])
    assert (result.mean, result.width, result.permutations) == (2.0, np.sqrt(2), 2)


@pytest.mark.parametrize(("observed", "permuted"), [(1.0, []), (np.nan, [1.0])])
def test_no_number_is_refused(observed, permuted):
    with pytest.raises(ValueError, match="needs an observation and one permutation"):
        permutation_test(observed, permuted)


def test_labels_keep_their_number():
    labels = np.arange(1000) < 300
    permuted = permuted_labels(labels, 1)
    assert permuted.sum() == 300
    assert 50 < (permuted & labels).sum() < 130
    assert (permuted == permuted_labels(labels, 1)).all()
    assert (permuted != permuted_labels(labels, 2)).any()
