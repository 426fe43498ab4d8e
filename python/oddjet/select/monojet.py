"""The mono-jet selection: much missing momentum, a hard jet, no lepton."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import awkward as ak
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from oddjet.events import Events
from oddjet.jets import cluster
from oddjet.runs.config import ConfigModel
from oddjet.select.cutflow import CutFlow, CutSequence

Cut = Callable[[ak.Array], ak.Array]

_ELECTRON, _MUON = 11, 13


class MonoJetCuts(ConfigModel):
    """Signal region IM1 of ATLAS, arXiv:2102.10874, on anti-kt jets."""

    met_min_gev: float = Field(
        250.0, ge=0, description="missing transverse momentum is above this [GeV]"
    )
    electron_pt_min_gev: float | None = Field(
        7.0,
        ge=0,
        description="an identified electron above this rejects the event [GeV];"
        " null: no electron veto",
    )
    muon_pt_min_gev: float | None = Field(
        7.0,
        ge=0,
        description="an identified muon above this rejects the event [GeV];"
        " null: no muon veto",
    )
    jets: Literal["cluster", "file"] = Field(
        "cluster",
        description="cluster: anti-kt jets of the particles; file: the collection jets",
    )
    jet_radius: float = Field(
        0.4, gt=0, le=2, description="radius of the anti-kt jets that are clustered"
    )
    leading_jet_pt_min_gev: float = Field(
        150.0, ge=0, description="the hardest jet is above this [GeV]"
    )
    leading_jet_abs_eta_max: float = Field(
        2.4, gt=0, description="|eta| of the hardest jet is below this"
    )
    jet_pt_min_gev: float = Field(
        30.0, ge=0, description="further jets count above this [GeV]"
    )
    jet_abs_eta_max: float = Field(
        2.8, gt=0, description="further jets count at |eta| below this"
    )
    additional_jets_max: int = Field(
        3, ge=0, description="at most this many further jets"
    )
    delta_phi_min: float = Field(
        0.4,
        ge=0,
        lt=np.pi,
        description="azimuth between each of these jets and the missing momentum is"
        " above this [radians]",
    )


@dataclass(frozen=True)
class Selection:
    """The outcome of a selection.

    Attributes
    ----------
    mask : bool, shape (events,)
        The selected events.
    cutflow : CutFlow
        The same cuts in the same order for any events.
    """

    mask: NDArray[np.bool_]
    cutflow: CutFlow


def select_monojet(
    events: Events, cuts: MonoJetCuts | None = None, threads: int | None = None
) -> Selection:
    """Select mono-jet events.

    The hardest jet of the event, at any |eta|, is the leading one. All thresholds
    are strict. Jets are clustered only for events that pass the cuts on missing
    momentum and leptons, which therefore come first.

    Parameters
    ----------
    events : Events
        With `met` (pt, phi), `leptons` (pt, flavour; those identified, if there is
        a veto) and `particles` (or `jets`, for `cuts.jets == "file"`).
    cuts : MonoJetCuts, optional
        Default: region IM1.
    threads : int, optional
        For clustering; never changes the result.

    Returns
    -------
    Selection

    Raises
    ------
    UserError
        A collection is absent; the message says which source could give it.

    References
    ----------
    ATLAS, arXiv:2102.10874 (region IM1, and the lepton thresholds); as used by
    Finke, Krämer, Lipp, Mück, arXiv:2204.11889, section 2.
    """
    cuts = cuts or MonoJetCuts()
    source = "particles" if cuts.jets == "cluster" else "jets"
    vetoes = _lepton_vetoes(cuts)
    needed = ["met", source, *(["leptons"] if vetoes else [])]
    veto_fields = ["leptons.pt", "leptons.flavour"] if vetoes else []
    events.require(
        "met.pt", "met.phi", source, *veto_fields, why="the mono-jet selection"
    )

    sequence = CutSequence(events.weight)
    left = _apply(
        sequence,
        events.array[needed],
        {f"MET > {cuts.met_min_gev:g} GeV": lambda e: e.met.pt > cuts.met_min_gev}
        | vetoes,
    )
    jets = left.jets if source == "jets" else _clustered(left.particles, cuts, threads)
    left = ak.Array({"met": left.met, "jets": _hardest_first(jets)})
    _apply(sequence, left, _jet_cuts(cuts))
    return Selection(sequence.mask, sequence.cutflow)


def _apply(sequence: CutSequence, left: ak.Array, cuts: dict[str, Cut]) -> ak.Array:
    for name, passes in cuts.items():
        left = left[sequence.apply(name, passes(left))]
    return left


def _lepton_vetoes(cuts: MonoJetCuts) -> dict[str, Cut]:
    def no_lepton(flavour: int, pt_min_gev: float) -> Cut:
        def passes(events: ak.Array) -> ak.Array:
            leptons = events.leptons
            found = (leptons.flavour == flavour) & (leptons.pt > pt_min_gev)
            return ~ak.any(found, axis=1)

        return passes

    flavours = {
        "electron": (_ELECTRON, cuts.electron_pt_min_gev),
        "muon": (_MUON, cuts.muon_pt_min_gev),
    }
    return {
        f"no {name} with pT > {pt_min:g} GeV": no_lepton(flavour, pt_min)
        for name, (flavour, pt_min) in flavours.items()
        if pt_min is not None
    }


def _clustered(particles: ak.Array, cuts: MonoJetCuts, threads: int | None) -> ak.Array:
    softest = min(cuts.jet_pt_min_gev, cuts.leading_jet_pt_min_gev)
    return cluster(
        particles,
        algorithm="antikt",
        radius=cuts.jet_radius,
        pt_min_gev=softest,
        threads=threads,
    )


def _hardest_first(jets: ak.Array) -> ak.Array:
    return jets[ak.argsort(jets.pt, axis=1, ascending=False, stable=True)]


def _jet_cuts(cuts: MonoJetCuts) -> dict[str, Cut]:
    """Cuts on events of hardest-first jets; the first one leaves a leading jet."""
    leading_pt, leading_eta = cuts.leading_jet_pt_min_gev, cuts.leading_jet_abs_eta_max
    limit = cuts.additional_jets_max

    def far_from_met(events: ak.Array) -> ak.Array:
        judged = _is_leading(events.jets) | _is_additional(events.jets, cuts)
        far = np.abs(events.jets.deltaphi(events.met)) > cuts.delta_phi_min
        return ak.all(far | ~judged, axis=1)

    return {
        "at least one jet": lambda e: ak.num(e.jets.pt) > 0,
        f"leading jet pT > {leading_pt:g} GeV": lambda e: e.jets.pt[:, 0] > leading_pt,
        f"leading jet |eta| < {leading_eta:g}": lambda e: (
            np.abs(e.jets.eta[:, 0]) < leading_eta
        ),
        f"at most {limit} additional jets": lambda e: (
            ak.sum(_is_additional(e.jets, cuts), axis=1) <= limit
        ),
        f"delta phi(jet, MET) > {cuts.delta_phi_min:g}": far_from_met,
    }


def _is_leading(jets: ak.Array) -> ak.Array:
    return ak.local_index(jets.pt, axis=1) == 0


def _is_additional(jets: ak.Array, cuts: MonoJetCuts) -> ak.Array:
    hard = (jets.pt > cuts.jet_pt_min_gev) & (np.abs(jets.eta) < cuts.jet_abs_eta_max)
    return hard & ~_is_leading(jets)
