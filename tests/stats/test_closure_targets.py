"""Targets of constraints: floors by sampling, the rule by exact integrals, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

import oddjet
from oddjet.runs.errors import UserError
from oddjet.stats.abcd import non_closure, symmetric_closure
from oddjet.stats.closure_targets import (
    check_closure_target,
    check_distance_correlation_target,
    closure_floor,
    closure_target,
    distance_correlation_floor,
    distance_correlation_target,
)
from oddjet.stats.effective_events import effective_events
from oddjet.stats.region_yields import FourRegions


@pytest.mark.parametrize("n", [1000, 10_000])
def test_independent_variables_show_the_floor(n):
    rng = np.random.default_rng(1)
    found = [oddjet.distance_correlation(*rng.normal(size=(2, n))) for _ in range(60)]
    assert np.sqrt(np.mean(np.square(found))) == pytest.approx(
        distance_correlation_floor(n), rel=0.05
    )


def test_weights_raise_the_floor():
    rng = np.random.default_rng(2)
    found, floors = [], []
    for _ in range(60):
        weights = rng.choice([0.1, 5.0], 4000, p=[0.9, 0.1])
        x, y = rng.normal(size=(2, 4000))
        found.append(oddjet.distance_correlation(x, y, weights))
        floors.append(distance_correlation_floor(effective_events(weights)))
    assert np.sqrt(np.mean(np.square(found))) == pytest.approx(
        np.mean(floors), rel=0.05
    )


def bivariate_normal_regions(rho, pass_x, pass_y):
    cut = [stats.norm.isf(pass_x), stats.norm.isf(pass_y)]
    both = stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf(
        [-each for each in cut]
    )
    return FourRegions(both, pass_x - both, pass_y - both, 1 - pass_x - pass_y + both)


@pytest.mark.parametrize("passing", [(0.1, 0.1), (0.3, 0.05), (0.5, 0.5)])
def test_the_rule_gives_the_wanted_non_closure(passing):
    """R of a bivariate normal whose regions miss by 3 %, computed exactly."""
    target = distance_correlation_target(0.03, pass_x=passing[0], pass_y=passing[1])

    def squared(rho):  # theorem 7 of Székely, Rizzo, Bakirov
        top = rho * math.asin(rho) + math.sqrt(1 - rho**2)
        top -= rho * math.asin(rho / 2) + math.sqrt(4 - rho**2) - 1
        return top / (1 + math.pi / 3 - math.sqrt(3))

    rhos = np.linspace(0, 0.5, 50_001)
    rho = rhos[np.argmin([abs(math.sqrt(max(squared(r), 0)) - target) for r in rhos])]
    missed = non_closure(bivariate_normal_regions(-rho, *passing))
    assert missed == pytest.approx(0.03, rel=0.07)  # to first order in rho


def test_symmetric_target_and_floor():
    assert closure_target(0.1) == pytest.approx(0.0476, abs=5e-5)
    # What ABCDisCoTEC's example calls "~10 %" is 2.5 %.
    assert closure_target(0.025) == pytest.approx(0.01235, abs=5e-6)
    rng = np.random.default_rng(3)
    means = FourRegions(300, 1500, 2000, 10_000)
    toys = FourRegions(*(rng.poisson(n, 20_000) for n in means.named.values()))
    assert np.mean(symmetric_closure(toys)) == pytest.approx(
        closure_floor(*means.named.values()), rel=0.03
    )


def test_targets_below_the_floor_are_refused():
    check_distance_correlation_target("X and M_T", 0.02, num_effective=8100.5)
    with pytest.raises(
        UserError,
        match=r"of X and M_T cannot be brought to 0.02: in a batch of 8,000 effective "
        r".* 1.8/sqrt\(n_eff\) = 0.0201; .* to 8,100 effective events",
    ):
        check_distance_correlation_target("X and M_T", 0.02, num_effective=8000)
    with pytest.raises(UserError, match=r"1.8/sqrt\(n_eff\) = 1.0000"):
        check_distance_correlation_target("X and Y", 0.02, num_effective=0)
    check_closure_target("SP", 0.03, regions=[400, 2000, 2000, 10_000])
    with pytest.raises(
        UserError, match=r"closure of SP cannot .* 0.02: with 400, 2,000, .* 0.0239"
    ):
        check_closure_target("SP", 0.02, regions=[400, 2000, 2000, 10_000])


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda: closure_target(0.0), r"non_closure must lie in \(0, inf\), got 0"),
        (
            lambda: distance_correlation_target(0.1, pass_x=1.0, pass_y=0.1),
            r"pass_x must lie in \(0, 1\), got 1",
        ),
        (
            lambda: check_distance_correlation_target("X", math.nan, num_effective=9),
            "target of X must lie in",
        ),
    ],
)
def test_meaningless_numbers_are_refused(call, problem):
    with pytest.raises(UserError, match=problem):
        call()
