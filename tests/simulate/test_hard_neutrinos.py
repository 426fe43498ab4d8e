"""Events with hard neutrinos: fewer to generate, and the sums that they had."""

from __future__ import annotations

import numpy as np
import pytest

from oddjet.simulate.block import simulate_block
from oddjet.simulate.cards import Card, NeutrinoCut, load_card
from oddjet.simulate.generator import generate_batches

pytest.importorskip("pythia8mc", reason="needs the extra [sim]")

HARD = 40.0


def card(neutrinos, events=400):
    return Card(
        process="bottom",
        description="pairs of bottom quarks",
        met_min_gev=0,
        cross_section=True,
        neutrinos=neutrinos,
        block_events=events,
        pythia=(
            "Beams:eCM = 13000",
            "HardQCD:hardbbbar = on",
            "PhaseSpace:pTHatMin = 100",
            "PartonLevel:MPI = off",
        ),
    )


def hard_share(card, seed):
    """The weighted share of events with hard neutrinos, and its error."""
    share, squares, number = 0.0, 0.0, 0
    for batch in generate_batches(card, met_min_gev=0, seed=seed):
        hard = batch.truth["met_pt"] > HARD
        # Copies of an event fluctuate together.
        each = np.bincount(batch.source[hard], batch.weight[hard], minlength=1)
        share += each.sum()
        squares += (each**2).sum()
        number += batch.num_generated
    return share / number, np.sqrt(squares) / number


def test_sums_over_hard_neutrinos_are_those_of_all_events():
    plain, plain_error = hard_share(card(None, 3000), seed=1)
    cut = NeutrinoCut(pt_min_gev=HARD, decays=40, copies=2)
    kept, kept_error = hard_share(card(cut, 600), seed=2)
    assert 0.001 < plain < 0.1
    assert abs(kept - plain) < 4 * np.hypot(plain_error, kept_error)
    # A fifth of the events, and an error as small.
    assert kept_error < 1.2 * plain_error


def test_every_kept_event_passes_and_knows_its_source():
    cut = NeutrinoCut(pt_min_gev=HARD, decays=30, copies=3)
    batches = list(generate_batches(card(cut, 200), met_min_gev=0, seed=3))
    assert [batch.num_generated for batch in batches] == [100, 100]
    for batch in batches:
        assert (batch.truth["met_pt"] > HARD).all()
        assert batch.generated_weight == pytest.approx(100)
        _, copies = np.unique(batch.source, return_counts=True)
        assert copies.max() <= 3
        assert (batch.weight < 1).all()
        # Nothing that should have decayed is left.
        assert not np.isin(np.abs(batch.final.pdg_id), [511, 521, 531, 5122, 421]).any()


def test_a_fraction_of_the_hard_scale_is_asked_for():
    few = NeutrinoCut(pt_min_gev=5, fraction_min=0.4, decays=20, copies=1)
    (batch,) = generate_batches(card(few, 100), met_min_gev=0, seed=4)
    # pT-hat is at least 100 GeV.
    assert (batch.truth["met_pt"] > 40).all()


def test_copies_share_their_id_and_the_weight_is_the_cross_section():
    cut = NeutrinoCut(pt_min_gev=HARD, decays=40, copies=2)
    events = simulate_block(card(cut, 200), block=0, seed=5, met_min_gev=0, responses=2)
    numbers, copies = np.unique(events.id.event.to_numpy(), return_counts=True)
    assert numbers.max() < 200
    assert set(copies) <= {2, 4}
    assert set(copies) & {4}
    plain = simulate_block(card(None, 200), block=0, seed=5, met_min_gev=0)
    share = events.weight.to_numpy().sum() / plain.weight.to_numpy().sum()
    assert 0.001 < share < 0.1


def test_the_card_of_qcd_has_the_cut():
    cut = load_card("qcd_weighted").neutrinos
    assert cut is not None
    assert cut.pt_min_gev < load_card("qcd_weighted").met_min_gev
