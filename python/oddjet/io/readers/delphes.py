"""Delphes: branches found by what they hold, since every card names them anew."""

from __future__ import annotations

from collections.abc import Mapping

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet.io.readers.delphes_probes import met_contains_muons, references_resolve
from oddjet.io.readers.delphes_references import NOWHERE, reference_index
from oddjet.io.readers.fields import (
    BranchOrValue,
    counted,
    everywhere,
    first_of,
    flat_map,
    merged,
    padded_first,
)
from oddjet.io.readers.layout import Arrays, Field, Layout, copied
from oddjet.io.readers.root_table import RootTable
from oddjet.io.readers.table import Table

NAME = "delphes"

#: Photons and neutral hadrons in the particle-flow code of CMS.
PHOTON, NEUTRAL_HADRON = 22, 130
ELECTRON, ELECTRON_MASS_GEV = 11, 0.000510998928
MUON, MUON_MASS_GEV = 13, 0.1056583745
TAU_MASS_GEV = 1.77686

_JETS = ("JetPUPPI", "Jet", "JetCHS", "JetAK4", "AK4Jet", "JetPUPPIAK4")
_FAT_JETS = (
    *("JetPUPPIAK8", "FatJet", "JetAK8", "JetPUPPIFat", "FatJetPUPPI", "AK8Jet"),
    *("JetAK10", "FatTrackJet", "JetPUPPIAK15", "JetAK15"),
)
_FLOW = ("EFlowTrack", "EFlowPhoton", "EFlowNeutralHadron")
_METS = ("PuppiMissingET", "MissingET")
_ELECTRONS = ("Electron", "ElectronMedium", "ElectronTight", "ElectronLoose")
_MUONS = ("Muon", "MuonMedium", "MuonTight", "MuonLoose", "MuonTightCHS")
_PHOTONS = ("Photon", "PhotonMedium", "PhotonTight", "PhotonLoose")
_VERTICES = ("Vertex",)

Groups = Mapping[str, Mapping[str, str]]


def layout(table: Table) -> Layout | None:
    """Map a Delphes tree to the event model.

    `particles` are the particle-flow candidates or the energy flow (tracks, photons
    and neutral hadrons), as the card clusters them: photons and neutral hadrons are
    massless, a track has the mass that Delphes stored, else none. `towers` are the
    calorimeter towers, which other cards cluster instead. PUPPI jets and MET are
    preferred where there are any: the candidates' PT is scaled by PUPPI then.
    `constituent_index` is there where the constituents of the jets were saved, and
    `met.contains_muons` where the first events tell. Jets whose constituents were
    saved go before others.

    Returns
    -------
    Layout or None
        None if the tree is not one of Delphes.
    """
    if not isinstance(table, RootTable):
        return None
    groups = table.groups(".")
    if not any("fUniqueID" in group for group in groups.values()) and not (
        {"Event", "Jet"} <= groups.keys() or {"EFlowTrack"} <= groups.keys()
    ):
        return None
    if not any(_holds(group, "Eta", "Phi") for group in groups.values()):
        return None
    broken: dict[str, str] = {}
    fields = [
        *_particles(groups, broken, table),
        *_towers(groups),
        *_jets(groups, broken, table),
        *_leptons(groups),
        *_photons(groups),
        *_taus(groups),
        *_met(groups, table),
        *_weights(groups),
        *_identity(groups),
        *_vertices(groups, table),
        *_truth(groups),
    ]
    return Layout(
        tuple(fields),
        role="mc",
        records_role=True,
        broken=broken,
        absent={
            "particles": "EFlowTrack, EFlowPhoton and EFlowNeutralHadron, or"
            " ParticleFlowCandidate",
            "fat_jets": ", ".join(_FAT_JETS[:3]),
            "jets": ", ".join(_JETS[:2]),
            "met": ", ".join(_METS),
        },
    )


def flow_groups(groups: Groups) -> list[str]:
    """List the branches whose objects together are the energy flow."""
    candidates = [name for name in groups if name.startswith("ParticleFlowCandidate")]
    if candidates:
        return candidates[:1]
    others = sorted(n for n in groups if n.startswith("EFlow") and n not in _FLOW)
    return [*(name for name in _FLOW if name in groups), *others]


def _holds(group: Mapping[str, str], *names: str) -> bool:
    return all(name in group for name in names)


def _pt(group: Mapping[str, str]) -> str | None:
    return group.get("PT") or group.get("ET")


def _first(groups: Groups, names: tuple[str, ...], *needed: str) -> str | None:
    found = [name for name in names if name in groups and _holds(groups[name], *needed)]
    return found[0] if found else None


