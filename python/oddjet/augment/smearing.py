"""Directions and transverse momenta as a detector would have measured them again."""

from __future__ import annotations

import awkward as ak
import numpy as np

from oddjet import _core
from oddjet.augment.draws import Source, augmented


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
    return augmented(
        _core.smear_directions,
        records,
        Source(seed, copy, first_event),
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
    smeared = augmented(
        _core.smear_pt,
        records,
        Source(seed, copy, first_event),
        resolution=resolution,
        threads=threads,
    )
    if negative_pt == "drop":
        return smeared[smeared.pt >= 0]
    return ak.with_field(smeared, np.maximum(smeared.pt, 0.0), "pt")
