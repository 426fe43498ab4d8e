"""The mono-jet selection: much missing momentum (or recoil), a hard jet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Self

import awkward as ak
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from oddjet.events import Events
from oddjet.jets import cluster
from oddjet.runs.config import ConfigModel
from oddjet.select.control_region import (
    LEPTON_FIELDS,
    ControlCuts,
    lepton_cuts,
    with_recoil,
)
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
    photon_pt_min_gev: float | None = Field(
        None,
        ge=0,
        description="a photon above this rejects the event [GeV], for input that has"
        " photons; null: no photon veto",
    )
    tau_pt_min_gev: float | None = Field(
        None,
        ge=0,
        description="a hadronic tau above this rejects the event [GeV], for input that"
        " has taus; null: no tau veto",
    )
    filters: tuple[str, ...] | None = Field(
        None,
        description="event filters that must be passed (beam halo, detector noise);"
        " null: all that the input has",
    )
    charged_fraction_min: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="jet cleaning: tracks carry more than this fraction of the pT of"
        " the hardest jet, clustered of particles with a charge; null: no cleaning",
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

    @model_validator(mode="after")
    def _cleaning_has_constituents(self) -> Self:
        if self.charged_fraction_min is not None and self.jets == "file":
            message = (
                "must leave charged_fraction_min null with jets of the file, whose"
                " constituents are unknown"
            )
            raise ValueError(message)
        return self


@dataclass(frozen=True)
class Selection:
    """The outcome of a selection.

    Attributes
    ----------
    mask : bool, shape (events,)
        The selected events.
    cutflow : CutFlow
        The same cuts in the same order for any events.
    kinematics : float64, shape (selected events, 3)
        pT [GeV] and eta of the hardest jet, and MET or recoil [GeV].
    """

    mask: NDArray[np.bool_]
    cutflow: CutFlow
    kinematics: NDArray[np.float64]


def select_monojet(
    events: Events,
    cuts: MonoJetCuts | None = None,
    threads: int | None = None,
    *,
    control: ControlCuts | None = None,
    triggers: Sequence[str] = (),
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
    control : ControlCuts, optional
        Select the control region with identified leptons instead: they replace the
        lepton vetoes, the recoil replaces the missing momentum everywhere. What is
        left of the events is for `with_recoil`.
    triggers : sequence of str
        Trigger paths of which an event must have passed one; empty: no demand.

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
    fields = _needed_fields(cuts, source, control)
    fields += [f"trigger.{name}" for name in triggers]
    events.require(*fields, why="the mono-jet selection")
    filters = cuts.filters
    if filters is None:
        filters = tuple(events.filters.fields) if "filters" in events.fields else ()
    needed = [field.partition(".")[0] for field in fields]
    needed += ["filters"] if filters else []

    sequence = CutSequence(events.weight)
    left = events.array[list(dict.fromkeys(needed))]
    left = _apply(sequence, left, _trigger_cut(triggers) | _filter_cuts(filters))
    if control:
        left = _apply(sequence, left, lepton_cuts(control))
        left = with_recoil(left, control)
    name = "recoil" if control else "MET"
    left = _apply(
        sequence,
        left,
        {f"{name} > {cuts.met_min_gev:g} GeV": lambda e: e.met.pt > cuts.met_min_gev}
        | ({} if control else _lepton_vetoes(cuts))
        | dict(_other_vetoes(cuts).values()),
    )
    jets = left.jets if source == "jets" else _clustered(left.particles, cuts, threads)
    left = ak.Array({"met": left.met, "jets": _hardest_first(jets)})
    left = _apply(sequence, left, _jet_cuts(cuts))
    hardest = left.jets[:, 0]
    kinematics = [ak.to_numpy(x) for x in (hardest.pt, hardest.eta, left.met.pt)]
    return Selection(
        sequence.mask, sequence.cutflow, np.stack(kinematics, 1).astype(np.float64)
    )


def _needed_fields(
    cuts: MonoJetCuts, source: str, control: ControlCuts | None
) -> list[str]:
    """List the fields of events that a selection reads."""
    fields = ["met.pt", "met.phi", source]
    if control:
        fields += [f"leptons.{name}" for name in LEPTON_FIELDS]
        fields += ["met.contains_muons"] if control.met_contains_muons is None else []
    elif _lepton_vetoes(cuts):
        fields += ["leptons.pt", "leptons.flavour"]
    fields += [f"{name}.pt" for name in _other_vetoes(cuts)]
    fields += [f"filters.{name}" for name in cuts.filters or ()]
    fields += ["particles.charge"] if cuts.charged_fraction_min is not None else []
    return fields


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


def _other_vetoes(cuts: MonoJetCuts) -> dict[str, tuple[str, Cut]]:
    """Vetoes on photons and taus by collection: name of the cut, and the cut."""

    def none_above(collection: str, pt_min_gev: float) -> Cut:
        return lambda events: ~ak.any(events[collection].pt > pt_min_gev, axis=1)

    wanted = {"photons": cuts.photon_pt_min_gev, "taus": cuts.tau_pt_min_gev}
    return {
        name: (f"no {name[:-1]} with pT > {pt_min:g} GeV", none_above(name, pt_min))
        for name, pt_min in wanted.items()
        if pt_min is not None
    }


def _trigger_cut(names: Sequence[str]) -> dict[str, Cut]:
    def passed_one(events: ak.Array) -> ak.Array:
        passed = [np.asarray(events.trigger[name]) for name in names]
        return np.logical_or.reduce(passed)

    return {f"trigger {' or '.join(names)}": passed_one} if names else {}


def _filter_cuts(names: Sequence[str]) -> dict[str, Cut]:
    def passed(name: str) -> Cut:
        return lambda events: events.filters[name]

    return {f"filter {name}": passed(name) for name in names}


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

    def clean(events: ak.Array) -> ak.Array:
        leading = events.jets[:, 0]
        tracks = leading.constituents[leading.constituents.charge != 0]
        return ak.sum(tracks.pt, axis=1) > cuts.charged_fraction_min * leading.pt

    cleaning: dict[str, Cut] = {}
    if cuts.charged_fraction_min is not None:
        least = f"{100 * cuts.charged_fraction_min:g} %"
        cleaning[f"tracks carry more than {least} of the leading jet"] = clean
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
    } | cleaning


def _is_leading(jets: ak.Array) -> ak.Array:
    return ak.local_index(jets.pt, axis=1) == 0


def _is_additional(jets: ak.Array, cuts: MonoJetCuts) -> ak.Array:
    hard = (jets.pt > cuts.jet_pt_min_gev) & (np.abs(jets.eta) < cuts.jet_abs_eta_max)
    return hard & ~_is_leading(jets)
