"""Pythia 8 in this process: the events of a block, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from oddjet.runs.errors import UserError, require
from oddjet.simulate.cards import Card
from oddjet.simulate.event_record import ChargeTable, Generated, flatten
from oddjet.simulate.hard_neutrinos import generate_kept
from oddjet.simulate.parton_veto import parton_veto
from oddjet.simulate.recoil_veto import recoil_veto

__all__ = ["generate_batches", "start_pythia"]

# Events handed over at once: the memory for Pythia's full records is bounded
# and an interruption waits a second at most.
_BATCH_EVENTS = 100
# Pythia takes seeds of 1 to 900,000,000.
_PYTHIA_SEEDS = 900_000_000
# Pythia counts in millibarns.
_PICOBARNS = 1e9


def generate_batches(
    card: Card, *, met_min_gev: float, seed: int
) -> Iterator[Generated]:
    """Generate the events of one block.

    Parameters
    ----------
    card : Card
    met_min_gev : float
        The MET cut to come, from which the card's generator cuts follow.
    seed : int
        Any; Pythia's own seed is made from it.

    Yields
    ------
    Generated
        `card.block_events` events altogether, less the few that Pythia gives up; with
        `card.neutrinos`, what is kept of so many.

    Raises
    ------
    MissingExtra
        pythia8mc is not installed.
    UserError
        Pythia refuses a setting of the card.
    """
    pythia8 = require("pythia8mc", extra="sim")
    pt_hat_min_gev: float | None = None
    hook: Any = None
    if card.recoil is not None:
        pt_hat_min_gev = met_min_gev - card.recoil.pt_hat_margin_gev
        if card.recoil.boson_pdg_id is not None:
            hook = recoil_veto(pythia8, card.recoil, met_min_gev=met_min_gev)
    if card.partons is not None:
        hook = parton_veto(pythia8, card.partons)
    pythia = start_pythia(card, seed=seed, pt_hat_min_gev=pt_hat_min_gev, hook=hook)
    if card.partons is not None:
        hook.pythia = pythia
    charges = ChargeTable(pythia)
    for start in range(0, card.block_events, _BATCH_EVENTS):
        count = min(_BATCH_EVENTS, card.block_events - start)
        if card.neutrinos is None:
            batch = flatten(
                pythia.nextBatch(count), charges, with_higgs_quarks=card.higgs_quarks
            )
        else:
            kept = generate_kept(pythia, card.neutrinos, num_events=count)
            batch = replace(
                flatten(kept.batch, charges),
                source=kept.source,
                num_generated=kept.num_generated,
                generated_weight=kept.generated_weight,
            )
        info = pythia.infoPython()
        cross_section = info.sigmaGen() * _PICOBARNS
        if card.partons is not None:
            # Pythia multiplies by the share of events that were not vetoed, without
            # their weights: here the weights of all of them count instead.
            cross_section *= info.nSelected() / info.nAccepted()
            batch = replace(batch, generated_weight=float(np.sum(hook.weights)))
            hook.weights.clear()
        yield replace(batch, cross_section_pb=cross_section)


def start_pythia(
    card: Card, *, seed: int, pt_hat_min_gev: float | None = None, hook: Any = None
) -> Any:
    """Set up and initialise Pythia for a process.

    Parameters
    ----------
    card : Card
    seed : int
        Any; Pythia's own seed is made from it.
    pt_hat_min_gev : float, optional
        Least transverse momentum of the hard process; the card's if not given.
    hook : pythia8mc.UserHooks, optional
        Must be kept alive by the caller.

    Returns
    -------
    pythia8mc.Pythia

    Raises
    ------
    MissingExtra
        pythia8mc is not installed.
    UserError
        Pythia refuses a setting of the card.
    """
    pythia8 = require("pythia8mc", extra="sim")
    pythia = pythia8.Pythia("", False)
    # Quiet first: Pythia prints its complaints, and one sentence is enough.
    settings = ["Print:quiet = on", *card.pythia, "Random:setSeed = on"]
    settings.append(f"Random:seed = {1 + seed % _PYTHIA_SEEDS}")
    if pt_hat_min_gev is not None:
        settings.append(f"PhaseSpace:pTHatMin = {pt_hat_min_gev}")
    for setting in settings:
        if not pythia.readString(setting, False):
            message = f"{card.process}: Pythia refuses the setting {setting!r}"
            raise UserError(message)
    if hook is not None:
        pythia.setUserHooksPtr(hook)
    if not pythia.init():
        message = f"{card.process}: Pythia cannot start with the settings of this card"
        raise UserError(message)
    return pythia
