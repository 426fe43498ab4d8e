"""The hunt in spectra that networks combine: unit normal on background alone."""

from __future__ import annotations

import numpy as np
import pytest

from oddjet.stats.bump_hunt import Window, hunt_window
from oddjet.stats.ensemble_hunt import hunt_ensemble
from oddjet.stats.fit_functions import THREE_PARAMETERS

pytest.importorskip("iminuit", reason="needs the extra [stats]")

WINDOW, NETWORKS = Window(2600.0, 3200.0), 5
#: All select these; of as many again of another sort, three times as many, a third.
SURE, SHARED = 0.4, 0.4 + 0.6 / 3


def expected(events=20_000):
    edges = WINDOW.edges_gev / 13_000
    values = THREE_PARAMETERS((edges[1:] + edges[:-1]) / 2, [1.0, 9.0, 5.0])
    return events * values / np.sum(values)


def networks(rng, *, tilt=0.0):
    """Histograms of networks that share events; with a tilt, each makes a bump."""
    sure = rng.poisson(SURE * expected())
    unsure = rng.poisson(3 * (1 - SURE) * expected())
    bumps = 1 + tilt * rng.normal(size=(NETWORKS, 1)) * WINDOW.in_signal_region
    return sure + rng.binomial(unsure, np.clip(bumps / 3, 0, 1))


def hunted(histograms, **change):
    given = {"shared": SHARED, "ensemble_share": 1 / NETWORKS} | change
    return hunt_ensemble(WINDOW, np.mean(histograms, axis=0), histograms, **given)


def test_null_significances_are_a_unit_normal_and_poisson_ones_are_not():
    rng, z = np.random.default_rng(1), []
    for _ in range(150):
        histograms = networks(rng)
        poisson = hunt_window(WINDOW, np.mean(histograms, axis=0))
        z.append((hunted(histograms).significance, poisson.significance))
    shared, poisson = np.array(z, float).T
    # Sampling errors of 150: 0.08 and 0.06; the dispersion is 0.68.
    assert abs(shared.mean()) < 0.2
    assert 0.85 < shared.std() < 1.15
    assert shared.std() > 1.1 * poisson.std()


def test_dispersion_is_what_is_shared_and_a_part_of_the_rest():
    found = hunted(networks(np.random.default_rng(2)))
    least = SHARED + (1 - SHARED) / NETWORKS
    assert least <= found.model.dispersion < 1
    assert found.ensemble_uncertainty == 0


def test_networks_that_make_bumps_of_their_own_count_for_less():
    plain, tilted = (
        hunted(networks(np.random.default_rng(3), tilt=tilt)) for tilt in (0.0, 0.1)
    )
    assert tilted.model.dispersion > 2 * plain.model.dispersion


def test_a_window_without_a_fit_says_why():
    few = hunted(networks(np.random.default_rng(4)), high_sideband_min=1e6)
    assert few.status == "failed"
    assert "high sideband" in few.reason
