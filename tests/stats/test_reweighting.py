from __future__ import annotations

import numpy as np
import pytest

from oddjet.stats.reweighting import Unsupported, reweighted

NAMES = ("jet pT [GeV]", "jet eta")


def sample_of(seed, *, mean=0.0, size=20_000):
    random = np.random.default_rng(seed)
    x = random.normal(mean, 1, size)
    return np.stack([x, 0.5 * x + random.normal(size=size)], axis=1)


def weigh(sample, target, bins=(6, 6), **options):
    settings = {
        "sample_weight": np.ones(len(sample)),
        "target_weight": np.ones(len(target)),
    } | options
    return reweighted(sample, target, bins=bins, names=NAMES, **settings)


def test_distributions_agree_afterwards():
    control, signal = sample_of(1), sample_of(2, mean=0.4)
    weight = weigh(control, signal)
    assert weight.sum() == pytest.approx(len(control))
    edges = [np.quantile(column, [0.25, 0.5, 0.75]) for column in signal.T]
    for variable, cuts in enumerate(edges):
        for cut in cuts:
            share = np.average(control[:, variable] > cut, weights=weight)
            assert share == pytest.approx(np.mean(signal[:, variable] > cut), abs=0.02)
    before = abs(control[:, 0].mean() - signal[:, 0].mean())
    after = abs(np.average(control[:, 0], weights=weight) - signal[:, 0].mean())
    assert after < before / 5


def test_equal_distributions_stay():
    weight = weigh(sample_of(1), sample_of(2), bins=(3, 3))
    assert np.abs(weight - 1).max() < 0.15


def test_weights_of_both_are_used():
    control, signal = sample_of(1), sample_of(2)
    tilt = np.exp(0.5 * signal[:, 0])
    own = np.where(control[:, 0] > 0, 2.0, 0.5)
    weight = weigh(control, signal, sample_weight=own, target_weight=tilt)
    wanted = np.average(signal[:, 0] > 0.5, weights=tilt)
    assert np.average(control[:, 0] > 0.5, weights=weight) == pytest.approx(
        wanted, abs=0.02
    )
    assert weight.sum() == pytest.approx(own.sum())


def test_no_support_is_refused():
    control = sample_of(1)
    control = control[control[:, 0] < 1.0]
    with pytest.raises(
        Unsupported, match=r"are \d control events .* <= jet pT \[GeV\]"
    ):
        weigh(control, sample_of(2))


def test_a_total_that_is_not_positive_is_refused():
    control = sample_of(1, size=100)
    with pytest.raises(ValueError, match="the target has the total weight 0"):
        weigh(control, control, target_weight=np.zeros(100))
