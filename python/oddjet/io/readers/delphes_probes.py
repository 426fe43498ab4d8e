"""Questions to the first events of a Delphes file, which its branches do not answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet.events.coordinates import wrapped_azimuth
from oddjet.io.readers.delphes_references import NOWHERE, reference_index
from oddjet.io.readers.table import Table
from oddjet.runs.errors import UserError

#: Enough to meet every kind of object, few enough to be one basket.
PROBE_ROWS = 64
_MUON = 13
# PUPPI and resolution aside, MET is the sum of the flow to float32 rounding.
_SAME_MET_RELATIVE = 0.01

#: Stable particles that no detector sees: neutralino-like, Pythia's dark matter
#: (51-60) and hidden-valley states; see `is_dark`.
_DARK_MATTER = (51, 52, 53, 54, 55, 56, 57, 58, 59, 60)
_SUPERSYMMETRIC_INVISIBLE = (1000012, 1000014, 1000016, 1000022, 1000039)


def references_resolve(table: Table, references: str, ids: Sequence[str]) -> bool:
    """Tell whether the constituents of jets are among the objects that were saved."""
    rows = min(PROBE_ROWS, table.num_rows)
    arrays = table.read([references, *ids], 0, rows)
    index = reference_index(arrays[references], [arrays[name] for name in ids])
    return not ak.any(index == NOWHERE, axis=None)


def met_contains_muons(
    table: Table,
    met: Mapping[str, str],
    flow: Sequence[tuple[str, str, str]],
) -> bool | None:
    """Compare MET with the energy flow, with and without its muons.

    Parameters
    ----------
    table : Table
    met : mapping
        Its branches MET and Phi.
    flow : sequence of (pt, phi, pdg_id)
        Branches of the parts of the energy flow; "" for a part without identity.

    Returns
    -------
    bool or None
        None if the first events have no muon or MET is not the sum of the flow.
    """
    rows = min(PROBE_ROWS, table.num_rows)
    names = [met["MET"], met["Phi"], *(name for part in flow for name in part if name)]
    arrays = table.read(list(dict.fromkeys(names)), 0, rows)
    pt, phi = (_firsts(arrays[met[name]]) for name in ("MET", "Phi"))
    stored = pt * np.exp(1j * phi)
    everything = np.zeros(rows, complex)
    muons = np.zeros(rows, complex)
    for part in flow:
        momenta = _momenta(arrays, part)
        everything -= ak.to_numpy(ak.sum(momenta, axis=1))
        if part[2]:
            is_muon = abs(arrays[part[2]]) == _MUON
            muons -= ak.to_numpy(ak.sum(momenta[is_muon], axis=1))
    telling = abs(muons) > _SAME_MET_RELATIVE * abs(stored) + 1.0
    if not telling.any():
        return None
    sums = {True: everything, False: everything - muons}
    for contains, expected in sums.items():
        difference = abs(stored - expected)[telling]
        if np.median(difference / (abs(stored)[telling] + 1.0)) < _SAME_MET_RELATIVE:
            return contains
    return None


def _firsts(array: ak.Array) -> NDArray[np.float64]:
    if array.ndim > 1:
        array = ak.fill_none(ak.firsts(array), 0.0)
    values: NDArray[np.float64] = ak.to_numpy(array).astype(np.float64)
    return values


def _momenta(arrays: Mapping[str, ak.Array], part: tuple[str, str, str]) -> ak.Array:
    pt, phi = (ak.values_astype(arrays[name], np.float64) for name in part[:2])
    return pt * np.cos(phi) + 1j * (pt * np.sin(phi))


def is_dark(pdg_id: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Tell which particles a detector should not see, neutrinos left out.

    Hidden-valley states (49xxxxx), dark matter (51-60) and the stable neutral ones of
    supersymmetry; stock Delphes cards give all but a few of them to the hadronic
    calorimeter.
    """
    code = np.abs(pdg_id)
    is_hidden_valley = (code >= 4900000) & (code < 5000000)
    known = (*_DARK_MATTER, *_SUPERSYMMETRIC_INVISIBLE)
    dark: NDArray[np.bool_] = is_hidden_valley | np.isin(code, known)
    return dark


