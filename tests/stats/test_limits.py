"""Significances and limits: closed forms, pyhf, coverage, curves without a limit."""

from __future__ import annotations

import math

import numpy as np
import pytest

from definitions import spectrum
from oddjet.stats.counting_model import CountingModel
from oddjet.stats.limits import (
    asymptotic_cls,
    cls_from_test_statistics,
    gaussian_coverage,
    gaussian_upper_limit,
    limit_from_scan,
    upper_limit,
)
from oddjet.stats.workspace import counting_workspace, pyhf_cls, pyhf_significance

MODELS = [
    CountingModel(120, 100, 10, 10),
    CountingModel(80, 100, 10, 10),
    CountingModel(5, 3, 2, 1),
    CountingModel(1400, 1200, 30, 100),
    CountingModel(100.5, 100, 0, 10),
    CountingModel(120, 100, 10, 10, dispersion=0.4),
    CountingModel(2, 40, 20, 10),
]


@pytest.mark.parametrize("model", MODELS)
def test_significance_is_that_of_pyhf(model):
    assert model.significance() == pytest.approx(
        pyhf_significance(counting_workspace(model)), abs=1e-6
    )


@pytest.mark.parametrize("model", [m for m in MODELS if m.uncertainty > 0])
def test_significance_is_the_profiled_likelihood(model):
    counted = np.array([model.observed, model.background, model.uncertainty])
    wanted = spectrum.counting_significance(*counted / model.dispersion)
    assert model.significance() == pytest.approx(wanted, abs=1e-5)


def test_a_deficit_is_a_result():
    model = CountingModel(60, 100, 5)
    assert model.significance() < -3
    assert model.p_value() > 0.999


def test_significance_survives_small_and_large_numbers():
    assert CountingModel(0, 1e-9, 1e-12).significance() == pytest.approx(
        -math.sqrt(2e-9), rel=1e-6
    )
    large = CountingModel(1e12 + 2e6, 1e12, 1e6)
    assert large.significance() == pytest.approx(math.sqrt(2), rel=1e-3)
    # The variance far above the background: the stable form of the root.
    assert CountingModel(10, 1, 1e6).best_background(0) == pytest.approx(10, rel=1e-6)


@pytest.mark.parametrize("statistic", ["qtilde", "q"])
@pytest.mark.parametrize("mu", [0.5, 2.0, 4.0])
@pytest.mark.parametrize("model", MODELS)
def test_cls_is_that_of_pyhf(model, mu, statistic):
    mine = asymptotic_cls(model, mu, statistic=statistic)
    theirs = pyhf_cls(counting_workspace(model), mu, statistic=statistic)
    assert mine.observed == pytest.approx(theirs.observed, abs=1e-6)
    assert mine.expected == pytest.approx(theirs.expected, abs=1e-6)


def test_both_branches_of_qtilde_are_reached():
    """Above the switch the two statistics differ, below it they agree."""
    above = [cls_from_test_statistics(9.0, 4.0, statistic=s) for s in ("qtilde", "q")]
    below = [cls_from_test_statistics(3.0, 4.0, statistic=s) for s in ("qtilde", "q")]
    assert above[0].observed < above[1].observed - 1e-4
    assert below[0] == below[1]
    # Of the models compared with pyhf, one is above the switch: there the form for
    # below it would be visibly wrong.
    deficit, mu = MODELS[-1], 2.0
    q = deficit.deviance(mu) - deficit.deviance(0.0)
    q_asimov = deficit.asimov().deviance(mu)
    assert deficit.best_mu() < 0
    assert q > q_asimov
    right = pyhf_cls(counting_workspace(deficit), mu).observed
    wrong = cls_from_test_statistics(q, q_asimov, statistic="q").observed
    assert abs(wrong - right) > 1e-3


def test_no_signal_tested_excludes_nothing():
    assert asymptotic_cls(MODELS[0], 0.0).observed == 1.0


def test_workspace_names_its_uncertainties():
    model = CountingModel(120, 100, 5, 10)
    split = counting_workspace(model, uncertainties={"fit": 3.0, "ensemble": 4.0})
    assert pyhf_significance(split) == pytest.approx(model.significance(), abs=1e-6)
    with pytest.raises(ValueError, match="add up to 3, the model has 5"):
        counting_workspace(model, uncertainties={"fit": 3.0})


