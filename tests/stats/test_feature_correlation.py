"""Correlations with the region variable against SciPy and known relations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from oddjet.correlation import distance_correlation
from oddjet.stats.feature_correlation import (
    FeatureCorrelation,
    feature_correlations,
    related_features,
)


def test_unweighted_correlations_are_those_of_scipy():
    rng = np.random.default_rng(1)
    mass = rng.exponential(size=500).round(1)  # with ties
    feature = np.exp(mass + rng.normal(size=500)).round(1)
    (found,) = feature_correlations({"pt": feature}, mass)
    assert found.linear == pytest.approx(stats.pearsonr(feature, mass).statistic)
    assert found.rank == pytest.approx(stats.spearmanr(feature, mass).statistic)
    assert found.distance == distance_correlation(feature, mass, np.ones(500))
    assert found.floor == pytest.approx(1.8 / math.sqrt(500))


def test_a_weight_is_as_good_as_a_repeated_event():
    rng = np.random.default_rng(2)
    mass, feature = rng.normal(size=(2, 80))
    feature += mass
    repeats = rng.integers(1, 5, 80)
    (weighted,) = feature_correlations({"a": feature}, mass, repeats)
    (repeated,) = feature_correlations(
        {"a": np.repeat(feature, repeats)}, np.repeat(mass, repeats)
    )
    for name in ("linear", "rank", "distance"):
        assert getattr(weighted, name) == pytest.approx(getattr(repeated, name))
    # But it is no further knowledge.
    assert weighted.floor > repeated.floor


def test_only_the_distance_sees_a_parabola():
    mass = np.linspace(-1, 1, 4001)
    (found,) = feature_correlations({"square": mass**2}, mass)
    assert abs(found.linear) < 1e-12
    assert abs(found.rank) < 0.01
    assert found.distance > 0.4


def test_the_strongest_come_first_and_are_named():
    rng = np.random.default_rng(3)
    mass = rng.normal(size=5000)
    features = {
        "nothing": rng.normal(size=5000),
        "constant": np.ones(5000),
        "weak": 0.3 * mass + rng.normal(size=5000),
        "strong": mass + 0.2 * rng.normal(size=5000),
    }
    found = feature_correlations(features, mass)
    assert [one.name for one in found][:2] == ["strong", "weak"]
    assert related_features(found) == ["strong", "weak"]
    assert related_features(found, largest=0.5) == ["strong"]
    constant = next(one for one in found if one.name == "constant")
    assert constant.linear == constant.rank == constant.distance == 0
    assert found[2].distance < 2 * found[2].floor


def test_what_a_small_sample_cannot_know_is_not_named():
    one = FeatureCorrelation("eta", 0.0, 0.0, distance=0.3, floor=0.2)
    assert related_features([one]) == []


def test_bad_columns_are_named():
    with pytest.raises(ValueError, match=r"feature pt\[1\] is not finite"):
        feature_correlations({"pt": [1.0, math.nan]}, [1.0, 2.0])
    with pytest.raises(ValueError, match="sum"):
        feature_correlations({"pt": [1.0, 2.0]}, [1.0, 2.0], [1.0, -1.0])
