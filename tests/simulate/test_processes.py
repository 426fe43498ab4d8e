"""What is in the events of each process, and around them."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from oddjet.events import Events
from oddjet.runs.errors import UserError
from oddjet.select.control_region import ControlCuts, with_recoil
from oddjet.simulate.block import simulate_block
from oddjet.simulate.cards import load_card
from oddjet.simulate.dijet_resonance import DIJET_RESONANCES, dijet_resonance_card
from oddjet.simulate.generate import simulate
from oddjet.simulate.generator import start_pythia

pytest.importorskip("pythia8mc", reason="needs the extra [sim]")


def block_of(process, *, events=150, met_min_gev=200.0, **options):
    card = load_card(process).model_copy(update={"block_events": events})
    return simulate_block(card, block=0, seed=1, met_min_gev=met_min_gev, **options)


def final_products(process, parents, count=40):
    """Codes of the daughters of the last copies of some particles, one set each."""
    card = load_card(process)
    pythia = start_pythia(card, seed=1, pt_hat_min_gev=100)
    found = []
    for _ in range(count):
        pythia.next()
        for particle in pythia.event:
            if particle.id() in parents and particle.id() != 0:
                daughters = particle.daughterList()
                codes = {abs(pythia.event[d].id()) for d in daughters}
                if not codes & {abs(parent) for parent in parents}:
                    found.append((particle.id(), frozenset(codes)))
    return found


@pytest.mark.parametrize("process", ["zjet_ll", "wjet_lnu", "ttbar_semileptonic"])
def test_the_recoil_decides_where_there_are_leptons(process):
    events = block_of(process, met_min_gev=250.0)
    assert len(events) >= 5
    leptons = events.leptons
    px = events.met.pt * np.cos(events.met.phi) + ak.sum(leptons.px, axis=1)
    py = events.met.pt * np.sin(events.met.phi) + ak.sum(leptons.py, axis=1)
    recoil = np.hypot(px, py)
    assert ak.all(recoil > 249.9)
    assert ak.any(events.met.pt < 200)


def test_z_decays_to_two_leptons_of_its_mass():
    events = block_of("zjet_ll")
    two = Events(events[ak.num(events.leptons) == 2], role="mc").leptons
    assert len(two) > 20
    mass = (two[:, 0] + two[:, 1]).mass
    assert abs(np.median(mass) - 91.2) < 3
    assert ak.all(two.charge[:, 0] * two.charge[:, 1] == -1)
    assert ak.all(two.flavour[:, 0] == two.flavour[:, 1])


def test_without_its_leptons_a_control_event_is_a_monojet():
    events = Events(block_of("zjet_ll"), role="mc")
    left = with_recoil(events.array, ControlCuts(leptons=2))
    codes = np.abs(ak.flatten(left.particles.pdg_id))
    hard = ak.flatten(left.particles.pt) > 30
    before = np.abs(ak.flatten(events.particles.pdg_id))
    assert ak.sum((codes == 13) & hard) < 0.2 * ak.sum(before == 13)
    # What is left balances the recoil: momentum is counted once.
    total = np.hypot(
        ak.sum(left.particles.px, axis=1), ak.sum(left.particles.py, axis=1)
    )
    enough = ak.num(events.leptons) == 2
    assert np.median(np.abs(total - left.met.pt)[enough]) < 5


def test_the_w_goes_to_all_leptons():
    products = final_products("wjet_lnu", {24, -24}, count=60)
    leptons = {code for _, codes in products for code in codes}
    assert leptons == {11, 12, 13, 14, 15, 16}
    assert {boson for boson, _ in products} == {24, -24}


def test_one_top_is_leptonic():
    products = final_products("ttbar_semileptonic", {24, -24}, count=20)
    assert all(max(codes) > 10 for boson, codes in products if boson == 24)
    assert all(max(codes) < 6 for boson, codes in products if boson == -24)


def test_the_diboson_has_one_visible_boson():
    products = final_products("diboson_wz", {23, 24, -24}, count=30)
    assert all(codes <= {12, 14, 16} for boson, codes in products if boson == 23)
    assert all(max(codes) < 6 for boson, codes in products if abs(boson) == 24)


def test_dijets_are_hard_and_balanced():
    events = block_of("qcd_dijet", events=40, met_min_gev=0.0)
    assert len(events) >= 38
    particles = Events(events, role="mc").particles
    assert np.median(ak.sum(particles.pt, axis=1)) > 1400
    assert np.median(events.met.pt) < 100


def test_pileup_adds_soft_particles_and_keeps_the_hard_event():
    alone = block_of("zjet_nunu", events=40)
    busy = block_of("zjet_nunu", events=40, pileup=5.0)
    number = [float(np.mean(ak.num(events.particles))) for events in (alone, busy)]
    assert 200 < number[1] - number[0] < 800
    _, one, other = np.intersect1d(alone.id.event, busy.id.event, return_indices=True)
    assert len(one) > 12
    assert np.median(np.abs(busy.met.pt[other] - alone.met.pt[one])) < 25
    again = block_of("zjet_nunu", events=40, pileup=5.0)
    assert again.to_list() == busy.to_list()


def test_towers_are_neutral_and_their_met_has_no_muons():
    towers = block_of("zjet_ll", towers_only=True)
    assert set(ak.flatten(towers.particles.pdg_id).to_list()) == {22, 130}
    assert ak.all(ak.flatten(towers.particles.charge) == 0)
    assert not ak.any(towers.met.contains_muons)
    muons = towers[ak.all(towers.leptons.flavour == 13, axis=1)]
    assert np.median(muons.met.pt) > 150


@pytest.mark.parametrize("pileup", [-1, 1000, np.nan])
def test_impossible_pileup_is_refused(tmp_path, pileup):
    with pytest.raises(UserError, match=r"pileup must be in \[0, 300\], got"):
        simulate(
            "zjet_nunu",
            num_events=1,
            seed=1,
            path=tmp_path / "a.parquet",
            pileup=pileup,
        )


@pytest.mark.parametrize("process", list(DIJET_RESONANCES))
def test_a_resonance_has_its_mass_and_bosons(process):
    daughters = (400.0, 80.0)
    card = dijet_resonance_card(process, mass_gev=4500.0, daughters_gev=daughters)
    codes = DIJET_RESONANCES[process]
    pythia = start_pythia(card, seed=2)
    parents, bosons = [], {code: [] for code in codes.daughters}
    for _ in range(120):
        pythia.next()
        for particle in pythia.process:
            code = abs(particle.id())
            if code == codes.parent:
                parents.append(particle.m())
            if code in bosons:
                bosons[code].append(particle.m())
                quarks = {abs(pythia.process[i].id()) for i in particle.daughterList()}
                assert quarks <= {1, 2, 3, 4, 5}
    for code, mass in zip(codes.daughters, daughters, strict=True):
        assert len(bosons[code]) >= 118
        assert np.median(bosons[code]) == pytest.approx(mass, abs=0.1)
        assert np.percentile(np.abs(np.array(bosons[code]) - mass), 80) < 1
    width = codes.width * 4500
    assert np.median(parents) == pytest.approx(4500, abs=max(15, width))
    # Half of a Breit-Wigner is within half of its width; partons favour its low side.
    assert 0.2 < np.mean(np.abs(np.array(parents) - 4500) < width / 2) < 0.75
