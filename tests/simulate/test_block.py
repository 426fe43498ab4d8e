from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from oddjet.events import Events
from oddjet.simulate.block import simulate_block
from oddjet.simulate.cards import load_card

pytest.importorskip("pythia8mc", reason="needs the extra [sim]")


def block_of(process="zjet_nunu", *, block=0, seed=1, events=150, **options):
    card = load_card(process).model_copy(update={"block_events": events})
    return simulate_block(card, block=block, seed=seed, met_min_gev=200.0, **options)


@pytest.fixture(scope="module")
def events():
    return block_of()


def test_only_events_above_the_cut_are_kept(events):
    assert 40 < len(events) < 140
    assert ak.all(events.met.pt > 200)
    # The energy flow of an event is still its own.
    flow = Events(events, role="mc").particles
    sums = np.hypot(ak.sum(flow.px, axis=1), ak.sum(flow.py, axis=1))
    assert sums.to_numpy() == pytest.approx(events.met.pt.to_numpy(), rel=1e-4)


def test_measured_met_follows_true_met(events):
    difference = events.met.pt - events.truth.met_pt
    assert abs(np.median(difference)) < 10
    assert np.std(difference) < 30


def test_events_are_numbered_once(events):
    ids = events.id
    assert ak.all(ids.lumi == 0)
    assert len(set(ids.run.to_list())) == 1
    assert (np.diff(ids.event.to_numpy()) > 0).all()


def test_a_block_ends_early_with_its_first_events(events):
    early = block_of(enough=10)
    assert 10 <= len(early) < len(events)
    assert early.to_list() == events[: len(early)].to_list()


def test_a_cancelled_block_stops_after_a_batch(events):
    assert len(block_of(cancelled=lambda: True)) < len(events)


def test_seed_block_and_process_change_everything(events):
    for other in (block_of(block=1, events=30), block_of(seed=2, events=30)):
        assert not set(other.met.pt.to_list()) & set(events.met.pt.to_list())
    signal = block_of("svj_monojet", events=50)
    assert set(signal.truth.process.to_list()) == {"svj_monojet"}
    assert set(signal.id.run.to_list()) != set(events.id.run.to_list())
    assert str(signal.type.content) == str(events.type.content)
