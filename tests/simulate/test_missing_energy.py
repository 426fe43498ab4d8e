from __future__ import annotations

import numpy as np
import pytest

from oddjet.simulate.missing_energy import missing_transverse_momentum


def test_met_balances_everything_muons_included(particles):
    flow = particles(
        (0, 50.0, 1.0, 0.0, 0, 0, 22),
        (0, 30.0, -2.0, np.pi / 2, 0.1, -1, 13),
        (2, 10.0, 0.0, 1.0, 0, 0, 130),
    )
    pt, phi = missing_transverse_momentum(flow, 3)
    assert pt == pytest.approx([np.hypot(50, 30), 0.0, 10.0])
    assert phi[0] == pytest.approx(np.arctan2(-30, -50))
    assert phi[2] == pytest.approx(1.0 - np.pi)


def test_a_longitudinal_boost_changes_nothing(particles):
    rest = particles((0, 50.0, 0.0, 0.3, 0, 0, 22))
    moving = particles((0, 50.0, 2.0, 0.3, 0, 0, 22))
    assert missing_transverse_momentum(rest, 1) == missing_transverse_momentum(
        moving, 1
    )
