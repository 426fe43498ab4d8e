"""CMS NanoAOD, PFNano and scouting Nano, by the branches that are there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

import awkward as ak

from oddjet.io.readers.fields import (
    BranchOrValue,
    counted,
    everywhere,
    first_of,
    merged,
)
from oddjet.io.readers.layout import Arrays, Field, Layout, copied
from oddjet.io.readers.nanoaod_candidates import candidate_index
from oddjet.io.readers.root_table import RootTable
from oddjet.io.readers.table import Table

NAME = "nanoaod"

ELECTRON, MUON = 11, 13

Groups = Mapping[str, Mapping[str, str]]


class _Where(TypedDict):
    """What every search for branches looks at."""

    groups: Groups
    broken: dict[str, str]
    table: Table


_PARTICLES = (
    *("PFCands", "PFCand", "JetPFCands", "ScoutingParticle", "ScoutingPFCandidate"),
    *("ScoutingPFCand", "PFCandidate", "PuppiCands"),
)
_JETS = ("Jet", "ScoutingPFJet", "ScoutingJet", "ScoutingPFJetRecluster", "JetPuppi")
_FAT_JETS = ("FatJet", "ScoutingFatJet", "ScoutingFatPFJetRecluster", "CustomAK8Puppi")
_METS = ("PuppiMET", "PFMET", "MET", "ScoutingMET", "RawPuppiMET", "RawMET")
_LEPTONS = (
    (ELECTRON, ("Electron", "ScoutingElectron")),
    (MUON, ("Muon", "ScoutingMuon", "ScoutingMuonVtx", "ScoutingMuonNoVtx")),
)
_ISOLATIONS = {
    ELECTRON: ("pfRelIso03_all", "miniPFRelIso_all"),
    MUON: ("pfRelIso04_all", "pfRelIso03_all", "miniPFRelIso_all"),
}
# The best tagger first; all are discriminators that grow with the chance of a b.
_BTAGS = (
    *("btagUParTAK4B", "btagRobustParTAK4B", "btagPNetB", "btagDeepFlavB"),
    *("btagDeepB", "btagCSVV2", "particleNet_prob_b", "csv"),
)
_FAT_BTAGS = (
    *("globalParT3_Xbb", "particleNet_XbbVsQCD", "particleNetMD_Xbb"),
    *("particleNet_prob_Hbb", "btagDDBvLV2", "btagDDBvL", "btagHbb"),
)
# Further fields of jets, under the names of the event model. Not `tau2`: vector takes
# that for the square of its own coordinate tau.
_JET_FIELDS = {
    "raw_factor": "rawFactor",
    "area": "area",
    "jet_id": "jetId",
    "flavour": "hadronFlavour",
    "soft_drop_mass": "msoftdrop",
    "tau_1": "tau1",
    "tau_2": "tau2",
    "tau_3": "tau3",
    "tau_4": "tau4",
}
_CANDIDATE_FIELDS = {
    "charge": "charge",
    "pdg_id": "pdgId",
    "puppi_weight": "puppiWeight",
    "d0": "d0",
    "dz": "dz",
}
_VARIATIONS = {
    "lhe_scale": "LHEScaleWeight",
    "lhe_pdf": "LHEPdfWeight",
    "parton_shower": "PSWeight",
    "lhe_reweighting": "LHEReweightingWeight",
}
_TRIGGERS = ("HLT_", "DST_", "L1_")


def layout(table: Table) -> Layout | None:
    """Map a NanoAOD tree, of any version and flavour, to the event model.

    The pT of candidates is as stored; `puppi_weight` is beside it where the file has
    it. `constituent_index` comes from the tables that tie jets to candidates; a jet
    without any keeps an empty list. MET of CMS contains muons. Weight variations are
    multiplied with `genWeight`, so that each can stand in for `weight`. A file with
    generator branches is simulation, one without counts as data.

    Returns
    -------
    Layout or None
        None if the tree is not NanoAOD.
    """
    if not isinstance(table, RootTable):
        return None
    if not {"run", "luminosityBlock", "event"} <= table.known:
        return None
    groups = table.groups("_")
    broken: dict[str, str] = {}
    particles = _particles(groups, broken, table)
    is_simulation = not table.known.isdisjoint(("genWeight", "GenPart_pt"))
    where: _Where = {"groups": groups, "broken": broken, "table": table}
    fields = [
        *particles,
        *_jets("jets", _JETS, _BTAGS, **where),
        *_jets("fat_jets", _FAT_JETS, _FAT_BTAGS, **where),
        *_leptons(groups),
        *_simple("photons", ("Photon", "ScoutingPhoton"), groups, mass=0.0),
        *_simple("taus", ("Tau",), groups, mass="mass"),
        *_met(groups),
        *_weights(table),
        copied("id.run", "run"),
        copied("id.lumi", "luminosityBlock"),
        copied("id.event", "event"),
        *_flags("trigger", table, _TRIGGERS),
        *_flags("filters", table, ("Flag_",)),
        *_vertices(table, groups),
        *_truth(groups),
    ]
    return Layout(
        tuple(fields),
        role="mc" if is_simulation else "data",
        records_role=is_simulation,
        broken=broken,
        absent={
            "particles": "PFCands_* or PFCand_* (PFNano has them)",
            "fat_jets": "FatJet_* or ScoutingFatJet_*",
            "jets": "Jet_* or ScoutingPFJet_*",
            "met": "PuppiMET_*, PFMET_* or MET_*",
        },
    )


def _momentum(group: Mapping[str, str]) -> dict[str, BranchOrValue] | None:
    """Name the branches of a momentum, or None if one is missing."""
    mass = group.get("mass") or group.get("m")
    if not {"pt", "eta", "phi"} <= group.keys() or mass is None:
        return None
    return {**{name: group[name] for name in ("pt", "eta", "phi")}, "mass": mass}


def _found(
    names: tuple[str, ...],
    groups: Groups,
    broken: dict[str, str],
    collection: str,
    table: Table,
) -> tuple[str, dict[str, BranchOrValue]] | None:
    """Find the first source that is there; one that is there in part is an error."""
    for name in names:
        group = groups.get(name, {})
        momentum = _momentum(group)
        if momentum is not None:
            return name, momentum
        if "pt" in group:
            lost = [k for k in ("eta", "phi", "mass") if k not in group]
            broken[collection] = (
                f"{table} has no branch {name}_{lost[0]}, which `{collection}` needs;"
                " choose other columns, or write the file with that branch"
            )
            return None
    return None


def _particles(groups: Groups, broken: dict[str, str], table: Table) -> list[Field]:
    found = _found(_PARTICLES, groups, broken, "particles", table)
    if found is None:
        return []
    name, part = found
    for field, branch in _CANDIDATE_FIELDS.items():
        if branch in groups[name]:
            part[field] = groups[name][branch]
    return merged("particles", [part])


def _jets(
    collection: str,
    names: tuple[str, ...],
    taggers: tuple[str, ...],
    *,
    groups: Groups,
    broken: dict[str, str],
    table: Table,
) -> list[Field]:
    found = _found(names, groups, broken, collection, table)
    if found is None:
        return []
    name, part = found
    group = groups[name]
    tagger = next((tagger for tagger in taggers if tagger in group), None)
    if tagger is not None:
        part["btag"] = group[tagger]
    for field, branch in _JET_FIELDS.items():
        if branch in group:
            part[field] = group[branch]
    fields = merged(collection, [part])
    index = _constituents(collection, name, groups)
    return [*fields, index] if index is not None else fields


def _constituents(collection: str, jet: str, groups: Groups) -> Field | None:
    """Find the table that ties jets to candidates, under any of its names."""
    for suffix in ("PFCands", "PFCand", "PFCandidate", "Particle"):
        table = groups.get(f"{jet}{suffix}", {})
        jet_index = table.get("jetIdx")
        candidate = next(
            (b for name, b in table.items() if name.lower() in _CANDIDATE_INDICES),
            None,
        )
        if jet_index is not None and candidate is not None:
            return _index_field(collection, jet_index, candidate, groups[jet]["pt"])
    return None


def _index_field(collection: str, jet_index: str, candidate: str, jets: str) -> Field:
    def make(arrays: Arrays) -> ak.Array:
        counts = ak.num(arrays[jets])
        return candidate_index(arrays[jet_index], arrays[candidate], counts)

    name = f"{collection}.constituent_index"
    return Field(name, (jet_index, candidate, jets), make)


_CANDIDATE_INDICES = ("pfcandsidx", "pfcandidx", "candidx", "particleidx")


def _leptons(groups: Groups) -> list[Field]:
    parts = []
    for flavour, names in _LEPTONS:
        for name in names:
            part = _momentum(groups.get(name, {}))
            if part is None:
                continue
            group = groups[name]
            part["flavour"] = flavour
            if "charge" in group:
                part["charge"] = group["charge"]
            for isolation in _ISOLATIONS[flavour]:
                if isolation in group:
                    part["isolation"] = group[isolation]
                    break
            parts.append(part)
            break
    return merged("leptons", parts)


def _simple(
    collection: str, names: tuple[str, ...], groups: Groups, *, mass: str | float
) -> list[Field]:
    for name in names:
        group = groups.get(name, {})
        if not {"pt", "eta", "phi"} <= group.keys():
            continue
        part: dict[str, BranchOrValue] = {k: group[k] for k in ("pt", "eta", "phi")}
        if isinstance(mass, str) and mass not in group:
            continue
        part["mass"] = group[mass] if isinstance(mass, str) else mass
        if "charge" in group:
            part["charge"] = group["charge"]
        return merged(collection, [part])
    return []


def _met(groups: Groups) -> list[Field]:
    for name in _METS:
        group = groups.get(name, {})
        if {"pt", "phi"} <= group.keys():
            pt = group["pt"]
            return [
                first_of("met.pt", pt),
                first_of("met.phi", group["phi"]),
                everywhere("met.contains_muons", pt, True),
            ]
    return []


def _weights(table: Table) -> list[Field]:
    if "genWeight" not in table.known:
        return []
    fields = [copied("weight", "genWeight")]
    for name, branch in _VARIATIONS.items():
        if branch in table.known:
            fields.append(_variation(name, branch))
    return fields


def _variation(name: str, branch: str) -> Field:
    return Field(
        f"weight_variations.{name}",
        (branch, "genWeight"),
        lambda arrays: arrays[branch] * arrays["genWeight"],
    )


def _flags(collection: str, table: Table, prefixes: tuple[str, ...]) -> list[Field]:
    names = [name for name in table.names if name.startswith(prefixes)]
    # The dot separates levels of the event model; no CMS path has one.
    return [copied(f"{collection}.{name}", name) for name in names if "." not in name]


def _vertices(table: Table, groups: Groups) -> list[Field]:
    if "PV_npvs" in table.known:
        return [copied("num_vertices", "PV_npvs")]
    for name in ("ScoutingPrimaryVertex", "ScoutingVertex"):
        if "z" in groups.get(name, {}):
            return [counted("num_vertices", groups[name]["z"])]
    return []


def _truth(groups: Groups) -> list[Field]:
    group = groups.get("GenPart", {})
    if not {"pt", "eta", "phi", "mass", "pdgId"} <= group.keys():
        return []
    names = {k: k for k in ("pt", "eta", "phi", "mass", "status")} | {"pdg_id": "pdgId"}
    return [
        copied(f"truth.particles.{field}", group[branch])
        for field, branch in names.items()
        if branch in group
    ]
