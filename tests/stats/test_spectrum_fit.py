"""The ladder of fits: its meaning, its errors, real and toy spectra, refusals."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from definitions import spectrum
from oddjet.stats.fit_functions import (
    FOUR_PARAMETERS,
    LADDER,
    THREE_PARAMETERS,
    UA2,
)
from oddjet.stats.spectrum_fit import fit_spectrum

ENERGY = 13_000.0
EDGES = np.linspace(2000.0, 3800.0, 31)
CENTRES = (EDGES[1:] + EDGES[:-1]) / 2
INSIDE = (CENTRES > 2600) & (CENTRES < 3200)
EXAMPLES = {
    "three parameters": (20.0, 9.0, 5.0),
    "four parameters": (20.0, 9.0, 5.0, 0.2),
    "UA2": (40.0, 5.0, 6.0, 9.0),
}


def truth(events=50_000, name="three parameters"):
    expected = spectrum.events_per_bin(name, EXAMPLES[name], EDGES, ENERGY)
    return expected * events / np.sum(expected)


@pytest.mark.parametrize("function", LADDER, ids=lambda function: function.name)
def test_functions_mean_what_their_formula_says(function):
    x = np.array([0.15, 0.2, 0.4])
    p = EXAMPLES[function.name]
    wanted = [spectrum.FUNCTIONS[function.name](at, p) for at in x]
    np.testing.assert_allclose(function(x, p), wanted, rtol=1e-12)


@pytest.mark.parametrize("function", LADDER, ids=lambda function: function.name)
def test_a_spectrum_without_noise_is_found_again(function):
    expected = truth(1e6, function.name)
    fit = fit_spectrum(expected, EDGES, INSIDE, functions=[function])
    np.testing.assert_allclose(fit.expected, expected, rtol=1e-5)
    again = spectrum.events_per_bin(function.name, fit.parameters, EDGES, ENERGY)
    np.testing.assert_allclose(fit.expected, again, rtol=1e-8)


def test_minuit_is_at_the_minimum_of_the_deviance():
    counts = np.random.default_rng(5).poisson(truth())
    fit = fit_spectrum(
        counts, EDGES, INSIDE, functions=[FOUR_PARAMETERS], p_value_min=0
    )
    outside = ~INSIDE

    def deviance(parameters):
        expected = spectrum.events_per_bin(fit.function, parameters, EDGES, ENERGY)
        return spectrum.deviance(counts[outside], expected[outside])

    # Along each parameter, the others fixed, the derivative vanishes.
    best = deviance(fit.parameters)
    for index in range(4):
        step = np.zeros(4)
        step[index] = 1e-4 * abs(fit.parameters[index])
        up, down = deviance(fit.parameters + step), deviance(fit.parameters - step)
        curvature = (up - 2 * best + down) / step[index] ** 2
        newton = (up - down) / (2 * step[index]) / curvature
        # Distance to the minimum, in units of a change of the deviance by one.
        assert abs(newton) * np.sqrt(curvature / 2) < 0.01


def test_error_of_the_prediction_covers():
    rng, expected = np.random.default_rng(11), truth(20_000)
    pulls = []
    for _ in range(300):
        counts = rng.poisson(expected)
        fit = fit_spectrum(
            counts, EDGES, INSIDE, functions=[THREE_PARAMETERS], p_value_min=0
        )
        predicted, error = fit.merged(INSIDE)
        pulls.append((predicted - np.sum(expected[INSIDE])) / error)
    # Sampling errors of 300: 0.058 of the mean and 0.041 of the width.
    assert abs(np.mean(pulls)) < 0.2
    assert 0.87 < np.std(pulls) < 1.13


def test_error_covers_the_correlated_spread_of_an_ensemble():
    """Medians that move together: ignoring the correlation would cover too little."""
    rng, expected = np.random.default_rng(12), truth(20_000)
    shape = 0.02 * expected * np.linspace(-1, 1, len(expected))
    extra = np.outer(shape, shape)
    pulls = []
    for _ in range(200):
        counts = np.maximum(rng.poisson(expected) + shape * rng.normal(), 0)
        fit = fit_spectrum(
            counts,
            EDGES,
            INSIDE,
            ensemble_covariance=extra,
            functions=[THREE_PARAMETERS],
            p_value_min=0,
        )
        predicted, error = fit.merged(INSIDE)
        pulls.append((predicted - np.sum(expected[INSIDE])) / error)
    assert 0.85 < np.std(pulls) < 1.15


def test_error_covers_counts_that_fluctuate_less_than_poisson():
    rng, expected, pulls = np.random.default_rng(13), truth(20_000), []
    p_values = []
    for _ in range(200):
        counts = 0.3 * rng.poisson(expected / 0.3)
        fit = fit_spectrum(
            counts,
            EDGES,
            INSIDE,
            dispersion=0.3,
            functions=[THREE_PARAMETERS],
            p_value_min=0,
        )
        predicted, error = fit.merged(INSIDE)
        pulls.append((predicted - np.sum(expected[INSIDE])) / error)
        p_values.append(fit.attempts[0].p_value)
    assert 0.85 < np.std(pulls) < 1.15
    assert 0.4 < np.mean(p_values) < 0.6


def test_what_is_masked_changes_nothing():
    counts = np.random.default_rng(2).poisson(truth()).astype(float)
    other = counts.copy()
    other[INSIDE] = 1e6
    one, two = (fit_spectrum(n, EDGES, INSIDE) for n in (counts, other))
    np.testing.assert_array_equal(one.expected, two.expected)


def test_the_ladder_climbs_and_then_trims():
    steep = truth(1e7, "four parameters") * (1 + 0.05 * (CENTRES / 2900 - 1) ** 2)
    fit = fit_spectrum(steep, EDGES, INSIDE, functions=[THREE_PARAMETERS, UA2])
    assert fit.status == "ok"
    assert [attempt.function for attempt in fit.attempts][-1] == fit.function
    wild = truth(1e6)
    wild[0] *= 3
    trimmed = fit_spectrum(wild, EDGES, INSIDE)
    assert [attempt.num_bins for attempt in trimmed.attempts] == [20, 20, 20, 18]
    assert not trimmed.fitted[0]
    assert not trimmed.fitted[-1]
    assert trimmed.fitted[1]


def test_a_fit_that_never_passes_fails_with_its_reason():
    wild = truth(1e6) * np.where(np.arange(30) % 2, 1.3, 0.7)
    fit = fit_spectrum(wild, EDGES, INSIDE)
    assert fit.status == "failed"
    assert "no function describes the sidebands" in fit.reason
    assert min(attempt.num_bins for attempt in fit.attempts) == 6


@pytest.mark.parametrize(
    ("counts", "reason"),
    [(np.zeros(30), "hold 0 events"), (np.ones(4), "have 3 bins")],
)
def test_nothing_to_fit(counts, reason):
    edges = EDGES[: len(counts) + 1]
    masked = np.arange(len(counts)) == 1
    assert reason in fit_spectrum(counts, edges, masked).reason


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"counts": np.ones(29)}, "must belong to the same bins"),
        ({"counts": np.full(30, -1.0)}, "counts >= 0"),
        ({"counts": np.full(30, np.nan)}, "finite"),
        ({"edges_gev": EDGES[::-1]}, "edges must increase"),
        ({"collision_energy_gev": 3000.0}, "collision energy of 3000 GeV"),
    ],
)
def test_refusals(change, message):
    arguments = {"counts": truth(), "edges_gev": EDGES, "masked": INSIDE} | change
    with pytest.raises(ValueError, match=message):
        fit_spectrum(**arguments)


def test_function_refusals():
    with pytest.raises(ValueError, match="takes 3 parameters"):
        THREE_PARAMETERS([0.2], [1.0, 2.0])
    with pytest.raises(ValueError, match=r"x = mass / sqrt\(s\) in \(0, 1\)"):
        UA2([1.0], [1.0, 2.0, 3.0, 4.0])


@pytest.mark.data
def test_the_cms_dijet_spectrum(test_data):
    """1.57 million events in 42 bins, of which five are masked."""
    name = "hftsoi__symbolfit__cms_dijet_ins1764471_fig5.csv"
    with (test_data / "dijet" / name).open() as file:
        rows = [list(map(float, row.values())) for row in csv.DictReader(file)]
    low, high, density = np.array(rows).T[:3]
    counts = np.round(density * 137_000 * (high - low) / 1000)
    edges = np.r_[low, high[-1]]
    assert np.all(low[1:] == high[:-1])
    masked = (low >= 2659) & (high <= 3279)
    fit = fit_spectrum(counts, edges, masked)
    assert fit.status == "ok"
    assert np.sum(fit.fitted) == 37
    expected, error = fit.merged(masked)
    observed = np.sum(counts[masked])
    assert abs(observed - expected) < 4 * np.hypot(error, np.sqrt(observed))


def test_a_first_parameter_that_no_double_holds_costs_no_fit():
    """At a hundredth of the collision energy x^200 takes a p1 of 1e400."""
    edges = np.linspace(100.0, 118.0, 31)
    centres = (edges[1:] + edges[:-1]) / 2
    counts = np.round(1e6 * (centres / 100) ** 200 * 1e-14)
    fit = fit_spectrum(counts, edges, (centres > 106) & (centres < 112))
    assert fit.status == "ok"
    assert np.isfinite(fit.expected).all()
    assert np.isinf(fit.parameters[0])
