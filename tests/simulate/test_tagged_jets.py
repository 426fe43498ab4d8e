"""Jets of simulated events: clustered as anywhere, tagged by the hadrons in them."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from oddjet.events import Events
from oddjet.jets import cluster
from oddjet.runs.errors import UserError
from oddjet.select.btagging import tag_efficiency
from oddjet.select.dihiggs import MIN_DELTA_R_PAIRING, TRUE_PAIRING, select_dihiggs
from oddjet.simulate.block import simulate_block
from oddjet.simulate.cards import load_card
from oddjet.simulate.higgs_pair import higgs_pair_card
from oddjet.simulate.higgs_truth import QUARK_COLUMNS
from oddjet.simulate.particles import Particles, is_heavy_hadron
from oddjet.simulate.tagged_jets import has_jets, tagged_jets

B_PLUS, D_ZERO, LAMBDA_B, PION, B_STRANGE_STAR = 521, 421, 5122, 211, 533


def particles_of(rows):
    """Rows of (event, pt, eta, phi, pdg_id)."""
    event, pt, eta, phi, code = np.array(rows, float).T
    size = len(event)
    return Particles(
        event=event.astype(np.int64), pt=pt, eta=eta, phi=phi, mass=np.zeros(size),
        charge=np.zeros(size, np.int8), pdg_id=code.astype(np.int32),
    )  # fmt: skip


def test_a_jet_has_the_flavour_of_its_heaviest_hadron():
    flow = particles_of(
        [
            (0, 100, 0.0, 0.0, PION), (0, 80, 1.0, 2.0, PION),
            (0, 60, -1.0, -2.0, PION), (0, 40, 0.0, 3.1, PION),
            (2, 50, 0.0, 0.0, PION),
        ]
    )  # fmt: skip
    hadrons = particles_of(
        [
            (0, 30, 0.1, 0.1, D_ZERO), (0, 20, -0.2, 0.0, LAMBDA_B),  # both: bottom
            (0, 30, 1.3, 2.2, D_ZERO), (0, 30, -1.0, -1.5, B_PLUS),  # 0.36, 0.5 away
            (0, 4, 0.0, 3.1, B_PLUS),  # too soft
            (2, 30, 0.2, 0.1, B_STRANGE_STAR),
        ]
    )  # fmt: skip
    jets = tagged_jets(flow, hadrons, 3)
    assert ak.num(jets).tolist() == [4, 0, 1]
    wanted = tag_efficiency([100, 80, 60, 40, 50], [5, 4, 0, 0, 5])
    found = ak.to_numpy(ak.flatten(jets.tag_efficiency))
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert set(jets.fields) == {"pt", "eta", "phi", "mass", "tag_efficiency"}


def test_heavy_hadrons_by_code():
    heavy = [B_PLUS, -B_PLUS, D_ZERO, LAMBDA_B, B_STRANGE_STAR, 443, 553, 4122]
    light = [5, 4, 21, 25, 35, PION, 2212, 3122, 4900211, 1000010020]
    assert is_heavy_hadron(np.array(heavy)).all()
    assert not is_heavy_hadron(np.array(light)).any()


@pytest.fixture(scope="module")
def higgs_pairs():
    pytest.importorskip("pythia8mc", reason="needs the extra [sim]")
    card = load_card("higgs_pair_500").model_copy(update={"block_events": 60})
    return simulate_block(card, block=0, seed=1, met_min_gev=0)


def test_four_jets_of_a_pair_are_b_jets(higgs_pairs):
    jets = higgs_pairs.jets
    clustered = cluster(
        higgs_pairs.particles, algorithm="antikt", radius=0.4, pt_min_gev=20
    )
    np.testing.assert_allclose(
        ak.to_numpy(ak.flatten(jets.pt)), ak.to_numpy(ak.flatten(clustered.pt)),
        rtol=1e-4,
    )  # fmt: skip
    # Most b quarks of a Higgs boson give a jet in the acceptance.
    assert 2.2 < np.mean(ak.sum(jets.tag_efficiency > 0.3, axis=1)) < 4
    assert "flavour" not in jets.fields


def test_the_pair_has_the_mass_of_the_card(higgs_pairs):
    tagged = higgs_pairs.jets[higgs_pairs.jets.tag_efficiency > 0.3]
    four = tagged[ak.num(tagged) >= 4][:, :4]
    total = four[:, 0].add(four[:, 1]).add(four[:, 2]).add(four[:, 3])
    assert len(four) > 10
    # Neutrinos of b decays, and what leaves the cones, are missing.
    assert 400 < np.median(total.mass) < 520


def test_cards_of_other_masses_and_processes():
    card = higgs_pair_card(1000)
    assert card.pythia[-3:] == ("35:m0 = 1000", "35:mMin = 900", "35:mMax = 1100")
    assert card.tagged_jets
    assert "H (1000 GeV)" in card.description
    assert load_card("multib_weighted").tagged_jets
    assert not load_card("zjet_nunu").tagged_jets
    with pytest.raises(UserError, match="must be 260 to 5000 GeV, got 200"):
        higgs_pair_card(200)


def test_events_with_fewer_hard_jets_are_left_out():
    jets = ak.Array(
        [
            [{"pt": 50.0, "eta": 2.4}, {"pt": 41.0, "eta": -2.4}],
            [{"pt": 50.0, "eta": 2.6}, {"pt": 41.0, "eta": 0.0}],
            [{"pt": 50.0, "eta": 0.0}, {"pt": 40.0, "eta": 0.0}],
            [],
        ]
    )
    assert has_jets(jets, 2).tolist() == [True, False, False, False]
    assert has_jets(jets, 0).all()


def test_the_quarks_of_both_bosons_are_the_truth(higgs_pairs):
    truth = higgs_pairs.truth
    assert set(QUARK_COLUMNS) <= set(truth.fields)
    columns = np.stack([ak.to_numpy(truth[name]) for name in QUARK_COLUMNS])
    assert np.isfinite(columns).all()
    # Two quarks of one boson of 125 GeV whose pT is 200 GeV lie one radian apart.
    eta, phi = columns[::2], columns[1::2]
    turn = np.abs((phi[::2] - phi[1::2] + np.pi) % (2 * np.pi) - np.pi)
    close = np.hypot(eta[::2] - eta[1::2], turn)
    apart = np.hypot(eta[0] - eta[2], (phi[0] - phi[2] + np.pi) % (2 * np.pi) - np.pi)
    assert np.median(close) < 1.8 < np.median(apart)
    four = higgs_pairs.jets[ak.num(higgs_pairs.jets) >= 4]
    found = select_dihiggs(Events(higgs_pairs, role="mc"))
    known = found.variables[TRUE_PAIRING] >= 0
    assert len(four) > 10
    assert known.mean() > 0.3
    # min-dR finds it more often than one in three.
    right = found.variables[MIN_DELTA_R_PAIRING] == found.variables[TRUE_PAIRING]
    assert right[known].mean() > 0.4
