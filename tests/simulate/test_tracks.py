from __future__ import annotations

import numpy as np
import pytest

from oddjet.simulate.tracks import find_tracks, track_efficiency, track_resolution

HADRON, ELECTRON, MUON = 211, 11, -13


@pytest.mark.parametrize(
    ("code", "pt", "eta", "efficiency"),
    [
        # Numbers of delphes_card_ATLAS.tcl; an edge belongs to the bin below.
        (HADRON, 0.1, 0.0, 0.0),
        (HADRON, 1.0, 1.5, 0.70),
        (HADRON, 1.01, -1.5, 0.95),
        (HADRON, 0.5, 2.0, 0.60),
        (HADRON, 50.0, -2.5, 0.85),
        (HADRON, 50.0, 2.51, 0.0),
        (ELECTRON, 0.5, 1.0, 0.73),
        (ELECTRON, 100.0, 1.0, 0.95),
        (ELECTRON, 101.0, 1.0, 0.99),
        (ELECTRON, 0.5, 2.0, 0.50),
        (ELECTRON, 20.0, 2.0, 0.83),
        (ELECTRON, 200.0, 2.0, 0.90),
        (MUON, 0.5, 0.0, 0.75),
        (MUON, 20.0, 0.0, 0.99),
        (MUON, 0.5, 2.0, 0.70),
        (MUON, 20.0, 2.0, 0.98),
        (MUON, 20.0, 2.6, 0.0),
    ],
)
def test_efficiency_is_that_of_the_card(particles, code, pt, eta, efficiency):
    assert track_efficiency(particles((0, pt, eta, 0, 0, 1, code))) == [efficiency]


@pytest.mark.parametrize(
    ("code", "eta", "constant", "slope"),
    [
        (HADRON, 0.5, 0.06, 1.3e-3),
        (HADRON, -1.5, 0.10, 1.7e-3),
        (HADRON, 2.5, 0.25, 3.1e-3),
        (ELECTRON, 0.0, 0.03, 1.3e-3),
        (ELECTRON, 1.0, 0.05, 1.7e-3),
        (ELECTRON, 2.0, 0.15, 3.1e-3),
        (MUON, 0.0, 0.01, 1.0e-4),
        (MUON, 1.0, 0.015, 1.5e-4),
        (MUON, 2.0, 0.025, 3.5e-4),
    ],
)
def test_resolution_is_that_of_the_card(particles, code, eta, constant, slope):
    expected = [np.sqrt(constant**2 + 40.0**2 * slope**2)]
    assert track_resolution(particles((0, 40.0, eta, 0, 0, 1, code))) == pytest.approx(
        expected
    )


def test_the_resolution_is_at_most_one(particles):
    assert track_resolution(particles((0, 1000.0, 2.0, 0, 0, 1, 211))) == [1.0]


def test_tracks_keep_direction_charge_and_identity(particles):
    rows = [(0, 30.0, 0.3, 1.0, 0, 0, 22), (0, 30.0, 0.3, -2.0, 0.494, -1, -321)]
    tracks, resolution = find_tracks(particles(*rows), np.random.default_rng(3))
    assert (tracks.eta, tracks.phi) == ([0.3], [-2.0])
    assert (tracks.charge, tracks.pdg_id) == ([-1], [-321])
    assert resolution == pytest.approx([np.hypot(0.06, 30 * 1.3e-3)])
    assert 20 < tracks.pt[0] < 40
    assert tracks.pt[0] != 30.0


def test_efficiency_and_resolution_are_applied(particles):
    many = particles(*[(0, 20.0, 2.0, 0.0, 0.14, 1, 211)] * 20_000)
    tracks, _ = find_tracks(many, np.random.default_rng(1))
    assert len(tracks) / 20_000 == pytest.approx(0.85, abs=0.01)
    assert tracks.pt.mean() == pytest.approx(20.0, rel=0.01)
    assert tracks.pt.std() == pytest.approx(20.0 * np.hypot(0.25, 0.062), rel=0.03)


def test_without_charged_particles_there_are_no_tracks(particles):
    photon = particles((0, 30.0, 0, 0, 0, 0, 22))
    tracks, resolution = find_tracks(photon, np.random.default_rng(1))
    assert len(tracks) == len(resolution) == 0