def _particles(groups: Groups, broken: dict[str, str], table: Table) -> list[Field]:
    names = flow_groups(groups)
    lacking = [
        f"{name}.{'PT' if not _pt(groups[name]) else missing}"
        for name in names
        for missing in ("Eta", "Phi")
        if missing not in groups[name] or not _pt(groups[name])
    ]
    if lacking:
        broken["particles"] = (
            f"{table} has no branch {lacking[0]}, so its energy flow is not complete;"
            " choose other columns, or write the file with that branch"
        )
        return []
    parts: list[dict[str, BranchOrValue]] = []
    for name in names:
        group = groups[name]
        pt = group.get("PT") or group["ET"]
        is_track = "ET" not in group
        is_photon = "Photon" in name
        parts.append(
            {
                "pt": pt,
                "eta": group["Eta"],
                "phi": group["Phi"],
                "mass": _mass_branch(group) if is_track else 0.0,
                "charge": group.get("Charge", 0) if is_track else 0,
                "pdg_id": group.get("PID", 0)
                if is_track
                else (PHOTON if is_photon else NEUTRAL_HADRON),
            }
        )
    if not parts:
        return []
    fields = {field.name: field for field in merged("particles", parts)}
    fields["particles.mass"] = _massless_neutrals(fields["particles.mass"])
    if names and names[0].startswith("ParticleFlowCandidate"):
        group = groups[names[0]]
        if {"CtgTheta", "Charge", "PT"} <= group.keys():
            fields["particles.eta"] = _eta_of_candidates(group)
    return list(fields.values())


def _mass_branch(group: Mapping[str, str]) -> str | float:
    return group.get("Mass", 0.0)


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


def _towers(groups: Groups) -> list[Field]:
    name = _first(groups, ("Tower", "CaloTower", "Calorimeter"), "ET", "Eta", "Phi")
    if name is None:
        return []
    group = groups[name]
    parts: dict[str, BranchOrValue] = {"pt": group["ET"], "eta": group["Eta"]}
    parts |= {"phi": group["Phi"], "mass": 0.0}
    for field, branch in (("em_energy", "Eem"), ("had_energy", "Ehad")):
        if branch in group:
            parts[field] = group[branch]
    return merged("towers", [parts])


def _jets(groups: Groups, broken: dict[str, str], table: Table) -> list[Field]:
    fields = []
    for collection, names in (("jets", _JETS), ("fat_jets", _FAT_JETS)):
        present = [name for name in names if name in groups]
        whole = [n for n in present if _holds(groups[n], "PT", "Eta", "Phi", "Mass")]
        if whole:
            resolved = [n for n in whole if _resolves(n, groups, table)]
            name = (resolved or whole)[0]
            fields += _one_kind_of_jets(collection, name, groups)
            if resolved:
                fields.append(_constituents(collection, name, groups))
        elif present:
            group = groups[present[0]]
            lost = [k for k in ("PT", "Eta", "Phi", "Mass") if k not in group]
            broken[collection] = (
                f"{table} has no branch {present[0]}.{lost[0]}, which `{collection}`"
                " needs; choose other columns, or write the file with that branch"
            )
    return fields


def _one_kind_of_jets(collection: str, name: str, groups: Groups) -> list[Field]:
    group = groups[name]
    parts: dict[str, BranchOrValue] = {
        "pt": group["PT"],
        "eta": group["Eta"],
        "phi": group["Phi"],
        "mass": group["Mass"],
    }
    for field, branch in (
        *(("btag", "BTag"), ("tau_tag", "TauTag"), ("charge", "Charge")),
        *(("flavour", "Flavor"), ("num_charged", "NCharged")),
    ):
        if branch in group:
            parts[field] = group[branch]
    fields = merged(collection, [parts])
    if "Tau" in group:  # Tau[5]: tau_1 to tau_5
        taus = group["Tau"]
        fields += [_column(f"{collection}.tau_{n}", taus, n - 1) for n in (1, 2, 3, 4)]
    return fields


def _flow_ids(groups: Groups) -> list[str]:
    """List the branches that number the particles, none if some have no number."""
    flow = [groups[name] for name in flow_groups(groups)]
    ids = [part["fUniqueID"] for part in flow if "fUniqueID" in part]
    return ids if len(ids) == len(flow) else []


def _resolves(name: str, groups: Groups, table: Table) -> bool:
    references, ids = groups[name].get("Constituents"), _flow_ids(groups)
    if references is None or not ids:
        return False
    return references_resolve(table, references, ids)


