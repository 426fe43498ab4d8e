"""Tails against scipy, against brute force, and against exact fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from oddjet.stats.negative_binomial import log_tails, sum_log_tails

# Sums of some thousand terms of double precision, through one FFT.
RELATIVE = 1e-9


def one(n, k, q):
    return sum_log_tails(n, np.array([k]), np.array([q]))


@given(st.integers(0, 400), st.integers(1, 300), st.floats(0.01, 0.99))
def test_one_count_against_scipy(n, k, q):
    tails = one(n, k, q)
    expected = stats.nbinom.logsf(n - 1, k, 1 - q), stats.nbinom.logcdf(n, k, 1 - q)
    for found, reference in zip((tails.upper, tails.lower), expected, strict=True):
        if reference > -700:  # beyond, scipy's numbers are denormal
            assert found == pytest.approx(reference, rel=1e-8, abs=RELATIVE)


def test_the_definition_by_a_binomial():
    # P(N >= n) = P(Bin(n + k - 1, q) >= n)
    for n, k, q in [(33, 10, 0.5), (7, 3, 0.2), (120, 100, 0.6)]:
        expected = stats.binom.sf(n - 1, n + k - 1, q)
        assert math.exp(one(n, k, q).upper) == pytest.approx(expected, rel=RELATIVE)


@given(
    st.lists(
        st.tuples(st.integers(1, 12), st.floats(0.05, 0.9)), min_size=2, max_size=5
    ),
    st.integers(0, 60),
)
def test_sums_against_brute_force(counts, n):
    k = np.array([k for k, _ in counts])
    q = np.array([q for _, q in counts])
    below = np.ones(1)
    for k_one, q_one in counts:
        pmf = stats.nbinom.pmf(np.arange(n + 1), k_one, 1 - q_one)
        below = np.convolve(below, pmf)[: n + 1]
    tails = sum_log_tails(n, k, q)
    assert math.exp(tails.lower) == pytest.approx(below.sum(), rel=RELATIVE)
    upper = 1 - below[:n].sum()
    assert math.exp(tails.upper) == pytest.approx(upper, rel=RELATIVE, abs=1e-13)


def test_equal_folds_are_one_count():
    k, q = np.array([4, 6, 10]), np.full(3, 0.4)
    for n in (0, 5, 13, 40, 400):
        whole = one(n, 20, 0.4)
        parts = sum_log_tails(n, k, q)
        assert parts.upper == pytest.approx(whole.upper, rel=RELATIVE, abs=RELATIVE)
        assert parts.lower == pytest.approx(whole.lower, rel=RELATIVE, abs=RELATIVE)


def exact_upper(n, k, q):
    """P(N >= n) in whole numbers: q^n (1-q)^k sum over the tail, q = 1/2."""
    total = n + k - 1
    favourable = sum(math.comb(total, i) for i in range(n, total + 1))
    return Fraction(favourable, 2**total) if q == Fraction(1, 2) else None


@pytest.mark.parametrize(("n", "k"), [(33, 10), (1666, 1000), (2000, 5), (9000, 3000)])
def test_extreme_tails_against_fractions(n, k):
    exact = exact_upper(n, k, Fraction(1, 2))
    expected = math.log(exact.numerator) - math.log(exact.denominator)
    assert one(n, k, 0.5).upper == pytest.approx(expected, rel=1e-10)
    assert log_tails(n, k, 0.5).upper == pytest.approx(expected, rel=1e-10)
    folds = sum_log_tails(n, np.array([k - 2, 2]), np.array([0.5, 0.5]))
    assert folds.upper == pytest.approx(expected, rel=1e-10)


def test_unequal_folds_far_beyond_underflow():
    k, q = np.array([40, 60]), np.array([0.3, 0.4])
    n = 5000
    scaled = [
        [stats.nbinom.logpmf(j, kf, 1 - qf) for j in range(n + 4000)]
        for kf, qf in zip(k, q, strict=True)
    ]
    first, second = map(np.array, scaled)
    # log sum over N >= n of the convolution, term by term in logarithms
    terms = [
        np.logaddexp.reduce(first[: m + 1] + second[m::-1][: m + 1])
        for m in range(n, n + 200)
    ]
    upper = np.logaddexp.reduce(terms)
    tails = sum_log_tails(n, k, q)
    assert tails.upper < -2000
    assert tails.upper == pytest.approx(upper, rel=1e-10)
    assert tails.lower == pytest.approx(0.0, abs=1e-12)


def test_real_numbers_continue_whole_ones():
    whole = one(40, 25, 0.5)
    real = log_tails(40.0, 25.0, 0.5)
    assert real.upper == pytest.approx(whole.upper, rel=RELATIVE)
    assert real.lower == pytest.approx(whole.lower, rel=RELATIVE)
    assert log_tails(40.5, 25.0, 0.5).upper < real.upper
    assert log_tails(0.0, 25.0, 0.5).upper == 0


def test_nothing_seen_and_no_signal_region():
    tails = sum_log_tails(0, np.array([3, 4]), np.array([0.5, 0.25]))
    assert tails.upper == 0
    assert tails.lower == pytest.approx(3 * math.log(0.5) + 4 * math.log(0.75))
    alone = sum_log_tails(5, np.array([3, 4]), np.array([0.5, 0.0]))
    assert alone == one(5, 3, 0.5)
    assert sum_log_tails(0, np.array([3]), np.array([0.0])).lower == 0
