"""What looks wrong in events: units, angles, copies, and traps of known chains."""

from __future__ import annotations

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet.events import Events, momentum_faults
from oddjet.io.readers.source import EventSource

# The hardest object of the LHC has 6.8 TeV; in MeV soft jets have more.
_BEAM_ENERGY_GEV = 7000.0
# The nearest float32 to pi is 8.7e-8 above it.
_PHI_MAX = np.pi + 1e-6
_DETECTOR_FIELDS = ("run", "lumi", "event")


def suspicions(events: Events, source: EventSource) -> list[str]:
    """List what an analyst should look at, one sentence each.

    MeV instead of GeV, azimuths outside [-pi, pi] beyond float32 rounding, masses that
    are all zero, values that are not finite, events that appear twice, weights that are
    all zero, indices that point nowhere, and dark particles that a calorimeter saw.

    Parameters
    ----------
    events : Events
        Unchecked ones.
    source : EventSource
        Where they come from.

    Returns
    -------
    list of str
    """
    found: list[str] = []
    for fault in momentum_faults(events.array):
        name = ".".join(filter(None, (fault.collection, fault.field)))
        found.append(
            f"{name} is {fault.problem} in {len(fault.events)} events, first in entry"
            f" {events.id.entry[int(fault.events[0])]}"
        )
    for collection in events.fields:
        array = events.array[collection]
        names = ak.fields(array)
        if {"pt", "phi"} & set(names) or {"px", "py"} <= set(names):
            found += _of_momenta(collection, array)
    found += _copies(events) + _weights(events) + _indices(events)
    return found + source.doubts()


def _of_momenta(collection: str, array: ak.Array) -> list[str]:
    found = []
    names = array.fields
    pt = _finite(array["pt"]) if "pt" in names else _finite(array.pt)
    if len(pt) and np.median(pt) > _BEAM_ENERGY_GEV / 7 and pt.max() > _BEAM_ENERGY_GEV:
        found.append(
            f"{collection}: the median pT is {np.median(pt):.0f}, the largest"
            f" {pt.max():.0f}: MeV instead of GeV?"
        )
    elif len(pt) and pt.max() > _BEAM_ENERGY_GEV:
        found.append(
            f"{collection}: the largest pT, {pt.max():.0f} GeV, exceeds that of a beam"
        )
    if "phi" in names:
        phi = _finite(array["phi"])
        outside = abs(phi) > _PHI_MAX
        if outside.any():
            found.append(
                f"{collection}.phi lies outside [-pi, pi] for {outside.sum()} of"
                f" {len(phi)} objects, up to {abs(phi).max():.4f}"
            )
    if "mass" in names and "jets" in collection:
        mass = _finite(array["mass"])
        if len(mass) and not mass.any():
            found.append(f"{collection}.mass is zero for all {len(mass)} objects")
    return found


def _finite(values: ak.Array) -> NDArray[np.float64]:
    flat = np.asarray(ak.flatten(values, axis=None), np.float64)
    return flat[np.isfinite(flat)]


def _copies(events: Events) -> list[str]:
    """Find events that appear twice: by their ids, else by their MET or momenta."""
    ids = events.array["id"]
    if set(_DETECTOR_FIELDS) <= set(ids.fields):
        keys = np.column_stack([np.asarray(ids[name]) for name in _DETECTOR_FIELDS])
        what = "the same run, lumi and event"
    else:
        columns = [
            np.asarray(ak.sum(events.array[name].pt, axis=1), np.float64)
            for name in ("particles", "jets", "fat_jets", "towers")
            if name in events.fields and "pt" in dir(events.array[name])
        ]
        if not columns:
            return []
        keys, what = np.column_stack(columns), "the same sums of pT"
        keys = keys[keys.any(axis=1)]
    copies = len(keys) - len(np.unique(keys, axis=0))
    return [f"{copies} events have {what} as another: duplicated?"] if copies else []


def _weights(events: Events) -> list[str]:
    weight = np.asarray(events.array["weight"], np.float64)
    if len(weight) and not weight.any():
        return ["every weight is zero"]
    return []


def _indices(events: Events) -> list[str]:
    found = []
    for collection in ("jets", "fat_jets"):
        if collection not in events.fields or "particles" not in events.fields:
            continue
        jets = events.array[collection]
        if "constituent_index" not in jets.fields:
            continue
        highest = ak.max(ak.flatten(jets["constituent_index"], axis=2), axis=1)
        beyond = ak.fill_none(highest >= ak.num(events.array["particles"]), False)
        if ak.any(beyond):
            found.append(
                f"{collection}.constituent_index points beyond the particles in"
                f" {int(ak.sum(beyond))} events"
            )
    return found
