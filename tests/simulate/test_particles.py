from __future__ import annotations

import numpy as np
import pytest

from oddjet.simulate.particles import Particles, is_dark, is_invisible, sums_of


def test_hardest_first_keeps_events_together(particles):
    rows = [
        (1, 5.0, 0, 0, 0, 0, 22),
        (0, 1.0, 0, 0, 0, 0, 22),
        (1, 9.0, 0, 0, 0, 1, 211),
    ]
    ordered = particles(*rows).hardest_first()
    assert ordered.event.tolist() == [0, 1, 1]
    assert ordered.pt.tolist() == [1.0, 9.0, 5.0]
    assert ordered.charge.tolist() == [0, 1, 0]


def test_momenta_add_up_by_event(particles):
    rows = [(0, 3.0, 1.0, 0.0, 0, 0, 22), (0, 4.0, -2.0, np.pi / 2, 0, 0, 22)]
    px, py = particles(*rows).momentum_sum(2)
    assert px == pytest.approx([3.0, 0.0])
    assert py == pytest.approx([4.0, 0.0])


def test_energy_contains_the_mass(particles):
    proton = particles((0, 3.0, 1.0, 0.0, 0.938, 1, 2212))
    assert proton.energy == pytest.approx([np.hypot(3.0 * np.cosh(1.0), 0.938)])


def test_nothing_is_nothing(particles):
    empty = particles()
    assert len(Particles.concatenate(empty, empty).hardest_first()) == 0
    assert [p.tolist() for p in empty.momentum_sum(2)] == [[0.0, 0.0], [0.0, 0.0]]
    assert sums_of(empty.pt, empty.event, 1).dtype == np.float64


def test_dark_hadrons_and_neutrinos_are_invisible():
    codes = np.array([12, -14, 16, 51, 53, 4900111, -4900213, 4900101], dtype=np.int32)
    assert is_invisible(codes).all()
    assert is_dark(codes).tolist() == [False] * 5 + [True] * 3


def test_ordinary_particles_are_visible():
    # 5122 and 9000111 surround the hidden-valley codes in size.
    codes = np.array([11, 13, 15, 22, 130, 211, 310, 2112, 5122, 9000111], np.int32)
    assert not is_invisible(codes).any()
