from __future__ import annotations

import numpy as np
import pytest

from oddjet.simulate.leptons import identified_leptons


class NeverLost:
    """A generator whose uniform numbers pass every efficiency."""

    @staticmethod
    def random(count):
        return np.zeros(count)


MUON = (0, 20.0, 0.0, 3.1, 0.1, -1, 13)


def test_the_cone_wraps_around_in_azimuth(particles):
    near = (0, 2.0, 0.0, -3.1, 0, 0, 22)
    leptons, isolation = identified_leptons(particles(MUON, near), NeverLost())
    assert leptons.pdg_id.tolist() == [13]
    assert isolation == pytest.approx([0.1])


@pytest.mark.parametrize(
    "other",
    [
        (0, 0.4, 0.0, 3.1, 0, 0, 22),  # below 0.5 GeV
        (0, 9.0, 0.6, 3.1, 0, 0, 22),  # outside the cone
        (0, 9.0, 0.1, 3.1, 0, 1, -13),  # a muon itself
        (1, 9.0, 0.0, 3.1, 0, 0, 22),  # of another event
    ],
)
def test_what_does_not_count_for_isolation(particles, other):
    _, isolation = identified_leptons(particles(MUON, other), NeverLost())
    assert isolation[0] == 0.0


def test_electrons_must_be_more_isolated_than_muons(particles):
    electron = (1, 20.0, 0.0, 3.1, 0.0, 1, -11)
    activity = [(event, 4.0, 0.1, 3.1, 0, 0, 22) for event in (0, 1)]
    flow = particles(MUON, activity[0], electron, activity[1])
    leptons, isolation = identified_leptons(flow, NeverLost())
    assert leptons.pdg_id.tolist() == [13]
    assert isolation == pytest.approx([0.2])


def test_soft_leptons_are_not_identified(particles):
    soft = (0, 9.9, 0.0, 0.0, 0.1, 1, -13)
    assert len(identified_leptons(particles(soft), NeverLost())[0]) == 0


@pytest.mark.parametrize(("eta", "efficiency"), [(1.0, 0.95), (2.0, 0.85), (2.6, 0.0)])
def test_efficiency_is_that_of_the_card(particles, eta, efficiency):
    rows = [(event, 20.0, eta, 0.0, 0.1, 1, -13) for event in range(5_000)]
    leptons, _ = identified_leptons(particles(*rows), np.random.default_rng(1))
    assert len(leptons) / 5_000 == pytest.approx(efficiency, abs=0.02)


def test_no_leptons(particles):
    leptons, isolation = identified_leptons(
        particles((0, 50.0, 0, 0, 0, 0, 22)), np.random.default_rng(1)
    )
    assert len(leptons) == len(isolation) == 0
