"""Process cards: what Pythia generates and which events are written."""

from __future__ import annotations

import difflib
from functools import cache
from importlib import resources
from typing import Literal

from pydantic import Field

from oddjet.runs.config import ConfigModel, load_yaml, parse_config
from oddjet.runs.errors import UserError

__all__ = [
    "Card",
    "NeutrinoCut",
    "PartonCut",
    "RecoilCut",
    "load_card",
    "process_names",
]


class RecoilCut(ConfigModel):
    """Generator cuts on a boson that leaves the detector unseen, or is a recoil.

    They spare the events that cannot reach the MET cut their multiparton
    interactions and hadronisation; both follow the MET cut.
    """

    pt_hat_margin_gev: float = Field(
        ge=0, description="PhaseSpace:pTHatMin is the MET cut minus this"
    )
    boson_pdg_id: int | None = Field(
        None, description="the boson of the hard process, if it is to be looked at"
    )
    boson_pt_margin_gev: float = Field(
        0, ge=0, description="the boson needs a pt of the MET cut minus this"
    )
    veto_scale_gev: float = Field(
        20, gt=0, description="shower scale at which the pt of the boson is looked at"
    )


class NeutrinoCut(ConfigModel):
    """Only events with hard neutrinos from bottom and charm hadrons.

    Heavy hadrons decay many times in each generated event; see
    `oddjet.simulate.hard_neutrinos`. Other sources of MET are left out.
    """

    pt_min_gev: float = Field(
        gt=0, description="transverse momentum of the sum of the neutrinos"
    )
    fraction_min: float = Field(
        0.0, ge=0, lt=1, description="the same over that of the hard process"
    )
    decays: int = Field(100, ge=1, description="decays drawn of each event")
    copies: int = Field(
        2, ge=1, description="decays that pass and are kept of each event, at most"
    )


class PartonCut(ConfigModel):
    """A generator cut on the partons of an event that is to have several jets.

    It spares the events without them their multiparton interactions and hadronisation.
    """

    partons_min: int = Field(ge=1, description="events need so many partons")
    pt_min_gev: float = Field(ge=0, description="of them, below that of the jets")
    abs_eta_max: float = Field(gt=0, description="of them, above that of the jets")
    veto_scale_gev: float = Field(
        20, gt=0, description="shower scale at which they are counted"
    )


class Card(ConfigModel):
    """One process."""

    process: str = Field(description="name of the process")
    description: str = Field(description="one line for people")
    met_min_gev: float = Field(ge=0, description="events below are not written")
    written_by: Literal["met", "recoil"] = Field(
        "met",
        description="what the cut is on: MET, or MET and the identified leptons",
    )
    recoil: RecoilCut | None = Field(
        default=None, description="generator cuts; none where MET has another source"
    )
    neutrinos: NeutrinoCut | None = Field(
        None, description="for QCD jets, whose MET is that of heavy flavour"
    )
    partons: PartonCut | None = Field(
        default=None, description="generator cut on partons"
    )
    tagged_jets: bool = Field(
        False, description="whether jets with their b-tag efficiencies are written"
    )
    higgs_quarks: bool = Field(
        False,
        description="whether truth holds the directions of the b quarks of two Higgs"
        " bosons, by which pairings are judged",
    )
    jets_min: int = Field(
        0,
        ge=0,
        description="for tagged_jets: events with fewer jets of pT > 40 GeV and"
        " |eta| < 2.5 are not written",
    )
    cross_section: bool = Field(
        False,
        description="whether events carry weights [pb]: those of all generated events"
        " sum to the cross section, also where Pythia prefers rare ones",
    )
    block_events: int = Field(
        ge=1, description="generated events of one block, the unit of parallel work"
    )
    pythia: tuple[str, ...] = Field(description="settings in Pythia's own syntax")


def process_names() -> tuple[str, ...]:
    """Names of the processes that can be simulated, in alphabetical order.

    Examples
    --------
    >>> process_names()[:3]
    ('a0_hz', 'diboson_wz', 'hidden_valley_5500')
    """
    cards = resources.files("oddjet.simulate") / "cards"
    names = (card.name.removesuffix(".yaml") for card in cards.iterdir())
    return tuple(sorted(names))


@cache
def load_card(process: str) -> Card:
    """Read the card of a process.

    Parameters
    ----------
    process : str
        One of `process_names`.

    Returns
    -------
    Card

    Raises
    ------
    UserError
        There is no such process.

    Examples
    --------
    >>> load_card("zjet_nunu").met_min_gev
    200.0
    """
    known = process_names()
    if process not in known:
        near = difflib.get_close_matches(process, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        message = f"simulate: there is no process {process!r}; {hint}"
        raise UserError(message)
    card = resources.files("oddjet.simulate") / "cards" / f"{process}.yaml"
    with resources.as_file(card) as path:
        return parse_config(Card, load_yaml(path), source=path)