def _constituents(collection: str, name: str, groups: Groups) -> Field:
    references, ids = groups[name]["Constituents"], _flow_ids(groups)

    def make(arrays: Arrays) -> ak.Array:
        index = reference_index(arrays[references], [arrays[i] for i in ids])
        if ak.any(index == NOWHERE, axis=None):
            message = f"{references} refers to objects that were not saved"
            raise ValueError(message)
        return index

    return Field(f"{collection}.constituent_index", (references, *ids), make)


def _column(name: str, branch: str, position: int) -> Field:
    return Field(name, (branch,), lambda arrays: arrays[branch][:, :, position])


def _leptons(groups: Groups) -> list[Field]:
    parts = []
    for names, flavour, mass in (
        (_ELECTRONS, ELECTRON, ELECTRON_MASS_GEV),
        (_MUONS, MUON, MUON_MASS_GEV),
    ):
        name = _first(groups, names, "PT", "Eta", "Phi")
        if name is None:
            continue
        group = groups[name]
        part: dict[str, BranchOrValue] = {
            "pt": group["PT"],
            "eta": group["Eta"],
            "phi": group["Phi"],
            "mass": mass,
            "flavour": flavour,
            "charge": group.get("Charge", 0),
        }
        if "IsolationVar" in group:
            part["isolation"] = group["IsolationVar"]
        parts.append(part)
    return merged("leptons", parts)


def _photons(groups: Groups) -> list[Field]:
    name = _first(groups, _PHOTONS, "PT", "Eta", "Phi")
    if name is None:
        return []
    group = groups[name]
    part: dict[str, BranchOrValue] = {
        "pt": group["PT"],
        "eta": group["Eta"],
        "phi": group["Phi"],
        "mass": 0.0,
    }
    if "IsolationVar" in group:
        part["isolation"] = group["IsolationVar"]
    return merged("photons", [part])


def _taus(groups: Groups) -> list[Field]:
    """Take the jets with a tau tag; they stay among the jets, too."""
    name = _first(groups, _JETS, "PT", "Eta", "Phi", "Mass", "TauTag")
    if name is None:
        return []
    group = groups[name]
    tag = group["TauTag"]

    def tagged(field: str, branch: str) -> Field:
        return Field(
            f"taus.{field}",
            (branch, tag),
            lambda arrays: arrays[branch][(arrays[tag] & 1) == 1],
        )

    names = {"pt": "PT", "eta": "Eta", "phi": "Phi", "mass": "Mass", "charge": "Charge"}
    return [tagged(k, group[b]) for k, b in names.items() if b in group]


def _met(groups: Groups, table: Table) -> list[Field]:
    name = _first(groups, _METS, "MET", "Phi")
    if name is None:
        return []
    group = groups[name]
    fields = [first_of("met.pt", group["MET"]), first_of("met.phi", group["Phi"])]
    flow = [
        (_pt(part) or "", part["Phi"], part.get("PID", ""))
        for part in (groups[n] for n in flow_groups(groups))
        if _pt(part) and "Phi" in part
    ]
    contains = met_contains_muons(table, group, flow) if flow else None
    if contains is not None:
        fields.append(everywhere("met.contains_muons", group["MET"], contains))
    return fields


def _weights(groups: Groups) -> list[Field]:
    """Take Event.Weight; the list `Weight` holds it and its variations."""
    event, listed = groups.get("Event", {}), groups.get("Weight", {})
    fields = []
    if "Weight" in event:
        fields.append(first_of("weight", event["Weight"]))
    elif "Weight" in listed:
        fields.append(padded_first("weight", listed["Weight"]))
    if "Weight" in listed:
        fields.append(copied("weight_variations.listed", listed["Weight"]))
    return fields


def _identity(groups: Groups) -> list[Field]:
    event = groups.get("Event", {})
    return [first_of("id.event", event["Number"])] if "Number" in event else []


def _vertices(groups: Groups, table: Table) -> list[Field]:
    for name in _VERTICES:
        if f"{name}_size" in table.known:
            return [copied("num_vertices", f"{name}_size")]
        if name in groups and "Z" in groups[name]:
            return [counted("num_vertices", groups[name]["Z"])]
    return []


def _truth(groups: Groups) -> list[Field]:
    group = groups.get("Particle", {})
    if not _holds(group, "PT", "Eta", "Phi", "Mass", "PID"):
        return []
    names = {
        "pt": "PT",
        "eta": "Eta",
        "phi": "Phi",
        "mass": "Mass",
        "pdg_id": "PID",
        "status": "Status",
        "is_pileup": "IsPU",
    }
    return [
        copied(f"truth.particles.{field}", group[branch])
        for field, branch in names.items()
        if branch in group
    ]
