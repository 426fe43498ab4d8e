"""Cowan's formula against its literal form in 50 digits, and its limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from oddjet.stats.asimov import asimov_significance, simple_significance

mp = pytest.importorskip("mpmath")


def literally(signal, background, variance):
    """As the talk prints it; 50 digits, because its terms cancel."""
    with mp.workdps(50):
        s, b, v = (mp.mpf(float(each)) for each in (signal, background, variance))
        first = (s + b) * mp.log((s + b) * (b + v) / (b**2 + (s + b) * v))
        second = b**2 / v * mp.log(1 + v * s / (b * (b + v)))
        return float(mp.sqrt(2 * (first - second)))


@pytest.mark.parametrize("background", [1e-2, 1.0, 1e6])
@pytest.mark.parametrize("ratio", [1e-8, 9e-5, 1.1e-4, 1e-2, 1.0, 100.0])
def test_the_literal_formula(background, ratio):
    for relative in (1e-9, 1e-3, 1.0, 1e4):
        signal, variance = ratio * background, relative * background
        found = asimov_significance(signal, background, variance)
        expected = literally(signal, background, variance)
        # The terms cancel to 1e-4 of their size and to 1/relative: 1e-16 becomes 1e-8.
        assert found == pytest.approx(expected, rel=1e-8)


def test_known_limits():
    for s, b in ((5.0, 2.0), (1e-3, 50.0), (300.0, 1.0)):
        certain = math.sqrt(2 * ((s + b) * math.log1p(s / b) - s))
        assert asimov_significance(s, b, 0.0) == pytest.approx(certain, rel=1e-7)
    # A large background: s / sqrt(b + sigma^2).
    found = asimov_significance(100.0, 1e8, 3e8)
    assert found == pytest.approx(100 / math.sqrt(4e8), rel=1e-5)


def test_what_has_no_answer():
    found = asimov_significance([1, 1, 1, 0, -3], [0, -2, 5, 5, 5], [0, 0, -1, 1, 1])
    np.testing.assert_array_equal(found, [np.nan, np.nan, np.nan, 0, 0])
    np.testing.assert_array_equal(simple_significance([0.0], 0.0, 0.1), [np.nan])


def test_simple_significance():
    found = simple_significance([30.0, 10.0], [100.0, 50.0], -0.2)
    np.testing.assert_allclose(found, [30 / math.sqrt(150), 10 / math.sqrt(70)])
