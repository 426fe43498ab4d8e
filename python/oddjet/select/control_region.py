"""Control regions of mono-jets: identified leptons in place of neutrinos.

The recoil of W -> l nu and Z -> l l events, p_T(l) + p_T(miss), takes the place of the
missing momentum, and the leptons leave the event: otherwise an electron would be a
jet, and a network would find the control region by it.
"""

from __future__ import annotations

from typing import Any, Literal, Self

import awkward as ak
import numpy as np
from pydantic import Field, model_validator

from oddjet.events.coordinates import wrapped_azimuth
from oddjet.runs.config import ConfigModel
from oddjet.select.cutflow import Cut

__all__ = ["LEPTON_FIELDS", "ControlCuts", "lepton_cuts", "with_recoil"]

LEPTON_FIELDS = ("pt", "eta", "phi", "mass", "flavour", "charge")
_FLAVOUR = {"electron": 11, "muon": 13}


class ControlCuts(ConfigModel):
    """Which identified leptons make an event one of the control region."""

    leptons: Literal[1, 2] = Field(
        description="identified leptons: 1 for W, 2 of opposite charge for Z"
    )
    flavours: tuple[Literal["electron", "muon"], ...] = Field(
        ("electron", "muon"), min_length=1, description="flavours, the same for both"
    )
    lepton_pt_min_gev: float = Field(
        7.0, ge=0, description="identified leptons count above this [GeV]"
    )
    leading_lepton_pt_min_gev: float = Field(
        30.0, ge=0, description="the hardest of them is above this [GeV]"
    )
    mass_min_gev: float = Field(
        66.0, ge=0, description="mass of two leptons is above this [GeV]"
    )
    mass_max_gev: float = Field(
        116.0, gt=0, description="mass of two leptons is below this [GeV]"
    )
    met_contains_muons: bool | None = Field(
        None,
        description="whether muons are part of the missing momentum, so that the recoil"
        " needs them added; null: as the input says. Stock Delphes cards: false",
    )
    removal_radius: float = Field(
        0.1,
        gt=0,
        lt=0.5,
        description="particles this near in (eta, phi) to an identified lepton leave"
        " the event with it",
    )
    overlap_radius: float = Field(
        0.2, gt=0, lt=1, description="so do the jets of a file"
    )

    @model_validator(mode="after")
    def _window_is_open(self) -> Self:
        if self.mass_min_gev >= self.mass_max_gev:
            message = (
                f"must have mass_min_gev ({self.mass_min_gev:g}) below mass_max_gev"
                f" ({self.mass_max_gev:g})"
            )
            raise ValueError(message)
        return self


def lepton_cuts(control: ControlCuts) -> dict[str, Cut]:
    """Give the cuts on the leptons, in order; all leptons of an event count.

    Parameters
    ----------
    control : ControlCuts

    Returns
    -------
    dict of str to callable
        Of events with `leptons` (pt, eta, phi, mass, flavour, charge).
    """
    number, least = control.leptons, control.lepton_pt_min_gev
    flavours = [_FLAVOUR[name] for name in control.flavours]

    def counted(events: ak.Array) -> ak.Array:
        return events.leptons[events.leptons.pt > least]

    def right_flavour(events: ak.Array) -> ak.Array:
        flavour = np.abs(counted(events).flavour)
        known = ak.zeros_like(flavour, dtype=bool)
        for code in flavours:
            known = known | (flavour == code)
        same = ak.all(flavour == flavour[:, 0], axis=1)
        return ak.all(known, axis=1) & same

    def of_a_z(events: ak.Array) -> ak.Array:
        leptons = counted(events)
        mass = (leptons[:, 0] + leptons[:, 1]).mass
        opposite = leptons.charge[:, 0] * leptons.charge[:, 1] < 0
        return opposite & (mass > control.mass_min_gev) & (mass < control.mass_max_gev)

    hardest = control.leading_lepton_pt_min_gev
    cuts: dict[str, Cut] = {
        f"exactly {number} lepton{'s'[: number > 1]} with pT > {least:g} GeV": (
            lambda e: ak.num(counted(e)) == number
        ),
        f"of flavour {' or '.join(control.flavours)}": right_flavour,
        f"leading lepton pT > {hardest:g} GeV": (
            lambda e: ak.max(counted(e).pt, axis=1) > hardest
        ),
    }
    if number == 2:
        window = f"{control.mass_min_gev:g} < m(ll) < {control.mass_max_gev:g} GeV"
        cuts[f"opposite charge, {window}"] = of_a_z
    return cuts


def with_recoil(events: ak.Array, control: ControlCuts) -> ak.Array:
    """Take the leptons out of events and put the recoil in the place of the MET.

    Parameters
    ----------
    events : awkward record array
        With `met` (pt, phi; contains_muons unless the cuts say it), `leptons` and any
        of `particles` and `jets`.
    control : ControlCuts

    Returns
    -------
    awkward record array
        `met` is the recoil. Particles and jets near an identified lepton are gone.
    """
    leptons = events.leptons[events.leptons.pt > control.lepton_pt_min_gev]
    is_muon = np.abs(leptons.flavour) == _FLAVOUR["muon"]
    if control.met_contains_muons is None:
        contains = events.met.contains_muons
    else:
        contains = control.met_contains_muons
    # A muon that is not in the missing momentum is missing there already.
    added = leptons[~is_muon | contains]
    px = events.met.pt * np.cos(events.met.phi) + ak.sum(added.px, axis=1)
    py = events.met.pt * np.sin(events.met.phi) + ak.sum(added.py, axis=1)
    recoil = ak.zip(
        {"pt": np.hypot(px, py), "phi": np.arctan2(py, px)}, with_name="Momentum2D"
    )
    changed: dict[str, Any] = {"met": recoil}
    for name, radius in (
        ("particles", control.removal_radius),
        ("jets", control.overlap_radius),
    ):
        if name in events.fields:
            changed[name] = _far_from(events[name], leptons, radius)
    for name, collection in changed.items():
        events = ak.with_field(events, collection, name)
    return events


def _far_from(objects: ak.Array, leptons: ak.Array, radius: float) -> ak.Array:
    near = ak.zeros_like(objects.pt, dtype=bool)
    most = int(np.max(ak.to_numpy(ak.num(leptons)), initial=0))
    for position in range(most):
        has = ak.num(leptons) > position
        # An event without this lepton gets one that nothing is near to.
        eta = np.where(has, _at(leptons.eta, position), np.inf)
        turn = objects.phi - np.where(has, _at(leptons.phi, position), 0.0)
        turn = np.abs(wrapped_azimuth(turn))
        near = near | (np.hypot(objects.eta - eta, turn) < radius)
    return objects[~near]


def _at(values: ak.Array, position: int) -> Any:
    """Take one entry of each list, 0 where it is too short."""
    padded = ak.pad_none(values, position + 1, clip=True)[:, position]
    return ak.to_numpy(ak.fill_none(padded, 0.0))
