"""Measure what the simulation claims: `python bench/check_simulation.py COMMAND`.

CPU seconds of one core throughout, so that a busy machine gives the same numbers.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
from pathlib import Path

import click
import numpy as np

from oddjet.events import Events
from oddjet.runs.errors import require
from oddjet.select.monojet import select_monojet
from oddjet.simulate.block import simulate_block
from oddjet.simulate.cards import load_card, process_names
from oddjet.simulate.detector import energy_flow
from oddjet.simulate.event_record import ChargeTable, flatten
from oddjet.simulate.generator import generate_batches, start_pythia
from oddjet.simulate.missing_energy import missing_transverse_momentum
from oddjet.simulate.particles import is_invisible
from oddjet.simulate.recoil_veto import boson_pt
from oddjet.simulate.towers import ECAL, HCAL
from oddjet.simulate.tracks import track_efficiency, track_resolution

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "simulate"))
from card_expectation import expected_visible
from reference_jets import jets_of_events, jets_of_reference

SEED = 1


@click.group()
def check():
    """Measure rates, losses, r_inv, response and distributions."""


@check.command()
@click.option("-n", "--events", default=1000, help="generated events per process")
def rates(events):
    """CPU time of events, written ones and those in region IM1."""
    print(f"{'process':12} {'MET >':>6} {'ms/gen':>7} {'ms/written':>10} {'ms/IM1':>7}")
    for process in process_names():
        for met_min in (200.0, 250.0):
            card = load_card(process).model_copy(update={"block_events": events})
            start = time.process_time()
            block = simulate_block(card, block=0, seed=SEED, met_min_gev=met_min)
            spent = 1000 * (time.process_time() - start)
            passing = select_monojet(Events(block, role="mc")).mask.sum()
            print(
                f"{process:12} {met_min:6.0f} {spent / events:7.2f}"
                f" {spent / len(block):10.2f} {spent / passing:7.2f}"
            )


@check.command("r-inv")
@click.option("-n", "--hadrons", default=20_000, help="dark hadrons at least")
def r_inv(hadrons):
    """Fraction of the dark hadrons, and of their energy, that stays invisible."""
    names = ("dark_hadrons", "invisible_dark_hadrons", "dark_energy")
    sums = dict.fromkeys((*names, "invisible_dark_energy"), 0.0)
    card = load_card("svj_monojet")
    for batch in _endless_batches(card):
        for name in sums:
            sums[name] += float(batch.truth[name].sum())
        if sums["dark_hadrons"] >= hadrons:
            break
    by_number = sums["invisible_dark_hadrons"] / sums["dark_hadrons"]
    by_energy = sums["invisible_dark_energy"] / sums["dark_energy"]
    error = np.sqrt(by_number * (1 - by_number) / sums["dark_hadrons"])
    print(f"dark hadrons counted      {sums['dark_hadrons']:.0f}")
    print(f"r_inv, by number          {by_number:.4f} +- {error:.4f}")
    print(f"r_inv, by energy          {by_energy:.4f}")
    sys.exit(abs(by_number - 0.75) > 0.01)


def _endless_batches(card):
    for seed in itertools.count(SEED):
        yield from generate_batches(card, met_min_gev=card.met_min_gev, seed=seed)


@check.command()
@click.option("-n", "--events", default=8000, help="events, one by one: 10 ms each")
def loss(events):
    """Events above a MET cut that the generator cuts would have lost."""
    card = load_card("zjet_nunu")
    found = _events_with_loose_cuts(card, events)
    print("share of the events above the MET cut that each generator cut loses")
    print(f"{'MET >':>6} {'events':>7} {'pTHat':>7} {'boson':>7} {'either':>7} +-")
    for cut in (200.0, 250.0):
        met, pt_hat, boson = found[found[:, 0] > cut].T
        too_soft = pt_hat < cut - card.recoil.pt_hat_margin_gev
        vetoed = boson < cut - card.recoil.boson_pt_margin_gev
        either = np.mean(too_soft | vetoed)
        print(
            f"{cut:6.0f} {len(met):7d} {np.mean(too_soft):7.4f} {np.mean(vetoed):7.4f}"
            f" {either:7.4f} {np.sqrt(either / len(met)):.4f}"
        )


def _events_with_loose_cuts(card, events):
    """Find (MET, pTHat, boson pt at the veto's scale) of events far below the cuts."""
    pythia8 = require("pythia8mc", extra="sim")

    class Observer(pythia8.UserHooks):
        """Vetoes much softer bosons only, and remembers the last one it saw."""

        def __init__(self):
            pythia8.UserHooks.__init__(self)

        def canVetoPT(self):
            return True

        def scaleVetoPT(self):
            return card.recoil.veto_scale_gev

        def doVetoPT(self, position, event):
            seen = boson_pt(event, card.recoil.boson_pdg_id)
            # Position 5 is the decay of the boson, after all other emissions.
            self.boson_pt = seen if position < 5 else self.boson_pt
            return seen < card.met_min_gev - 70

    observer = Observer()
    pythia = start_pythia(card, seed=SEED, pt_hat_min_gev=80, hook=observer)
    charges, random = ChargeTable(pythia), np.random.default_rng(SEED)
    found = []
    for _ in range(events):
        record = pythia.nextBatch(1)
        flow = energy_flow(flatten(record, charges).final, random)
        met, _ = missing_transverse_momentum(flow, 1)
        found.append([met[0], np.sqrt(record.info.pT2Hat[0]), observer.boson_pt])
    return np.array(found)


@check.command()
@click.option("-n", "--events", default=1000, help="generated events per process")
def response(events):
    """Response and MET resolution, beside what the card implies in closed form."""
    for process in process_names():
        card = load_card(process).model_copy(update={"block_events": events})
        random = np.random.default_rng(SEED)
        batches = generate_batches(card, met_min_gev=250.0, seed=SEED)
        parts = [_measured_and_expected(batch.final, random) for batch in batches]
        sums, error, expected = (
            np.concatenate(part) for part in zip(*parts, strict=True)
        )
        print(f"\n{process}: sum pT measured / true (|eta| < 4.9), expected / true")
        true, measured, implied = sums.sum(axis=0)
        print(f"  {measured / true:.4f} {implied / true:.4f}")
        print("MET residual per component [GeV], by true sum pT: measured, card, ratio")
        edges = [0, 200, 300, 400, 500, 700, 1000, 10_000]
        for low, high in (*itertools.pairwise(edges), (0, 10_000)):
            inside = (sums[:, 0] >= low) & (sums[:, 0] < high)
            if inside.sum() > 20:
                width, card_width = (
                    np.sqrt(np.mean(x[inside])) for x in (error**2, expected)
                )
                print(
                    f"  {low:5d}-{high:<6d} {inside.sum():6d} events {width:7.2f}"
                    f" {card_width:7.2f} {width / card_width:6.3f}"
                )


def _measured_and_expected(final, random):
    """Sums of pt, residuals of MET and their expected squares, of every event."""
    num_events = int(final.event[-1]) + 1
    flow = energy_flow(final, random)
    visible = final[~is_invisible(final.pdg_id)]
    charged = visible[visible.charge != 0]
    # Tracks of another draw: the comparison is one of averages.
    tracks = charged[random.random(len(charged)) < track_efficiency(charged)]
    expected = expected_visible(
        visible,
        tracks,
        track_resolution(tracks),
        calorimeters=(ECAL, HCAL),
        num_events=num_events,
    )
    true = np.array(visible.momentum_sum(num_events))
    bias = np.array([expected.px, expected.py]) - true
    variance = np.array([expected.variance_px, expected.variance_py])
    inside = visible[np.abs(visible.eta) < 4.9]
    sums = [np.bincount(part.event, part.pt, num_events) for part in (inside, flow)]
    error = np.array(flow.momentum_sum(num_events)) - true
    return np.transpose([*sums, expected.sum_pt]), error.T, (bias**2 + variance).T


@check.command()
@click.option("-n", "--events", default=3000, help="generated events per process")
@click.option("--pt-hat-min", type=float, help="generate with this cut [GeV]")
def compare(events, pt_hat_min):
    """Leading fat jets beside an independent chain ($ODDJET_TEST_DATA/monojet)."""
    folder = Path(os.environ["ODDJET_TEST_DATA"]) / "monojet"
    for process, name in (("zjet_nunu", "zjet"), ("svj_monojet", "svj")):
        card = load_card(process).model_copy(update={"block_events": events})
        if pt_hat_min is not None and card.recoil is not None:
            margin = {"pt_hat_margin_gev": 250 - pt_hat_min}
            card = card.model_copy(
                update={"recoil": card.recoil.model_copy(update=margin)}
            )
        block = simulate_block(card, block=0, seed=SEED, met_min_gev=250.0)
        ours = jets_of_events(Events(block, role="mc"))
        theirs = jets_of_reference(folder / f"{name}.npz")
        _print_comparison(process, ours, theirs)


def _print_comparison(process, ours, theirs):
    count = len(next(iter(ours.values())))
    print(f"\n{process}: {count} jets; mean and quantiles 5, 25, 50, 75, 95 %")
    for name, values in ours.items():
        error = values.std() / np.sqrt(count)
        for chain, sample in (("oddjet", values), ("reference", theirs[name])):
            quantiles = np.quantile(sample, [0.05, 0.25, 0.5, 0.75, 0.95])
            shown = " ".join(f"{quantile:8.4g}" for quantile in quantiles)
            pull = f" +- {error:.2g}" if chain == "oddjet" else ""
            print(f"  {name:20} {chain:10} {sample.mean():8.4g}  {shown}{pull}")


if __name__ == "__main__":
    check()
