"""Delphes: branches found by what they hold, since every card names them anew."""

from __future__ import annotations

from functools import partial

import awkward as ak

from oddjet.io.readers.delphes_particles import (
    ELECTRON_MASS_GEV,
    Groups,
    first_group,
    flow_groups,
    holds,
    particle_fields,
    pt_of,
    tower_fields,
)
from oddjet.io.readers.delphes_probes import (
    dark_particle_doubts,
    met_contains_muons,
    references_resolve,
)
from oddjet.io.readers.delphes_references import NOWHERE, reference_index
from oddjet.io.readers.fields import (
    BranchOrValue,
    counted,
    everywhere,
    first_of,
    merged,
    padded_first,
)
from oddjet.io.readers.layout import Arrays, Field, Layout, copied
from oddjet.io.readers.root_table import RootTable
from oddjet.io.readers.table import Table

NAME = "delphes"

ELECTRON = 11
MUON, MUON_MASS_GEV = 13, 0.1056583745
TAU_MASS_GEV = 1.77686

_JETS = ("JetPUPPI", "Jet", "JetCHS", "JetAK4", "AK4Jet", "JetPUPPIAK4")
_FAT_JETS = (
    *("JetPUPPIAK8", "FatJet", "JetAK8", "JetPUPPIFat", "FatJetPUPPI", "AK8Jet"),
    *("JetAK10", "FatTrackJet", "JetPUPPIAK15", "JetAK15"),
)
_METS = ("PuppiMissingET", "MissingET")
_ELECTRONS = ("Electron", "ElectronMedium", "ElectronTight", "ElectronLoose")
_MUONS = ("Muon", "MuonMedium", "MuonTight", "MuonLoose", "MuonTightCHS")
_PHOTONS = ("Photon", "PhotonMedium", "PhotonTight", "PhotonLoose")
_VERTICES = ("Vertex",)


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
    if not any(holds(group, "Eta", "Phi") for group in groups.values()):
        return None
    broken: dict[str, str] = {}
    fields = [
        *particle_fields(groups, broken, table),
        *tower_fields(groups),
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
        doubts=partial(dark_particle_doubts, table),
        absent={
            "particles": "EFlowTrack, EFlowPhoton and EFlowNeutralHadron, or"
            " ParticleFlowCandidate",
            "fat_jets": ", ".join(_FAT_JETS[:3]),
            "jets": ", ".join(_JETS[:2]),
            "met": ", ".join(_METS),
        },
    )


def _jets(groups: Groups, broken: dict[str, str], table: Table) -> list[Field]:
    fields = []
    for collection, names in (("jets", _JETS), ("fat_jets", _FAT_JETS)):
        present = [name for name in names if name in groups]
        whole = [n for n in present if holds(groups[n], "PT", "Eta", "Phi", "Mass")]
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
        name = first_group(groups, names, "PT", "Eta", "Phi")
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
    name = first_group(groups, _PHOTONS, "PT", "Eta", "Phi")
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
    name = first_group(groups, _JETS, "PT", "Eta", "Phi", "Mass", "TauTag")
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
    name = first_group(groups, _METS, "MET", "Phi")
    if name is None:
        return []
    group = groups[name]
    fields = [first_of("met.pt", group["MET"]), first_of("met.phi", group["Phi"])]
    flow = [
        (pt_of(part) or "", part["Phi"], part.get("PID", ""))
        for part in (groups[n] for n in flow_groups(groups))
        if pt_of(part) and "Phi" in part
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
    if not holds(group, "PT", "Eta", "Phi", "Mass", "PID"):
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
