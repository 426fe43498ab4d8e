from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from oddjet.simulate import detector
from oddjet.simulate.detector import energy_flow
from oddjet.simulate.particles import is_invisible
from oddjet.simulate.towers import ECAL, HCAL
from oddjet.simulate.tracks import track_efficiency, track_resolution


def random_numbers():
    return np.random.Generator(np.random.Philox(key=7))


def test_dark_hadrons_and_neutrinos_leave_nothing(particles):
    rows = [(0, 500.0, 0.0, 0.0, 5.0, 0, c) for c in (4900111, 4900213, 12, -16, 51)]
    assert len(energy_flow(particles(*rows), random_numbers())) == 0


def test_no_particles(particles):
    assert len(energy_flow(particles(), random_numbers())) == 0


def test_what_is_measured_is_named_after_its_detector(particles):
    rows = [
        (0, 50.0, 0.3, 0.0, 0.494, -1, -321),
        (0, 40.0, 0.3, 1.0, 0.0, 0, 22),
        (0, 30.0, 0.3, 2.0, 0.498, 0, 130),
        (0, 20.0, 0.3, 3.0, 0.106, 1, -13),
        # Beyond the tracker a charged hadron is a tower, and a muon is lost.
        (1, 20.0, 3.0, 0.0, 0.140, 1, 211),
        (1, 20.0, 3.0, 1.0, 0.106, 1, -13),
    ]
    flow = energy_flow(particles(*rows), np.random.default_rng(1))
    assert flow.event.tolist() == [0, 0, 0, 0, 1]
    assert flow.pdg_id.tolist() == [-211, 22, 130, -13, 130]
    assert flow.charge.tolist() == [-1, 0, 0, 1, 0]
    assert flow.mass == pytest.approx([0.13957, 0, 0, 0.106, 0])


def test_a_stable_kaon_is_shared_by_both_calorimeters(particles):
    flow = energy_flow(particles((0, 100.0, 0.3, 0.0, 0.5, 0, 310)), random_numbers())
    by_code = dict(zip(flow.pdg_id.tolist(), flow.pt.tolist(), strict=True))
    assert by_code[22] == pytest.approx(30, rel=0.1)
    assert by_code[130] == pytest.approx(70, rel=0.4)


def test_the_same_random_numbers_give_the_same_measurement(zjet_batch):
    first = energy_flow(zjet_batch.final, random_numbers())
    second = energy_flow(zjet_batch.final, random_numbers())
    assert (first.pt == second.pt).all()
    assert (first.phi == second.phi).all()


def test_events_do_not_see_each_other(particles):
    """Two events in one call give what each gives alone, up to the random draws."""
    row = (50.0, 0.3, 0.0, 0.498, 0, 130)
    both = energy_flow(particles((0, *row), (1, *row)), random_numbers())
    assert both.event.tolist() == [0, 1]
    assert both.pt == pytest.approx([50.0, 50.0], rel=0.5)


@pytest.mark.parametrize("process", ["zjet", "svj"])
def test_response_and_met_resolution_are_those_of_the_card(
    request, monkeypatch, process, card_expectation
):
    """Against the closed form on the same particles, all with the same tracks."""
    batch = request.getfixturevalue(f"{process}_batch")
    final, num_events = batch.final, batch.num_events
    visible = final[~is_invisible(final.pdg_id)]
    true_px, true_py = visible.momentum_sum(num_events)
    random = random_numbers()
    charged = visible[visible.charge != 0]
    tracked = charged[random.random(len(charged)) < track_efficiency(charged)]
    resolution = track_resolution(tracked)
    expected = card_expectation.expected_visible(
        visible,
        tracked,
        resolution,
        calorimeters=(ECAL, HCAL),
        num_events=num_events,
    )

    def smeared_tracks(_, random):
        noise = 1 + resolution * random.standard_normal(len(tracked))
        return replace(tracked, pt=tracked.pt * np.abs(noise)), resolution

    monkeypatch.setattr(detector, "find_tracks", smeared_tracks)
    measured = [energy_flow(final, random) for _ in range(10)]
    sums = np.array([flow.momentum_sum(num_events) for flow in measured])
    error = sums - np.array([true_px, true_py])
    bias = np.array([expected.px - true_px, expected.py - true_py])
    variance = np.array([expected.variance_px, expected.variance_py])
    expected_width = np.sqrt(np.mean(bias**2 + variance))
    assert np.sqrt(np.mean(error**2)) == pytest.approx(expected_width, rel=0.2)
    sum_pt = np.mean([flow.pt.sum() for flow in measured])
    assert sum_pt == pytest.approx(expected.sum_pt.sum(), rel=0.02)
    # Some energy stays below thresholds; the rest is measured.
    inside = visible[np.abs(visible.eta) < 4.9]
    assert 0.93 < sum_pt / inside.pt.sum() < 1.0
