"""Masses drawn for a template."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from oddjet.background.spectrum import (
    FunctionSpectrum,
    KernelSpectrum,
    fitted_spectrum,
)
from oddjet.runs.errors import UserError
from oddjet.stats.spectrum_fit import fit_spectrum


def test_kernels_follow_the_masses_and_their_weights():
    rng = np.random.default_rng(1)
    mass = 2500 + rng.exponential(400, 20_000)
    drawn = KernelSpectrum(mass, 2600, 3200).draw(20_000, seed=1)
    inside = mass[(mass >= 2600) & (mass < 3200)]
    assert stats.ks_2samp(drawn, inside).pvalue > 1e-3
    assert drawn.min() >= 2600
    assert drawn.max() < 3200
    weights = (mass > 2900).astype(float)
    assert KernelSpectrum(mass, 2600, 3200, weights=weights).draw(500, seed=1).min() > (
        2890
    )


def test_function_is_drawn():
    drawn = FunctionSpectrum(lambda m: (m / 1000) ** -5, 2600, 3200).draw(
        20_000, seed=2
    )
    low, high = 2600.0**-4, 3200.0**-4

    def cumulative(mass):
        return (low - mass**-4) / (low - high)

    assert stats.kstest(drawn, cumulative).pvalue > 1e-3


def test_fit_of_the_sidebands_gives_the_spectrum():
    edges = np.linspace(2000.0, 3800.0, 31)
    centres = (edges[1:] + edges[:-1]) / 2
    masked = (centres > 2600) & (centres < 3200)
    counts = np.round(1e5 * (1 - centres / 13e3) ** 9 * (centres / 2e3) ** -5)
    fit = fit_spectrum(counts, edges, masked)
    drawn = fitted_spectrum(fit, 2600, 3200).draw(20_000, seed=3)
    share = counts[masked] / counts[masked].sum()
    found = np.histogram(drawn, np.linspace(2600, 3200, 11))[0]
    assert stats.chisquare(found, 20_000 * share).pvalue > 1e-3


def test_same_seed_same_masses():
    spectrum = FunctionSpectrum(np.ones_like, 1.0, 2.0)
    np.testing.assert_array_equal(spectrum.draw(5, seed=1), spectrum.draw(5, seed=1))
    assert not np.array_equal(spectrum.draw(5, seed=1), spectrum.draw(5, seed=2))


def test_refusals():
    with pytest.raises(UserError, match="the 0 events with 3 <= mass < 4 GeV"):
        KernelSpectrum([1.0, 2.0], 3.0, 4.0)
    with pytest.raises(UserError, match="the least is -1"):
        KernelSpectrum([3.1, 3.2], 3.0, 4.0, weights=[2.0, -1.0])
    for values in (-1.0, np.nan, 0.0):
        with pytest.raises(UserError, match="between 3 and 4 GeV is negative"):
            FunctionSpectrum(lambda m, v=values: np.full_like(m, v), 3.0, 4.0)
    failed = fit_spectrum(np.zeros(10), np.linspace(1000, 2000, 11), np.zeros(10, bool))
    with pytest.raises(UserError, match="there is none to draw from"):
        fitted_spectrum(failed, 1200, 1400)
