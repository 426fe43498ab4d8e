from __future__ import annotations

import numpy as np
import pytest

from oddjet.simulate.towers import ECAL, HCAL, ecal_fraction, hcal_fraction

CALORIMETERS = {"ECAL": ECAL, "HCAL": HCAL}


@pytest.mark.parametrize("name", ["ECAL", "HCAL"])
def test_every_direction_is_in_the_tower_of_the_card(name, delphes_definition):
    random = np.random.default_rng(5)
    eta = random.uniform(-5.2, 5.2, 3_000)
    phi = random.uniform(-np.pi, np.pi, 3_000)
    calorimeter = CALORIMETERS[name]
    tower = calorimeter.tower_at(eta, phi)
    edges = np.transpose(calorimeter.tower_edges(np.maximum(tower, 0)))
    for i in range(3_000):
        expected = delphes_definition.tower_edges(name, eta[i], phi[i])
        assert (expected is None) == (tower[i] < 0)
        if expected is not None:
            assert edges[i] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("calorimeter", [ECAL, HCAL])
def test_towers_are_numbered_without_gaps(calorimeter):
    towers = np.arange(calorimeter.first_tower[-1])
    low_eta, high_eta, low_phi, high_phi = calorimeter.tower_edges(towers)
    centres = calorimeter.tower_at((low_eta + high_eta) / 2, (low_phi + high_phi) / 2)
    assert (centres == towers).all()


def test_azimuth_pi_is_azimuth_minus_pi():
    ends = np.array([np.pi, -np.pi])
    assert len(set(ECAL.tower_at(np.zeros(2), ends).tolist())) == 1


def test_fractions_are_those_of_the_card(delphes_definition):
    codes = np.array([11, -11, 22, 111, 13, 310, -3122, 211, 130, 2112, 3334])
    for name, fraction in (("ECAL", ecal_fraction), ("HCAL", hcal_fraction)):
        expected = [delphes_definition.fraction(name, code) for code in codes]
        assert fraction(codes) == pytest.approx(expected)


def test_invisible_particles_leave_nothing():
    codes = np.array([12, -14, 16, 51, 53, 4900111, -4900213])
    assert not ecal_fraction(codes).any()
    assert not hcal_fraction(codes).any()


@pytest.mark.parametrize("name", ["ECAL", "HCAL"])
def test_resolution_is_that_of_the_card(name, delphes_definition):
    for eta in (0.5, 2.0, 4.0):
        for energy in (1.0, 50.0, 1000.0):
            measured = CALORIMETERS[name].resolution(
                np.array([energy]), np.array([eta])
            )
            expected = delphes_definition.resolution(name, energy, eta)
            assert measured == pytest.approx([expected])
