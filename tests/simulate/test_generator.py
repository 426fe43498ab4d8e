from __future__ import annotations

import sys

import numpy as np
import pytest

from oddjet.runs.errors import MissingExtra, UserError
from oddjet.simulate.cards import load_card
from oddjet.simulate.generator import generate_batches, start_pythia
from oddjet.simulate.particles import is_dark, is_invisible


def neutrino_pt(batch):
    """Transverse momentum of the Z boson, from the two hardest neutrinos."""
    code = np.abs(batch.final.pdg_id)
    neutrinos = batch.final[np.isin(code, (12, 14, 16))].hardest_first()
    first = np.searchsorted(neutrinos.event, np.arange(batch.num_events))
    return np.hypot(*neutrinos[np.sort([*first, *(first + 1)])].momentum_sum(100))


def test_momentum_is_conserved(zjet_batch):
    px, py = zjet_batch.final.momentum_sum(zjet_batch.num_events)
    assert np.abs([px, py]).max() < 1e-3
    energy = np.bincount(zjet_batch.final.event, zjet_batch.final.energy)
    assert energy == pytest.approx(13000, rel=1e-6)


def test_charge_is_conserved(zjet_batch):
    charge = np.bincount(zjet_batch.final.event, zjet_batch.final.charge)
    assert (charge == 2).all()  # two protons


def test_soft_bosons_are_vetoed(zjet_batch):
    """The veto is asked at all: its Python half must stay alive."""
    pt = neutrino_pt(zjet_batch)
    # 20 GeV below the MET cut, less what soft emissions and primordial kt give.
    assert np.mean(pt > 170) > 0.97
    assert np.median(pt) > 200


def test_kaons_and_lambdas_reach_the_detector(zjet_batch):
    codes = set(np.abs(zjet_batch.final.pdg_id).tolist())
    assert {130, 310, 3122, 211, 22} <= codes
    assert not {111, 113, 221} & codes  # short-lived


def test_dark_hadrons_are_counted(svj_batch):
    truth, final = svj_batch.truth, svj_batch.final
    stable = np.bincount(final.event[is_dark(final.pdg_id)], minlength=100)
    assert (truth["invisible_dark_hadrons"] == stable).all()
    assert (truth["invisible_dark_energy"] <= truth["dark_energy"]).all()
    # 1,000 hadrons of a hundred events: five sigma of a binomial number.
    count = truth["dark_hadrons"].sum()
    fraction = truth["invisible_dark_hadrons"].sum() / count
    assert count > 1000
    assert fraction == pytest.approx(0.75, abs=5 * np.sqrt(0.75 * 0.25 / count))


def test_true_met_is_what_is_invisible(svj_batch):
    invisible = svj_batch.final[is_invisible(svj_batch.final.pdg_id)]
    px, py = invisible.momentum_sum(svj_batch.num_events)
    assert svj_batch.truth["met_pt"] == pytest.approx(np.hypot(px, py), rel=1e-5)


def test_a_background_has_no_dark_hadrons(zjet_batch):
    assert not zjet_batch.truth["dark_hadrons"].any()


def test_a_wrong_setting_is_named():
    pytest.importorskip("pythia8mc", reason="needs the extra [sim]")
    card = load_card("zjet_nunu")
    wrong = card.model_copy(update={"pythia": (*card.pythia, "HiddenValley:Scale = 5")})
    with pytest.raises(UserError, match="refuses the setting 'HiddenValley:Scale = 5'"):
        start_pythia(wrong, seed=1)


def test_without_pythia_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pythia8mc", None)
    batches = generate_batches(load_card("zjet_nunu"), met_min_gev=200.0, seed=1)
    with pytest.raises(MissingExtra, match=r"needs pythia8mc.*oddjet\[sim\]"):
        next(batches)