def visible_dark_particles(table: Table, rows: int = PROBE_ROWS) -> tuple[int, int]:
    """Count the stable dark particles, and those of them that a calorimeter saw.

    A deposit is found by the references of the towers or neutral hadrons to their
    particles; without references, by a deposit within Delta R < 0.1 of at least half
    the particle's pT.

    Parameters
    ----------
    table : Table
        A Delphes tree.
    rows : int
        Events to look at.

    Returns
    -------
    dark : int
    seen : int
        Both 0 if the file has no generator record or no calorimeter.
    """
    groups = table.groups(".")
    particle = groups.get("Particle", {})
    needed = ("PID", "Status", "PT", "Eta", "Phi")
    if not all(name in particle for name in needed):
        return 0, 0
    calorimeters = [
        group
        for name, group in groups.items()
        if name in {"Tower", "EFlowNeutralHadron", "EFlowPhoton"}
        or name.startswith("ParticleFlowCandidate")
    ]
    rows = min(rows, table.num_rows)
    record = dict(table.read([particle["PID"], particle["Status"]], 0, rows))
    pid, status = record[particle["PID"]], record[particle["Status"]]
    flat = is_dark(ak.to_numpy(ak.flatten(pid)))
    dark = ak.unflatten(flat, ak.num(pid)) & (status == 1)
    num_dark = int(ak.sum(dark))
    if num_dark == 0:
        return 0, 0
    record |= table.read([particle[name] for name in ("PT", "Eta", "Phi")], 0, rows)
    seen = ak.zeros_like(pid) > 0
    for group in calorimeters:
        if "Particles" in group and "fUniqueID" in particle:
            seen = seen | _referred(table, group["Particles"], particle, rows)
        elif ("ET" in group or "PT" in group) and "Eta" in group and "Phi" in group:
            seen = seen | _deposit_near(table, group, particle, record, rows)
    return num_dark, int(ak.sum(dark & seen))


def dark_particle_doubts(table: Table) -> list[str]:
    """Say if the first events have dark particles that left energy in a calorimeter."""
    try:
        dark, seen = visible_dark_particles(table)
    except UserError:  # damage of branches that nobody asked for
        return []
    if not seen:
        return []
    doubt = (
        f"{seen} of {dark} stable dark particles of the first events left energy in the"
        " calorimeter: the Delphes card lacks zero fractions and a neutrino filter for"
        " them, so MET and jets are wrong"
    )
    return [doubt]


def _referred(
    table: Table, references: str, particle: Mapping[str, str], rows: int
) -> ak.Array:
    arrays = table.read([references, particle["fUniqueID"]], 0, rows)
    ids = arrays[particle["fUniqueID"]]
    index = ak.flatten(reference_index(arrays[references], [ids]), axis=2)
    counts = ak.to_numpy(ak.num(ids))
    starts = np.cumsum(counts) - counts
    event = np.repeat(np.arange(len(ids)), ak.to_numpy(ak.num(index)))
    flat = ak.to_numpy(ak.flatten(index))
    found = flat != NOWHERE
    is_seen = np.zeros(int(counts.sum()), np.bool_)
    is_seen[(starts[event] + flat)[found]] = True
    return ak.unflatten(is_seen, counts)


def _deposit_near(
    table: Table,
    group: Mapping[str, str],
    particle: Mapping[str, str],
    record: Mapping[str, ak.Array],
    rows: int,
) -> ak.Array:
    names = [group.get("ET") or group["PT"], group["Eta"], group["Phi"]]
    arrays = table.read(names, 0, rows)
    deposits = ak.zip(
        dict(zip(("pt", "eta", "phi"), (arrays[n] for n in names), strict=True))
    )
    truth = ak.zip({k.lower(): record[particle[k]] for k in ("PT", "Eta", "Phi")})
    pairs = ak.cartesian({"truth": truth, "deposit": deposits}, nested=True)
    phi = wrapped_azimuth(pairs.truth.phi - pairs.deposit.phi)
    near = np.hypot(pairs.truth.eta - pairs.deposit.eta, phi) < 0.1
    return ak.sum(pairs.deposit.pt * near, axis=-1) > 0.5 * truth.pt