def test_pyhf_settings_are_put_back():
    import pyhf

    before = pyhf.get_backend()
    pyhf_significance(counting_workspace(MODELS[0]))
    assert pyhf.get_backend() == before


def test_gaussian_limit_is_that_of_many_events():
    model = CountingModel(1e10 + 5e4, 1e10, 0, 1)
    found = upper_limit(lambda mu: asymptotic_cls(model, mu).observed)
    assert found.value == pytest.approx(gaussian_upper_limit(5e4, 1e5), rel=1e-3)


@pytest.mark.parametrize("mu_over_sigma", [0.5, 1.0, 2.0, 4.0])
def test_gaussian_coverage_by_toys(mu_over_sigma):
    rng = np.random.default_rng(3)
    measured = rng.normal(mu_over_sigma, 1, 4000)
    covered = np.mean([gaussian_upper_limit(x, 1) >= mu_over_sigma for x in measured])
    wanted = gaussian_coverage(mu_over_sigma)
    assert covered == pytest.approx(
        wanted, abs=3 * math.sqrt(wanted * 0.05 / 4000) + 1e-3
    )
    if mu_over_sigma == 2.0:
        assert wanted == pytest.approx(0.974, abs=5e-4)


@pytest.mark.parametrize("mu", [0.3, 1.0, 2.0])
def test_limits_of_counts_cover(mu):
    """1,000 toys with a background that is itself uncertain."""
    rng, background, uncertainty, signal = np.random.default_rng(8), 200.0, 15.0, 30.0
    covered = 0
    for _ in range(1000):
        n = rng.poisson(background + mu * signal)
        measured = rng.normal(background, uncertainty)
        model = CountingModel(n, measured, uncertainty, signal)
        # The limit is above mu exactly where mu is not excluded.
        covered += asymptotic_cls(model, mu).observed > 0.05
    assert covered / 1000 >= 0.95 - 2 * math.sqrt(0.05 * 0.95 / 1000)


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1.0, 1e6])
def test_bracketing_finds_any_scale(scale):
    model = CountingModel(120, 100, 10, 1 / scale)
    found = upper_limit(lambda mu: asymptotic_cls(model, mu).observed).value
    wanted = upper_limit(
        lambda mu: asymptotic_cls(CountingModel(120, 100, 10), mu).observed
    ).value
    assert found == pytest.approx(wanted * scale, rel=1e-6)
    assert asymptotic_cls(model, found).observed == pytest.approx(0.05, abs=1e-6)


def test_no_limit_where_cls_does_not_fall():
    assert upper_limit(lambda _mu: 0.3).value is None
    assert "still 0.3" in upper_limit(lambda _mu: 0.3).reason
    assert "not a number" in upper_limit(lambda _mu: math.nan).reason
    assert "down to" in upper_limit(lambda _mu: 0.0).reason


@pytest.mark.parametrize(
    ("cls", "reason"),
    [
        ([0.9, 0.5, 0.2], "never falls to 0.05"),
        ([0.9, 0.04, 0.3], "not monotonic"),
        ([0.9, math.nan, 0.01], "not a number"),
        ([0.04, 0.03, 0.01], "from the smallest signal on"),
    ],
)
def test_curves_without_a_limit(cls, reason):
    found = limit_from_scan([1.0, 2.0, 3.0], cls)
    assert found.value is None
    assert reason in found.reason


def test_curve_with_a_limit():
    exact = limit_from_scan([1.0, 2.0, 3.0], np.exp([-1.0, -2.0, -4.0])).value
    assert exact == pytest.approx(2 + (-math.log(0.05) - 2) / 2)
    assert limit_from_scan([1, 2, 3], [0.5, 0.51, 0.01], slack=0.02).value > 2
    assert limit_from_scan([1, 2], [0.5, 0.0]).value is not None
    assert "two points" in limit_from_scan([1], [0.5]).reason
    with pytest.raises(ValueError, match="must increase"):
        limit_from_scan([2, 1], [0.5, 0.1])


def test_refusals():
    with pytest.raises(ValueError, match="background > 0"):
        CountingModel(1, 0, 1)
    with pytest.raises(ValueError, match="must be >= 0, got -1"):
        asymptotic_cls(MODELS[0], -1.0)
    with pytest.raises(ValueError, match="finite"):
        CountingModel(math.nan, 1, 1)
    with pytest.raises(ValueError, match="dispersion > 0"):
        CountingModel(1, 1, 1, dispersion=0.0)
