"""Simulated events as awkward records of the event model."""

from __future__ import annotations

from collections.abc import Mapping

import awkward as ak
import numpy as np
from numpy.typing import ArrayLike, NDArray

from oddjet.simulate.particles import Particles

__all__ = ["event_records"]

FloatArray = NDArray[np.float64]

# The largest float32 below pi: rounding to the nearest would give azimuths
# beyond pi, and the event model promises [-pi, pi).
_LARGEST_AZIMUTH = np.nextafter(np.float32(np.pi), np.float32(0))


def event_records(
    *,
    flow: Particles,
    leptons: Particles,
    isolation: FloatArray,
    met: tuple[FloatArray, FloatArray],
    met_contains_muons: bool = True,
    identity: Mapping[str, ArrayLike],
    truth: Mapping[str, ArrayLike],
    jets: ak.Array | None = None,
    weight: FloatArray | None = None,
) -> ak.Array:
    """Compose the records of measured events.

    Parameters
    ----------
    flow : Particles
        Energy flow of all events, sorted by event.
    leptons : Particles
        Identified leptons, sorted by event.
    isolation : float64, shape (leptons,)
    met : pair of float64, shape (events,)
        Missing transverse momentum, pt [GeV] and phi.
    met_contains_muons : bool
        Whether muons were counted as visible in it.
    identity : mapping of array-likes, shape (events,)
        Columns of `id`.
    truth : mapping of array-likes, shape (events,)
        Columns of `truth`.
    jets : awkward array, optional
        A list an event, as `tagged_jets` makes them.
    weight : float64, shape (events,), optional
        Else 1.

    Returns
    -------
    awkward array of records
        `particles`, `jets` if given, `leptons`, `met`, `weight`, `id` and
        `truth`; momenta are float32 [GeV, radians].
    """
    met_pt, met_phi = met
    num_events = len(met_pt)
    lepton_columns = _momentum_columns(leptons) | {
        "flavour": np.abs(leptons.pdg_id).astype(np.int8),
        "charge": leptons.charge,
        "isolation": isolation.astype(np.float32),
    }
    flow_columns = _momentum_columns(flow) | {
        "charge": flow.charge,
        "pdg_id": flow.pdg_id,
    }
    collections = {
        "particles": _lists(flow_columns, flow.event, num_events),
        **({} if jets is None else {"jets": jets}),
        "leptons": _lists(lepton_columns, leptons.event, num_events),
        "met": ak.zip(
            {
                "pt": met_pt.astype(np.float32),
                "phi": _azimuth(met_phi),
                "contains_muons": np.full(num_events, met_contains_muons),
            },
            with_name="Momentum2D",
        ),
        "weight": np.ones(num_events) if weight is None else weight,
        "id": ak.zip(dict(identity), depth_limit=1),
        "truth": ak.zip(dict(truth), depth_limit=1),
    }
    return ak.zip(collections, depth_limit=1)


def _momentum_columns(particles: Particles) -> dict[str, NDArray[np.generic]]:
    return {
        "pt": particles.pt.astype(np.float32),
        "eta": particles.eta.astype(np.float32),
        "phi": _azimuth(particles.phi),
        "mass": particles.mass.astype(np.float32),
    }


def _azimuth(phi: FloatArray) -> NDArray[np.float32]:
    """Round to float32 without leaving [-pi, pi)."""
    return np.clip(phi.astype(np.float32), -_LARGEST_AZIMUTH, _LARGEST_AZIMUTH)


def _lists(
    columns: Mapping[str, NDArray[np.generic]],
    event: NDArray[np.int64],
    num_events: int,
) -> ak.Array:
    """Cut flat columns into one list of momenta an event."""
    counts = np.bincount(event, minlength=num_events)
    return ak.unflatten(ak.zip(dict(columns), with_name="Momentum4D"), counts)
