from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oddjet.simulate.calorimetry import hit_towers, measure
from oddjet.simulate.particles import Particles
from oddjet.simulate.towers import ECAL, HCAL
from oddjet.simulate.tracks import track_resolution

CALORIMETERS = {"ECAL": ECAL, "HCAL": HCAL}
CODES = (11, 13, 22, 111, 130, 211, 310, 2112, 3122)
CHARGED = {11, 13, 211}


def rows_to_particles(rows):
    columns = list(zip(*rows, strict=True)) or [()] * 7
    kinds = [np.int64, *[np.float64] * 4, np.int8, np.int32]
    return Particles(*(np.array(c, k) for c, k in zip(columns, kinds, strict=True)))


@st.composite
def events(draw):
    """Particles in a narrow cone, so that towers are shared; tracks of some."""
    centre = draw(st.integers(-380, 380))
    near = st.integers(-10, 10)
    rows, tracked = [], []
    for _ in range(draw(st.integers(0, 12))):
        code = draw(st.sampled_from(CODES))
        pt = draw(st.floats(0.2, 200))
        # Never on the edge of a tower, where rounding decides.
        eta = 0.0037 + 0.013 * (centre + draw(near))
        phi = 0.0041 + 0.013 * draw(near)
        charge = int(code in CHARGED)
        rows.append((0, pt, eta, phi, 0.1, charge, code))
        tracked.append(bool(charge) and abs(eta) < 2.5 and draw(st.booleans()))
    particles = rows_to_particles(rows)
    return particles, particles[np.array(tracked, dtype=bool)]


def table(particles, *more):
    """List the rows that the definition wants."""
    columns = (particles.energy, particles.eta, particles.phi, particles.pdg_id, *more)
    return list(zip(*columns, strict=True))


@pytest.mark.parametrize("name", ["ECAL", "HCAL"])
@settings(max_examples=40)
@given(event=events(), key=st.integers(0, 100))
def test_it_does_what_delphes_does(name, delphes_definition, event, key):
    particles, tracks = event
    resolution = track_resolution(tracks)
    scaled, neutrals = measure(
        CALORIMETERS[name], particles, tracks, resolution, np.random.default_rng(key)
    )
    factors, expected = delphes_definition.measure(
        name,
        table(particles),
        table(tracks, resolution * tracks.energy),
        np.random.default_rng(key),
    )
    assert scaled.pt == pytest.approx(tracks.pt * factors)
    assert neutrals.pt == pytest.approx([pt for pt, _, _ in expected])
    assert neutrals.eta == pytest.approx([eta for _, eta, _ in expected], abs=1e-9)
    assert neutrals.phi == pytest.approx([phi for _, _, phi in expected], abs=1e-9)


@pytest.mark.parametrize("calorimeter", [ECAL, HCAL])
def test_towers_conserve_the_energy_of_what_hits_them(calorimeter):
    random = np.random.default_rng(5)
    rows = zip(
        np.sort(random.integers(0, 3, 500)),
        random.exponential(5.0, 500),
        random.uniform(-4.85, 4.85, 500),
        random.uniform(-np.pi, np.pi, 500),
        [0.5] * 500,
        [0] * 500,
        random.choice(CODES, 500),
        strict=True,
    )
    particles = rows_to_particles(rows)
    towers = hit_towers(calorimeter, particles, particles[:0])
    deposits = particles.energy * calorimeter.fraction(particles.pdg_id)
    for event in range(3):
        inside = towers.energy[towers.event == event].sum()
        assert inside == pytest.approx(deposits[particles.event == event].sum())
    places = towers.event * calorimeter.first_tower[-1] + towers.tower
    assert (np.diff(places) > 0).all()


def test_both_calorimeters_share_all_energy_but_the_muons(particles):
    rows = [(0, 10.0, 0.1 * i, 0.5, 0.1, 0, code) for i, code in enumerate(CODES)]
    everything = particles(*rows)
    shared = sum(
        hit_towers(calorimeter, everything, everything[:0]).energy.sum()
        for calorimeter in (ECAL, HCAL)
    )
    muon = everything.energy[everything.pdg_id == 13].sum()
    assert shared == pytest.approx(everything.energy.sum() - muon)


def test_outside_the_acceptance_energy_is_lost(particles):
    far = particles((0, 1.0, 5.1, 0, 0, 0, 22), (0, 1.0, -4.95, 0, 0, 0, 130))
    assert hit_towers(ECAL, far, far[:0]).energy.tolist() == []
    assert hit_towers(HCAL, far, far[:0]).energy.tolist() == []


def test_tracks_find_their_tower(particles):
    rows = [(0, 5.0, 0.31, 2.0, 0.1, 1, 211), (1, 5.0, 0.31, 2.0, 0.1, 1, 211)]
    both = particles(*rows, (1, 5.0, 0.31, 2.0, 0.1, -1, 13))
    towers = hit_towers(HCAL, both, both)
    assert towers.event.tolist() == [0, 1]
    assert towers.of_track.tolist() == [0, 1, -1]


def test_a_track_of_high_pt_is_corrected_by_its_tower(particles):
    """At 1 TeV and eta 2 a track knows nothing: the calorimeter decides."""
    true = particles((0, 1000.0, 2.0, 0.0, 0.14, 1, 211))
    measured = particles((0, 2000.0, 2.0, 0.0, 0.14, 1, 211))
    random = np.random.default_rng(1)
    scaled, neutrals = measure(HCAL, true, measured, np.array([1.0]), random)
    assert scaled.pt == pytest.approx([1000.0], rel=0.2)
    assert len(neutrals) == 0


def test_neutral_energy_beside_a_track_is_found(particles):
    both = particles(
        (0, 20.0, 0.5, 0.0, 0.14, 1, 211), (0, 80.0, 0.5, 0.0, 0.5, 0, 130)
    )
    random = np.random.default_rng(1)
    scaled, neutrals = measure(
        HCAL, both, both[np.array([0])], np.array([0.06]), random
    )
    assert scaled.pt.tolist() == [20.0]
    assert neutrals.pt == pytest.approx([80.0], rel=0.2)


def test_a_soft_neutral_hadron_stays_below_threshold(particles):
    soft = particles(*[(i, 1.0, 0.5, 0.0, 0.5, 0, 130) for i in range(1000)])
    _, neutrals = measure(HCAL, soft, soft[:0], np.zeros(0), np.random.default_rng(1))
    assert len(neutrals) < 100
    assert neutrals.energy.min() > 3
