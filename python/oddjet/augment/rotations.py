"""Turned events, and jets turned about their axes."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet import _core
from oddjet.augment.draws import Source, augmented, other_fields
from oddjet.events import single_list
from oddjet.events.coordinates import SPELLINGS, named_momenta
from oddjet.jets import flattened, momentum_columns


def rotate_events(
    records: ak.Array,
    *,
    seed: int,
    copy: int = 1,
    first_event: int = 0,
    threads: int | None = None,
) -> ak.Array:
    """Turn each event about the beam by a random angle, uniform over a turn.

    The angle depends on seed, copy and event only: called for the particles, the jets
    and the missing momentum of the same events, it turns all of an event together.

    Parameters
    ----------
    records : awkward array
        Momenta [GeV, radians] of each event: a record, a list of records, or a list
        of lists (the constituents of its jets). A single record may be transverse
        (pt, phi), as missing momentum is.
    seed : int
        In [0, 2^64).
    copy : int
        Number of the copy, below 2^24; 0 is the original, whose momenta stay.
    first_event : int
        Number of the first event, where `records` are a part of a sample.
    threads : int, optional
        Workers (default: the environment's ODDJET_THREADS, else 1); never changes
        the result.

    Returns
    -------
    awkward array, of the structure of `records`
        pt, eta, phi in [-pi, pi), mass (float64) [GeV, radians] in place of whatever
        momentum fields there were, named Momentum4D if they had no name; other fields
        as they were. Of transverse records pt and phi.

    Raises
    ------
    ValueError
        seed, copy, first_event or threads out of range, or a particle (named) that is
        not finite, has pt < 0, |p| or energy above 1e140 GeV, |p| above its energy,
        or momentum along the beam only.
    UserError
        Records that are no momenta.

    References
    ----------
    F.-Y. Hsieh, note "CWoLa" (unpublished), section 3.2; Dillon, Favaro, Feiden,
    Modak, Plehn, arXiv:2301.04660. Salmon, Moraes, Dror, Shaw, "Parallel random
    numbers: as easy as 1, 2, 3", SC11.

    Examples
    --------
    >>> jet = {"pt": 30.0, "eta": 0.5, "phi": 0.0, "mass": 5.0}
    >>> jets = ak.Array([[jet, jet | {"phi": 1.0}]])
    >>> turned = rotate_events(jets, seed=1)
    >>> turned.phi.tolist() == jets.phi.tolist()
    False
    >>> round(float(turned[0, 1].deltaphi(turned[0, 0])), 9)
    1.0
    """
    source = Source(seed, copy, first_event)
    if records.ndim > 1 or not ak.fields(records):
        return augmented(
            _core.rotate_events, records, source, jets_together=True, threads=threads
        )
    lists = ak.unflatten(_spatial(records), np.ones(len(records), np.int64))
    turned = augmented(_core.rotate_events, lists, source, threads=threads)
    flat = ak.flatten(turned, axis=1)
    if not _is_transverse(records):
        return flat
    momenta = {"pt": flat.pt, "phi": flat.phi}
    return ak.zip(momenta | other_fields(flat), depth_limit=1, with_name="Momentum2D")


def rotate_jets(
    jets: ak.Array,
    *,
    seed: int,
    copy: int = 1,
    first_event: int = 0,
    threads: int | None = None,
) -> ak.Array:
    """Turn the constituents of each jet about its axis by a random angle.

    In the plane of pseudorapidity and azimuth, relative to those of the jet; the angle
    is uniform over a turn. The jet's own momentum stays as it is, which the sum of
    the turned constituents only resembles.

    Parameters
    ----------
    jets : awkward array, a list of jets or one list of jets per event
        Momenta [GeV, radians] with `constituents`. In a flat list each jet counts as
        an event.
    seed, copy, first_event, threads
        As in `rotate_events`.

    Returns
    -------
    awkward array, of the structure of `jets`
        With other momenta in `constituents`, as `rotate_events` gives them.

    Raises
    ------
    ValueError
        As in `rotate_events`, and for a jet (named) that is no momentum or has pt = 0.
    UserError
        Jets that are no momenta or have no `constituents`.

    References
    ----------
    As for `rotate_events`.

    Examples
    --------
    >>> from oddjet.jets import cluster
    >>> particle = {"pt": 30.0, "eta": 0.0, "phi": 0.0, "mass": 0.0}
    >>> particles = ak.Array([[particle, particle | {"phi": 0.4}]])
    >>> jets = cluster(particles, algorithm="antikt", radius=0.8)
    >>> turned = rotate_jets(jets, seed=1).constituents
    >>> float(round(turned[0, 0, 0].deltaR(turned[0, 0, 1]), 3))
    0.4
    """
    axes = single_list(flattened(jets), where="jets")
    jet_coordinates, jet_columns = momentum_columns(axes)

    def turn(*, of_jets: bool, **options: Any) -> tuple[NDArray[np.float64], ...]:
        del of_jets  # nothing else can be turned about an axis
        return _core.rotate_jets(
            jet_coordinates=jet_coordinates, jet_columns=jet_columns, **options
        )

    source = Source(seed, copy, first_event)
    turned = augmented(turn, jets.constituents, source, threads=threads)
    return ak.with_field(jets, turned, "constituents")


def _is_transverse(records: ak.Array) -> bool:
    return set(ak.fields(records)).isdisjoint(("eta", "theta", *SPELLINGS["pz"]))


def _spatial(records: ak.Array) -> ak.Array:
    """Give transverse momenta an eta and a mass of zero."""
    if not _is_transverse(records):
        return records
    named = named_momenta(records)
    momenta = {"pt": named.pt, "eta": 0.0, "phi": named.phi, "mass": 0.0}
    return ak.zip(momenta | other_fields(records), depth_limit=1)
