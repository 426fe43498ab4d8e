"""One block of events: generated, measured, selected."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet.runs.seeds import derive_seed
from oddjet.simulate.cards import Card
from oddjet.simulate.detector import calorimeter_towers, energy_flow
from oddjet.simulate.event_record import Generated
from oddjet.simulate.generator import generate_batches
from oddjet.simulate.leptons import identified_leptons
from oddjet.simulate.missing_energy import missing_transverse_momentum
from oddjet.simulate.particles import MUON, Particles
from oddjet.simulate.pileup import Pileup
from oddjet.simulate.records import event_records
from oddjet.simulate.tagged_jets import has_jets, tagged_jets

__all__ = ["simulate_block"]


def simulate_block(
    card: Card,
    *,
    block: int,
    seed: int,
    met_min_gev: float,
    enough: int | None = None,
    pileup: float = 0.0,
    towers_only: bool = False,
    responses: int = 1,
    cancelled: Callable[[], bool] = lambda: False,
) -> ak.Array:
    """Simulate one block of a sample.

    The random numbers of a block depend on (seed, process, block) alone, so a
    block is the same whoever computes it, and whenever.

    Parameters
    ----------
    card : Card
        The process.
    block : int
        Number of the block, >= 0.
    seed : int
        The seed of the whole sample.
    met_min_gev : float
        Events with less MET (or recoil: `card.written_by`) are left out.
    enough : int, optional
        The block may end early once it holds so many events; those it does
        hold are the first ones of the whole block.
    pileup : float
        Mean number of further collisions in an event.
    towers_only : bool
        The particles are calorimeter towers instead of the energy flow.
    responses : int
        How often each event is measured. What is written more than once shares its
        id and so its fold; its weight is shared out.
    cancelled : callable, optional
        Asked between batches; the block ends early once it says True.

    Returns
    -------
    awkward array of records
        As `event_records` makes them. `id` is (run, lumi, event): a number of
        process and seed, the block, and the generated event in the block. If the card
        asks for cross sections, weights [pb] are such that those of all generated
        events of the block would sum to the cross section.

    Raises
    ------
    MissingExtra
        pythia8mc is not installed.
    UserError
        Pythia refuses the card.
    """
    generator_seed, detector_seed = (
        derive_seed(seed, card.process, block, purpose)
        for purpose in ("generator", "detector")
    )
    random = np.random.Generator(np.random.Philox(key=detector_seed))
    run = derive_seed(seed, card.process, "run") >> 32
    batches = generate_batches(card, met_min_gev=met_min_gev, seed=generator_seed)
    overlay = None
    if pileup > 0:
        overlay = Pileup.generate(
            pileup, seed=derive_seed(seed, card.process, block, "pile-up")
        )
    parts: list[ak.Array] = []
    written, generated_weight, cross_section = 0, 0.0, math.nan
    for first_event, generated in _numbered(batches):
        batch = generated if overlay is None else overlay.onto(generated)
        for _ in range(responses):
            part = _measure(
                batch,
                random,
                card=card,
                met_min_gev=met_min_gev,
                towers_only=towers_only,
                identity={"run": run, "lumi": block, "event": first_event},
            )
            parts.append(part)
            written += len(part)
        generated_weight += batch.generated_weight * responses
        cross_section = batch.cross_section_pb
        if cancelled() or (enough is not None and written >= enough):
            break
    events = ak.concatenate(parts)
    if card.cross_section:
        events["weight"] = events.weight * (cross_section / generated_weight)
    return events


def _numbered(batches: Iterator[Generated]) -> Iterator[tuple[int, Generated]]:
    """Pair each batch with the number of its first event."""
    first_event = 0
    for batch in batches:
        yield first_event, batch
        first_event += batch.num_generated


def _measure(
    batch: Generated,
    random: np.random.Generator,
    *,
    card: Card,
    met_min_gev: float,
    towers_only: bool,
    identity: dict[str, int],
) -> ak.Array:
    """Measure the events of a batch and keep those above the cut."""
    flow = energy_flow(batch.final, random)
    leptons, isolation = identified_leptons(flow, random)
    if towers_only:
        flow = calorimeter_towers(batch.final, random)
    met_pt, met_phi = missing_transverse_momentum(flow, batch.num_events)
    # Muons are no part of towers: there, the missing momentum holds them already.
    seen = leptons[np.abs(leptons.pdg_id) != MUON] if towers_only else leptons
    cut_on = met_pt
    if card.written_by == "recoil":
        cut_on = _recoil(met_pt, met_phi, seen)
    passes = cut_on > met_min_gev
    jets = None
    if card.tagged_jets:
        jets = tagged_jets(flow, batch.heavy_hadrons, batch.num_events)
        passes &= has_jets(jets, card.jets_min)
    kept = np.flatnonzero(passes)
    return event_records(
        met_contains_muons=not towers_only,
        flow=_only(flow, kept),
        jets=None if jets is None else jets[kept],
        leptons=_only(leptons, kept),
        isolation=isolation[np.isin(leptons.event, kept)],
        met=(met_pt[kept], met_phi[kept]),
        identity={
            "run": np.full(len(kept), identity["run"]),
            "lumi": np.full(len(kept), identity["lumi"]),
            "event": identity["event"] + batch.source[kept],
        },
        weight=batch.weight[kept] if card.cross_section else None,
        truth={"process": np.full(len(kept), card.process)}
        | {name: column[kept] for name, column in batch.truth.items()},
    )


def _recoil(
    met_pt: NDArray[np.float64], met_phi: NDArray[np.float64], leptons: Particles
) -> NDArray[np.float64]:
    """Transverse momentum of the missing momentum and the leptons [GeV]."""
    px, py = leptons.momentum_sum(len(met_pt))
    return np.hypot(met_pt * np.cos(met_phi) + px, met_pt * np.sin(met_phi) + py)


def _only(particles: Particles, kept: NDArray[np.int64]) -> Particles:
    """Leave out the particles of other events, and number the kept ones anew."""
    inside = particles[np.isin(particles.event, kept)]
    return replace(inside, event=np.searchsorted(kept, inside.event))
