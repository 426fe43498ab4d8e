"""JetClass and JetClass-II: one jet a row, its particles as lists."""

from __future__ import annotations

from collections.abc import Callable

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet.io.readers.layout import Arrays, Field, Layout, copied
from oddjet.io.readers.table import Table

NAME = "jetclass"

_MOMENTA = {"px": "part_px", "py": "part_py", "pz": "part_pz", "energy": "part_energy"}
_OTHERS = {
    "charge": "part_charge",
    "d0": "part_d0val",
    "dz": "part_dzval",
}
_JET = {
    "pt": "jet_pt",
    "eta": "jet_eta",
    "phi": "jet_phi",
    "soft_drop_mass": "jet_sdmass",
    **{f"tau_{n}": f"jet_tau{n}" for n in (1, 2, 3, 4)},
}
# Particle-flow codes of the kinds that JetClass tells apart.
_KINDS = {
    "part_isElectron": -11,
    "part_isMuon": -13,
    "part_isPhoton": 22,
    "part_isChargedHadron": 211,
    "part_isNeutralHadron": 130,
}
_NEUTRAL = (22, 130)


def layout(table: Table) -> Layout | None:
    """Map a table of JetClass to events of one jet each.

    `particles` are those of the jet, `fat_jets` is the jet with all of them; its mass
    is sign(m²) sqrt|m²| of its energy, which rounding makes slightly negative for
    light jets. Labels, and the generated particles of JetClass-II, are `truth`.

    Returns
    -------
    Layout or None
        None if the table is not JetClass.
    """
    needed = {*_MOMENTA.values(), "jet_pt", "jet_eta", "jet_phi", "jet_energy"}
    if not needed <= table.known:
        return None
    fields = [copied(f"particles.{name}", b) for name, b in _MOMENTA.items()]
    fields += [
        copied(f"particles.{name}", branch)
        for name, branch in _OTHERS.items()
        if branch in table.known
    ]
    if {*_KINDS, "part_charge"} <= table.known:
        fields.append(Field("particles.pdg_id", (*_KINDS, "part_charge"), _identity))
    fields += [
        Field(f"fat_jets.{name}", (branch,), _one_a_row(branch))
        for name, branch in _JET.items()
        if branch in table.known
    ]
    fields.append(Field("fat_jets.mass", tuple(sorted(_FOR_MASS)), _mass))
    fields.append(Field("fat_jets.constituent_index", ("part_px",), _all_particles))
    fields += _truth(table)
    return Layout(tuple(fields), role="mc", records_role=True)


_FOR_MASS = {"jet_pt", "jet_eta", "jet_energy"}


def _one_a_row(branch: str) -> Callable[[Arrays], ak.Array]:
    return lambda arrays: _singles(ak.to_numpy(arrays[branch]))


def _singles(values: NDArray[np.generic]) -> ak.Array:
    offsets = ak.index.Index64(np.arange(len(values) + 1))
    content = ak.contents.NumpyArray(np.ascontiguousarray(values))
    return ak.Array(ak.contents.ListOffsetArray(offsets, content))


def _mass(arrays: Arrays) -> ak.Array:
    pt, eta, energy = (
        ak.to_numpy(arrays[name]).astype(np.float64)
        for name in ("jet_pt", "jet_eta", "jet_energy")
    )
    squared = energy**2 - (pt * np.cosh(eta)) ** 2
    mass = np.sign(squared) * np.sqrt(np.abs(squared))
    return _singles(mass.astype(np.float32))


def _all_particles(arrays: Arrays) -> ak.Array:
    index = ak.local_index(arrays["part_px"], axis=1)
    layout = ak.to_layout(index).to_ListOffsetArray64(True)
    offsets = ak.index.Index64(np.arange(len(layout) + 1))
    return ak.Array(ak.contents.ListOffsetArray(offsets, layout))


def _identity(arrays: Arrays) -> ak.Array:
    charge = arrays["part_charge"]
    sign = ak.where(charge == 0, 1, charge)
    code = ak.values_astype(ak.zeros_like(charge), np.int32)
    for branch, kind in _KINDS.items():
        of_kind = kind if kind in _NEUTRAL else kind * sign
        code = ak.where(arrays[branch] > 0, of_kind, code)
    return ak.values_astype(code, np.int32)


def _truth(table: Table) -> list[Field]:
    fields = [
        copied(f"truth.{name}", name)
        for name in table.names
        if name.startswith("label_") and "." not in name
    ]
    if "jet_label" in table.known:
        fields.append(copied("truth.label", "jet_label"))
    generated = {
        "px": "genpart_px",
        "py": "genpart_py",
        "pz": "genpart_pz",
        "energy": "genpart_energy",
        "pdg_id": "genpart_pid",
    }
    if set(generated.values()) <= table.known:
        fields += [copied(f"truth.particles.{n}", b) for n, b in generated.items()]
    return fields
