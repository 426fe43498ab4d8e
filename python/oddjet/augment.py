"""Physical augmentation: copies of events that nature could have made as well.

Random numbers are a function of seed, copy, event, jet, constituent and purpose
(Philox4x32-10): neither threads nor the chunks in which a sample is worked on change
them. Logarithm, sine and cosine are those of the system's library: another one may
differ in the last digit.

Split a sample before it is augmented, or let the split follow the source that
`with_copies` gives: copies of one event on both sides are leakage.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet import _core
from oddjet.events import columns
from oddjet.events.coordinates import COORDINATES, SPELLINGS, named_momenta, record_name
from oddjet.jets import momentum_columns

_MOMENTUM = ("pt", "eta", "phi", "mass")

# The number of a list: 48 bits for the event, above them 16 for the jet in it.
_EVENT_BITS = 48
_JETS = 1 << 16


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
    source = _Source(seed, copy, first_event)
    if records.ndim > 1 or not ak.fields(records):
        return _augmented(
            _core.rotate_events, records, source, jets_together=True, threads=threads
        )
    lists = ak.unflatten(_spatial(records), np.ones(len(records), np.int64))
    turned = _augmented(_core.rotate_events, lists, source, threads=threads)
    flat = ak.flatten(turned, axis=1)
    if not _is_transverse(records):
        return flat
    momenta = {"pt": flat.pt, "phi": flat.phi}
    return ak.zip(momenta | _others(flat), depth_limit=1, with_name="Momentum2D")


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
    each_jet = ak.flatten(jets, axis=1) if jets.ndim > 1 else jets
    one_list = ak.unflatten(each_jet, [len(each_jet)])
    jet_coordinates, jet_columns = momentum_columns(columns(one_list, where="jets"))

    def turn(*, of_jets: bool, **options: Any) -> tuple[NDArray[np.float64], ...]:
        del of_jets  # nothing else can be turned about an axis
        return _core.rotate_jets(
            jet_coordinates=jet_coordinates, jet_columns=jet_columns, **options
        )

    source = _Source(seed, copy, first_event)
    turned = _augmented(turn, jets.constituents, source, threads=threads)
    return ak.with_field(jets, turned, "constituents")


def smear_directions(
    records: ak.Array,
    *,
    scale_gev: float,
    seed: int,
    copy: int = 1,
    first_event: int = 0,
    threads: int | None = None,
) -> ak.Array:
    """Smear pseudorapidity and azimuth by Gaussians of deviation scale_gev / pt.

    eta' ~ N(eta, scale_gev / pt) and phi' ~ N(phi, scale_gev / pt), independent; pt
    and mass stay, and so does a particle with pt = 0. Where pt is far below
    `scale_gev` the formula sends particles anywhere: cut them first.

    Parameters
    ----------
    records : awkward array
        Momenta [GeV, radians]: lists of particles or jets per event, constituents per
        jet, or lists of these per event. In a flat list of jets each jet counts as an
        event.
    scale_gev : float
        Lambda [GeV], >= 0: 10 for Higgs candidates, 0.1 for constituents of jets.
    seed, copy, first_event, threads
        As in `rotate_events`.

    Returns
    -------
    awkward array, of the structure of `records`
        As `rotate_events` gives it.

    Raises
    ------
    ValueError
        As in `rotate_events`, for `scale_gev` below zero or not finite, and for an
        eta that would not be finite.
    UserError
        Records that are no lists of momenta.

    References
    ----------
    F.-Y. Hsieh, note "CWoLa" (unpublished), equations 2 and 4.

    Examples
    --------
    >>> from oddjet.jets import cluster
    >>> particle = {"pt": 30.0, "eta": 0.0, "phi": 0.0, "mass": 0.0}
    >>> jets = cluster(ak.Array([[particle]]), algorithm="antikt", radius=0.8)
    >>> constituents = smear_directions(jets.constituents, scale_gev=0.1, seed=1)
    >>> smeared = ak.with_field(jets, constituents, "constituents")
    >>> bool(abs(smeared.constituents.eta[0, 0, 0]) < 5 * 0.1 / 30)
    True
    """
    return _augmented(
        _core.smear_directions,
        records,
        _Source(seed, copy, first_event),
        scale_gev=scale_gev,
        threads=threads,
    )


def smear_pt(
    records: ak.Array,
    *,
    resolution: str,
    negative_pt: str,
    seed: int,
    copy: int = 1,
    first_event: int = 0,
    threads: int | None = None,
) -> ak.Array:
    """Smear pt by a Gaussian of the resolution of a calorimeter.

    pt' ~ N(pt, f(pt)) in GeV, at the same direction and mass. f(pt) is

    ==================  ==========================================  ================
    `resolution`        f(pt)                                       at 10, 100, 1000
    ==================  ==========================================  ================
    "cms_hcal"          sqrt(0.050^2 pt^2 + 1.50^2 pt)              4.77, 15.8, 68.9
    "cms_hcal_literal"  sqrt(0.052 pt^2 + 1.502 pt)                 4.50, 25.9, 231
    "atlas_hcal"        sqrt(0.0302^2 pt^2 + 0.5205^2 pt + 1.59^2)  2.31, 6.22, 34.4
    ==================  ==========================================  ================

    the first and the last as in Delphes' cards for central hadron calorimeters, the
    second as the note prints the first.

    Parameters
    ----------
    records : awkward array
        As for `smear_directions`.
    resolution : str
        See above.
    negative_pt : str
        A pt' < 0 becomes 0 ("zero"), or its particle is left out ("drop"): then
        indices into the lists, such as constituent_index, no longer fit.
    seed, copy, first_event, threads
        As in `rotate_events`.

    Returns
    -------
    awkward array, of the structure of `records`
        As `rotate_events` gives it.

    Raises
    ------
    ValueError
        As in `rotate_events`, and for another resolution or negative_pt.
    UserError
        Records that are no lists of momenta.

    References
    ----------
    F.-Y. Hsieh, note "CWoLa" (unpublished), equation 3; the cards
    delphes_card_CMS.tcl and delphes_card_ATLAS.tcl of Delphes, arXiv:1307.6346.

    Examples
    --------
    >>> jets = ak.Array([[{"pt": 100.0, "eta": 0.5, "phi": 0.0, "mass": 5.0}]])
    >>> options = {"resolution": "cms_hcal", "negative_pt": "drop", "seed": 1}
    >>> smeared = smear_pt(jets, **options)
    >>> bool(0 < abs(smeared.pt[0, 0] - 100) < 5 * 15.8)
    True
    """
    if negative_pt not in ("zero", "drop"):
        message = f"smear_pt: negative_pt must be 'zero' or 'drop', got {negative_pt!r}"
        raise ValueError(message)
    smeared = _augmented(
        _core.smear_pt,
        records,
        _Source(seed, copy, first_event),
        resolution=resolution,
        threads=threads,
    )
    if negative_pt == "drop":
        return smeared[smeared.pt >= 0]
    return ak.with_field(smeared, np.maximum(smeared.pt, 0.0), "pt")


def with_copies(
    records: ak.Array, augment: Callable[[ak.Array, int], ak.Array], *, copies: int
) -> tuple[ak.Array, NDArray[np.int64]]:
    """Join the original and augmented copies of it: "+n times".

    Parameters
    ----------
    records : awkward array
        One entry per event or jet.
    augment : callable
        Called as augment(records, copy) for copy = 0 ... copies; gives as many
        entries as there are records. It hands the number on to the functions of this
        module, for which copy 0 is the original.
    copies : int
        n >= 0.

    Returns
    -------
    sample : awkward array
        The original, then copy 1, copy 2, ..., each in the order of `records`.
    source : int64, shape (len(sample),)
        The entry of `records` that each came from: for labels, weights, and for the
        `id` that decides on folds, so that copies stay on the side of their source.

    Raises
    ------
    ValueError
        copies < 0, or a copy with another number of entries.

    References
    ----------
    F.-Y. Hsieh, note "CWoLa" (unpublished), section 3.2.

    Examples
    --------
    >>> jet = {"pt": 100.0, "eta": 0.5, "phi": 0.0, "mass": 5.0}
    >>> jets = ak.Array([[jet], [jet, jet]])
    >>> def turned(jets, copy):
    ...     return rotate_events(jets, seed=1, copy=copy)
    >>> sample, source = with_copies(jets, turned, copies=2)
    >>> ak.num(sample).tolist(), source.tolist()
    ([1, 2, 1, 2, 1, 2], [0, 1, 0, 1, 0, 1])
    """
    if copies < 0:
        message = f"with_copies: copies must be >= 0, got {copies}"
        raise ValueError(message)
    parts = [augment(records, copy) for copy in range(copies + 1)]
    for copy, part in enumerate(parts):
        if len(part) != len(records):
            message = (
                f"with_copies: augment must give {len(records)} entries, "
                f"got {len(part)} for copy {copy}"
            )
            raise ValueError(message)
    return ak.concatenate(parts), np.tile(np.arange(len(records)), copies + 1)


@dataclass(frozen=True)
class _Source:
    """What the random numbers follow from, besides the places in the lists."""

    seed: int
    copy: int
    first_event: int

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 1 << 64:
            message = f"augment: seed must be >= 0 and < 2^64, got {self.seed}"
            raise ValueError(message)
        if not 0 <= self.first_event < 1 << _EVENT_BITS:
            message = (
                f"augment: first_event must be >= 0 and < 2^{_EVENT_BITS}, "
                f"got {self.first_event}"
            )
            raise ValueError(message)

    def numbers(self, jets_per_event: Any, *, jets_together: bool) -> Any:
        """Return the number of each list, one a jet of events with so many jets."""
        events = np.arange(len(jets_per_event), dtype=np.uint64)
        event = np.repeat(events + np.uint64(self.first_event), jets_per_event)
        if jets_together:
            return event
        if np.any(jets_per_event > _JETS):
            message = f"augment: an event has {max(jets_per_event)} jets, above {_JETS}"
            raise ValueError(message)
        ends = np.repeat(np.cumsum(jets_per_event), jets_per_event)
        jet = np.arange(len(event)) - ends + np.repeat(jets_per_event, jets_per_event)
        return event | (jet.astype(np.uint64) << np.uint64(_EVENT_BITS))


def _augmented(
    kernel: Callable[..., tuple[NDArray[np.float64], ...]],
    records: ak.Array,
    source: _Source,
    *,
    jets_together: bool = False,
    **options: Any,
) -> ak.Array:
    """Let the kernel change the momenta of lists, or of lists of lists."""
    of_jets = records.ndim > 2
    lists = ak.flatten(records, axis=1) if of_jets else records
    per_event = ak.to_numpy(ak.num(records)) if of_jets else np.ones(len(lists), int)
    flat = columns(lists, where="constituents" if of_jets else "particles")
    changed = kernel(
        momenta=(*momentum_columns(flat), flat.offsets),
        of_jets=of_jets,
        randomness=(
            source.seed,
            source.copy,
            source.numbers(per_event, jets_together=jets_together),
        ),
        **options,
    )
    momenta = ak.zip(
        dict(zip(_MOMENTUM, changed, strict=True)) | _others(ak.flatten(lists, axis=1)),
        depth_limit=1,
        with_name=record_name(lists) or "Momentum4D",
    )
    nested = ak.unflatten(momenta, np.diff(flat.offsets))
    return ak.unflatten(nested, per_event) if of_jets else nested


def _others(flat: ak.Array) -> dict[str, ak.Array]:
    return {name: flat[name] for name in ak.fields(flat) if name not in COORDINATES}


def _is_transverse(records: ak.Array) -> bool:
    return set(ak.fields(records)).isdisjoint(("eta", "theta", *SPELLINGS["pz"]))


def _spatial(records: ak.Array) -> ak.Array:
    """Give transverse momenta an eta and a mass of zero."""
    if not _is_transverse(records):
        return records
    named = named_momenta(records)
    momenta = {"pt": named.pt, "eta": 0.0, "phi": named.phi, "mass": 0.0}
    return ak.zip(momenta | _others(records), depth_limit=1)
