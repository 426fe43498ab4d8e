from __future__ import annotations

import numpy as np
import pytest

from oddjet.stats.counting import counting_test
from oddjet.stats.transfer import (
    composition_uncertainty,
    explaining_mismodelling,
    transfer_test,
)


def counted(n, *, k=100, size=10_000, folds=1, weight=1.0):
    """A test with n signal events above k control events, of `size` each."""
    control = np.tile(np.arange(float(size)), folds)
    above = np.full(n, size - k + 0.5)
    signal = [np.concatenate([above, np.full(size - n, -1.0)])] * folds
    fold = np.repeat(np.arange(folds), size)
    return counting_test(
        np.concatenate(signal),
        control,
        efficiency=k / size,
        sr_folds=fold,
        cr_folds=fold,
        sr_weights=np.full(size * folds, weight),
    )


def uncertain(test, relative):
    return transfer_test(
        test.folds, relative, statistical=test.uncertainty["statistical"]
    )


@pytest.mark.parametrize("folds", [1, 3])
@pytest.mark.parametrize("n", [20, 100, 160])
@pytest.mark.parametrize("weight", [1.0, 0.3])
def test_without_uncertainty_it_is_the_exact_test(n, folds, weight):
    test = counted(n, folds=folds, weight=weight)
    result = uncertain(test, 0.0)
    assert result.significance == pytest.approx(test.significance, abs=1e-9)
    assert result.log10_p == pytest.approx(test.log10_p)


def test_large_counts_add_in_quadrature():
    test = counted(12_000, k=10_000, size=1_000_000)
    result = uncertain(test, 0.05)
    width = np.hypot(result.statistical, result.systematic)
    assert result.systematic == pytest.approx(500, rel=1e-9)
    assert result.significance == pytest.approx(2000 / width, rel=0.08)
    assert test.significance > 10


def test_the_marginal_p_is_an_integral():
    test = counted(150)
    z = np.random.default_rng(1).normal(size=4000)
    q, k = 0.5, 100
    factor = np.exp(np.log1p(0.1) * z)
    shifted = factor * q / (1 - q + factor * q)
    from scipy.stats import nbinom

    expected = nbinom.sf(149, k, 1 - shifted).mean()
    assert 10 ** uncertain(test, 0.1).log10_p == pytest.approx(expected, rel=0.15)


def test_more_uncertainty_is_less_significant():
    test = counted(200)
    sigma = [uncertain(test, width).significance for width in (0, 0.05, 0.1, 0.3, 1.0)]
    assert (np.diff(sigma) < 0).all()
    assert sigma[0] > 5 > sigma[-1] > 0


def test_what_would_explain_an_excess_explains_it():
    test = counted(160)
    found = explaining_mismodelling(test.folds, sigma=2.0)
    assert found.explains == pytest.approx(0.6, abs=0.02)
    assert 0 < found.hides < found.explains
    left = uncertain(test, found.uncertainty)
    assert left.significance == pytest.approx(2.0, abs=1e-3)


def test_nothing_hides_what_is_no_excess():
    found = explaining_mismodelling(counted(101).folds)
    assert found.hides is None
    assert found.uncertainty is None
    assert explaining_mismodelling(counted(60).folds).explains < 0
    assert explaining_mismodelling(counted(0).folds).explains == -1


def test_spread_weights_use_effective_numbers():
    random = np.random.default_rng(2)
    test = counting_test(
        np.concatenate([random.normal(size=4000), random.normal(3, 1, 150)]),
        random.normal(size=4000),
        efficiency=0.02,
        cr_weights=random.uniform(0.5, 1.5, 4000),
    )
    assert test.method == "effective numbers"
    assert uncertain(test, 0.0).significance == pytest.approx(
        test.significance, abs=0.05
    )
    assert uncertain(test, 0.2).significance < test.significance


@pytest.mark.parametrize("relative", [-0.1, np.inf, np.nan])
def test_an_impossible_uncertainty_is_refused(relative):
    with pytest.raises(ValueError, match="relative must be finite and >= 0, got"):
        uncertain(counted(100), relative)


def test_composition_moves_the_pass_rate():
    efficiency = {"z": 0.001, "tt": 0.02, "vv": 0.05}
    fraction = {"z": 0.945, "tt": 0.035, "vv": 0.02}

    def rate(tt):
        scale = (1 - tt) / (1 - fraction["tt"])
        return tt * efficiency["tt"] + scale * (
            fraction["z"] * efficiency["z"] + fraction["vv"] * efficiency["vv"]
        )

    shift = composition_uncertainty(efficiency, fraction, relative=0.1)
    exact = rate(0.035 * 1.1) / rate(0.035) - 1
    assert shift["tt"] == pytest.approx(exact, rel=1e-9)
    assert shift["z"] == 0
    assert shift["total"] == pytest.approx(np.hypot(shift["tt"], shift["vv"]))


def test_a_composition_without_efficiency_is_refused():
    with pytest.raises(ValueError, match="no process passes the threshold"):
        composition_uncertainty({"z": 0.0}, {"z": 1.0})
    with pytest.raises(ValueError, match="efficiencies are of z, fractions of tt"):
        composition_uncertainty({"z": 0.1}, {"tt": 1.0})
