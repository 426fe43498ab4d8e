"""The spellings of a four-momentum, and its two coordinate sets."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np

CARTESIAN = ("px", "py", "pz", "energy")
CYLINDRICAL = ("pt", "eta", "phi", "mass")

#: oddjet's name of each coordinate, and the spellings that vector knows for it.
SPELLINGS = {
    "pt": ("pt", "rho"),
    "eta": ("eta",),
    "theta": ("theta",),
    "phi": ("phi",),
    "px": ("px", "x"),
    "py": ("py", "y"),
    "pz": ("pz", "z"),
    "mass": ("mass", "M", "m", "tau"),
    "energy": ("energy", "E", "e", "t"),
}

#: Every spelling of every coordinate.
COORDINATES = frozenset(name for names in SPELLINGS.values() for name in names)


def record_name(records: ak.Array) -> str:
    """Return the name that gives records their behaviour, "" if they have none."""
    return ak.to_layout(records).purelist_parameter("__record__") or ""


def is_momentum(records: ak.Array) -> bool:
    """Tell whether vector treats the records, or a layout of them, as momenta."""
    return record_name(records).startswith("Momentum")


def named_momenta(records: ak.Array) -> ak.Array:
    """Give records with a transverse momentum vector's behaviour, leave the rest."""
    return ak.Array(named_layout(ak.to_layout(records)), behavior=records.behavior)


def named_layout(records: Any) -> Any:
    """Do what `named_momenta` does, from layout to layout."""
    names = set(records.fields)
    planar = {"pt", "phi"} <= names or {"px", "py"} <= names
    if not planar or is_momentum(records):
        return records
    longitudinal = not names.isdisjoint(("eta", "pz", "theta"))
    temporal = not names.isdisjoint(SPELLINGS["mass"] + SPELLINGS["energy"])
    dimensions = 4 if longitudinal and temporal else 3 if longitudinal else 2
    return _named(records, f"Momentum{dimensions}D")


def _named(records: Any, name: str) -> Any:
    """`ak.with_name`, which takes a millisecond, for the layouts that readers make."""
    if records.is_record:
        return records.copy(parameters={**records.parameters, "__record__": name})
    if records.is_list and records.content.is_record:
        return records.copy(content=_named(records.content, name))
    return ak.to_layout(ak.with_name(records, name))


def wrapped_azimuth(angle: Any) -> Any:
    """Bring angles, or differences of azimuths, of any number of turns to [-pi, pi).

    Parameters
    ----------
    angle : float, NumPy or awkward array [radians]

    Returns
    -------
    As given [radians]

    Examples
    --------
    >>> round(wrapped_azimuth(4.0), 6)
    -2.283185
    """
    return (angle + np.pi) % (2 * np.pi) - np.pi
