"""The particles of Delphes files: candidates or energy flow, and towers."""

from __future__ import annotations

from collections.abc import Mapping

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet.io.readers.fields import BranchOrValue, flat_map, merged
from oddjet.io.readers.layout import Arrays, Field
from oddjet.io.readers.table import Table

#: Photons and neutral hadrons in the particle-flow code of CMS.
PHOTON, NEUTRAL_HADRON = 22, 130
ELECTRON_MASS_GEV = 0.000510998928

_FLOW = ("EFlowTrack", "EFlowPhoton", "EFlowNeutralHadron")

#: Branches such as "Jet.PT", sorted into {"Jet": {"PT": "Jet.PT"}}.
Groups = Mapping[str, Mapping[str, str]]


def holds(group: Mapping[str, str], *names: str) -> bool:
    """Tell whether a group has all of some fields."""
    return all(name in group for name in names)


def pt_of(group: Mapping[str, str]) -> str | None:
    """Name the branch of pT, which towers call ET."""
    return group.get("PT") or group.get("ET")


def first_group(groups: Groups, names: tuple[str, ...], *needed: str) -> str | None:
    """Find the first of some groups that is there and has what is needed."""
    found = [name for name in names if name in groups and holds(groups[name], *needed)]
    return found[0] if found else None


def flow_groups(groups: Groups) -> list[str]:
    """List the branches whose objects together are the energy flow."""
    candidates = [name for name in groups if name.startswith("ParticleFlowCandidate")]
    if candidates:
        return candidates[:1]
    others = sorted(n for n in groups if n.startswith("EFlow") and n not in _FLOW)
    return [*(name for name in _FLOW if name in groups), *others]


def particle_fields(
    groups: Groups, broken: dict[str, str], table: Table
) -> list[Field]:
    """Make `particles`; half an energy flow goes to `broken` instead."""
    names = flow_groups(groups)
    lacking = [
        f"{name}.{'PT' if not pt_of(groups[name]) else missing}"
        for name in names
        for missing in ("Eta", "Phi")
        if missing not in groups[name] or not pt_of(groups[name])
    ]
    if lacking:
        broken["particles"] = (
            f"{table} has no branch {lacking[0]}, so its energy flow is not complete;"
            " choose other columns, or write the file with that branch"
        )
        return []
    if not names:
        return []
    parts = [_particles_of(name, groups[name]) for name in names]
    fields = {field.name: field for field in merged("particles", parts)}
    if any(isinstance(part["mass"], str) for part in parts):
        fields["particles.mass"] = _massless_neutrals(fields["particles.mass"])
    if names[0].startswith("ParticleFlowCandidate"):
        group = groups[names[0]]
        if {"CtgTheta", "Charge", "PT"} <= group.keys():
            fields["particles.eta"] = _eta_of_candidates(group)
    return list(fields.values())


def _particles_of(name: str, group: Mapping[str, str]) -> dict[str, BranchOrValue]:
    """Say where each field is: tracks know what they are, towers (ET) by their name."""
    place = {"eta": group["Eta"], "phi": group["Phi"]}
    if "ET" in group:
        pdg_id = PHOTON if "Photon" in name else NEUTRAL_HADRON
        pt = group.get("PT") or group["ET"]
        return {"pt": pt, **place, "mass": 0.0, "charge": 0, "pdg_id": pdg_id}
    return {
        "pt": group["PT"],
        **place,
        "mass": group.get("Mass", 0.0),
        "charge": group.get("Charge", 0),
        "pdg_id": group.get("PID", 0),
    }


def _eta_of_candidates(group: Mapping[str, str]) -> Field:
    """Take the direction of the momentum from where Delphes keeps it.

    `Eta` of a charged particle-flow candidate is where it reaches the calorimeter,
    up to some units away from its momentum for soft tracks; CtgTheta is the momentum's.
    With it the jets of a file come out with mass and direction to 1e-7. What PUPPI
    scaled to nothing has no direction but that of its hit.
    """
    eta, cotangent, charge = group["Eta"], group["CtgTheta"], group["Charge"]
    pt = group["PT"]

    def make(arrays: Arrays) -> ak.Array:
        names = (eta, cotangent, charge, pt)
        return flat_map(_momentum_eta, *(arrays[name] for name in names))

    return Field("particles.eta", (eta, cotangent, charge, pt), make)


def _momentum_eta(
    eta: NDArray[np.floating],
    cotangent: NDArray[np.floating],
    charge: NDArray[np.integer],
    pt: NDArray[np.floating],
) -> NDArray[np.floating]:
    is_track = (charge != 0) & (pt > 0)
    of_momentum: NDArray[np.floating] = np.where(is_track, np.arcsinh(cotangent), eta)
    return of_momentum


def _massless_neutrals(field: Field) -> Field:
    """Drop the rounding of m² = E² - p², which towers carry as a tiny mass."""

    def make(arrays: Arrays) -> ak.Array:
        # Lighter than an electron is a massless object after rounding.
        return flat_map(
            lambda mass: np.where(
                mass < 0.9 * ELECTRON_MASS_GEV, mass.dtype.type(0), mass
            ),
            field.make(arrays),
        )

    return Field(field.name, field.branches, make)


def tower_fields(groups: Groups) -> list[Field]:
    """Make `towers` of the calorimeter."""
    name = first_group(
        groups, ("Tower", "CaloTower", "Calorimeter"), "ET", "Eta", "Phi"
    )
    if name is None:
        return []
    group = groups[name]
    parts: dict[str, BranchOrValue] = {"pt": group["ET"], "eta": group["Eta"]}
    parts |= {"phi": group["Phi"], "mass": 0.0}
    for field, branch in (("em_energy", "Eem"), ("had_energy", "Ehad")):
        if branch in group:
            parts[field] = group[branch]
    return merged("towers", [parts])
