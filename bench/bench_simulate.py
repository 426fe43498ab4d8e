"""How fast events above a MET cut are simulated, and what the early veto gains.

One core, CPU time. The baseline is what one would write first: generate everything
with pTHat > 200 GeV, measure it, keep what passes. Losses, r_inv, response and
distributions are measured by check_simulation.py.
"""

from __future__ import annotations

import time

import awkward as ak
import numpy as np
import pytest

from oddjet.simulate.block import simulate_block
from oddjet.simulate.cards import load_card
from oddjet.simulate.detector import energy_flow
from oddjet.simulate.generator import generate_batches

pytestmark = pytest.mark.benchmark(timer=time.process_time)

MET_MIN_GEV = 250.0
EVENTS = 300


def cards():
    """Cards by name, each of a block of EVENTS generated events."""
    zjet = load_card("zjet_nunu").model_copy(update={"block_events": EVENTS})
    pt_hat_200 = "PhaseSpace:pTHatMin = 200"
    naive = zjet.model_copy(
        update={"recoil": None, "pythia": (*zjet.pythia, pt_hat_200)}
    )
    signal = load_card("svj_monojet").model_copy(update={"block_events": EVENTS})
    return {"zjet": zjet, "zjet without veto": naive, "svj": signal}


@pytest.mark.parametrize("name", ["zjet", "zjet without veto", "svj"])
def bench_block(benchmark, name):
    card = cards()[name]
    blocks, written = iter(range(100)), []

    def one_block():
        block = next(blocks)
        events = simulate_block(card, block=block, seed=1, met_min_gev=MET_MIN_GEV)
        written.append(len(events))
        return events

    events = one_block()
    assert ak.all(events.met.pt > MET_MIN_GEV)
    assert np.std(events.met.pt - events.truth.met_pt) < 30
    written.clear()
    benchmark.pedantic(one_block, rounds=5, iterations=1)
    benchmark.extra_info["generated"] = EVENTS * len(written)
    benchmark.extra_info["written"] = sum(written)
    if benchmark.stats is not None:  # --benchmark-disable
        milliseconds = 1000 * benchmark.stats.stats.total
        benchmark.extra_info["ms_per_written"] = milliseconds / sum(written)


def bench_detector(benchmark):
    batch = next(generate_batches(cards()["zjet"], met_min_gev=MET_MIN_GEV, seed=1))
    flow = benchmark(energy_flow, batch.final, np.random.default_rng(1))
    assert flow.event[-1] == batch.num_events - 1
    benchmark.extra_info["events"] = batch.num_events
