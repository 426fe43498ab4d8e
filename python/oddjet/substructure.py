"""What is inside a jet: grooming, N-subjettiness, energy correlators and shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet import _core
from oddjet.events import Columns, columns
from oddjet.jets import jet_records, momentum_columns


def soft_drop(
    jets: ak.Array,
    *,
    z_cut: float,
    beta: float,
    radius: float,
    threads: int | None = None,
) -> ak.Array:
    """Drop soft wide branches from each jet until one branching is hard enough.

    The Cambridge/Aachen tree of the constituents is walked from its root down the
    branch of larger pt (of equal ones the earlier) to the first branching with
    min(pt_1, pt_2) / (pt_1 + pt_2) > z_cut (dR_12 / R)^beta, where dR is the distance
    in rapidity and azimuth. Where none passes, the constituent at the end of the way
    is kept. beta = 0 is the modified mass drop tagger; with beta < 0 coincident
    branches never pass. A constituent with pt = 0 and
    no mass, infinitely far from all others, is dropped.

    Parameters
    ----------
    jets : awkward array, a list of jets or one list of jets per event
        Records with `constituents`, as `cluster` returns them.
    z_cut : float
        In [0, 1].
    beta : float
        Finite; larger is gentler to collinear branches.
    radius : float
        R, 0 < R <= 1000: that of the jets.
    threads : int, optional
        Workers (default: the environment's ODDJET_THREADS, else 1); never changes
        the result.

    Returns
    -------
    awkward array, nested as `jets`: one Momentum4D record per jet
        pt, eta, phi, mass (float64) [GeV, radians], constituents (hardest first) and
        constituent_index (int64, into the constituents of the ungroomed jet), as
        `cluster` defines them. Zero, without constituents, if nothing is left.

    Raises
    ------
    ValueError
        z_cut, beta, radius or threads out of range, or a constituent (named) that
        `cluster` would refuse.
    UserError
        Constituents without a four-momentum.

    References
    ----------
    Larkoski, Marzani, Soyez, Thaler, arXiv:1402.2657, equation 1.1; Dasgupta,
    Fregoso, Marzani, Salam, arXiv:1307.0007 (beta = 0).

    Examples
    --------
    >>> import awkward as ak
    >>> hard = {"pt": 30.0, "eta": 0.0, "phi": 0.0, "mass": 0.0}
    >>> soft = {"pt": 1.0, "eta": 0.0, "phi": 0.5, "mass": 0.0}
    >>> particles = ak.Array([[hard, hard | {"eta": 0.2}, soft]])
    >>> jets = ak.zip({"constituents": particles}, depth_limit=1)
    >>> groomed = soft_drop(jets, z_cut=0.1, beta=0.0, radius=0.8)
    >>> groomed.pt.tolist(), groomed.constituent_index.tolist()
    ([60.0], [[0, 1]])
    """
    options = {"z_cut": z_cut, "beta": beta, "radius": radius}
    return _groomed(_core.soft_drop, jets, threads=threads, **options)


def trim(
    jets: ak.Array,
    *,
    subjet_radius: float,
    pt_fraction: float,
    algorithm: str = "kt",
    threads: int | None = None,
) -> ak.Array:
    """Keep the subjets with a large enough share of each jet's pt.

    Parameters
    ----------
    jets : awkward array, a list of jets or one list of jets per event
        As in `soft_drop`.
    subjet_radius : float
        Constituents are clustered into subjets of this radius, > 0 and <= 1000.
    pt_fraction : float
        Subjets with at least this fraction of the pt of the sum of all constituents
        are kept, in [0, 1].
    algorithm : str
        "kt", "cambridge_aachen" (or "ca") or "antikt".
    threads : int, optional
        As in `soft_drop`.

    Returns
    -------
    awkward array
        As `soft_drop` returns it.

    Raises
    ------
    ValueError, UserError
        As in `soft_drop`; an unknown algorithm, or "genkt".

    References
    ----------
    Krohn, Thaler, Wang, arXiv:0912.1342.

    Examples
    --------
    >>> import awkward as ak
    >>> hard = {"pt": 30.0, "eta": 0.0, "phi": 0.0, "mass": 0.0}
    >>> particles = ak.Array([[hard, hard | {"pt": 1.0, "phi": 0.5}]])
    >>> jets = ak.zip({"constituents": particles}, depth_limit=1)
    >>> trim(jets, subjet_radius=0.2, pt_fraction=0.05).constituent_index.tolist()
    [[0]]
    """
    return _groomed(
        _core.trim,
        jets,
        threads=threads,
        subjet_radius=subjet_radius,
        pt_fraction=pt_fraction,
        algorithm=algorithm,
    )


def filter_jets(
    jets: ak.Array,
    *,
    subjet_radius: float,
    num_subjets: int = 3,
    algorithm: str = "cambridge_aachen",
    threads: int | None = None,
) -> ak.Array:
    """Keep the hardest subjets of each jet.

    Parameters
    ----------
    jets : awkward array, a list of jets or one list of jets per event
        As in `soft_drop`.
    subjet_radius : float
        Constituents are clustered into subjets of this radius, > 0 and <= 1000.
    num_subjets : int
        How many are kept, >= 1; of equal pt those that were formed earlier.
    algorithm : str
        "kt", "cambridge_aachen" (or "ca") or "antikt".
    threads : int, optional
        As in `soft_drop`.

    Returns
    -------
    awkward array
        As `soft_drop` returns it.

    Raises
    ------
    ValueError, UserError
        As in `soft_drop`; an unknown algorithm, or "genkt".

    References
    ----------
    Butterworth, Davison, Rubin, Salam, arXiv:0802.2470.

    Examples
    --------
    >>> import awkward as ak
    >>> hard = {"pt": 30.0, "eta": 0.0, "phi": 0.0, "mass": 0.0}
    >>> particles = ak.Array([[hard, hard | {"pt": 1.0, "phi": 0.5}]])
    >>> jets = ak.zip({"constituents": particles}, depth_limit=1)
    >>> filter_jets(jets, subjet_radius=0.2, num_subjets=1).pt.tolist()
    [30.0]
    """
    return _groomed(
        _core.filter_jets,
        jets,
        threads=threads,
        subjet_radius=subjet_radius,
        num_subjets=num_subjets,
        algorithm=algorithm,
    )


def mass_drop(
    jets: ak.Array,
    *,
    mu: float = 0.67,
    y_cut: float = 0.09,
    threads: int | None = None,
) -> ak.Array:
    """Find in each jet the branching at which most of the mass is gone.

    The Cambridge/Aachen tree of the constituents is walked from its root down the
    heavier branch (of equal ones the harder) to the first branching with m_1 < mu m
    and min(pt_1, pt_2)^2 dR_12^2 > y_cut m^2, where m_1 is the heavier branch's mass
    and dR the distance in rapidity and azimuth. Nothing is left where none passes.

    Parameters
    ----------
    jets : awkward array, a list of jets or one list of jets per event
        As in `soft_drop`.
    mu : float
        0 < mu <= 1.
    y_cut : float
        Not negative.
    threads : int, optional
        As in `soft_drop`.

    Returns
    -------
    awkward array
        As `soft_drop` returns it.

    Raises
    ------
    ValueError, UserError
        As in `soft_drop`.

    References
    ----------
    Butterworth, Davison, Rubin, Salam, arXiv:0802.2470.

    Examples
    --------
    >>> import awkward as ak
    >>> hard = {"pt": 30.0, "eta": 0.0, "phi": 0.0, "mass": 0.0}
    >>> particles = ak.Array([[hard, hard | {"phi": 0.5}], [hard]])
    >>> jets = ak.zip({"constituents": particles}, depth_limit=1)
    >>> mass_drop(jets).constituent_index.tolist()
    [[0, 1], []]
    """
    return _groomed(_core.mass_drop, jets, threads=threads, mu=mu, y_cut=y_cut)


def prune(
    jets: ak.Array,
    *,
    z_cut: float = 0.1,
    radius_cut_factor: float = 0.5,
    algorithm: str = "cambridge_aachen",
    threads: int | None = None,
) -> ak.Array:
    """Cluster each jet again and refuse every merging that is soft and wide.

    Where min(pt_1, pt_2) < z_cut pt_12 and dR_12 > D, the distance in rapidity and
    azimuth, the harder of the two goes on alone and the softer is dropped. pt_12 is
    that of the sum, and D = radius_cut_factor 2 m / pt of the sum of all
    constituents. The radius of the clustering is unlimited.

    Parameters
    ----------
    jets : awkward array, a list of jets or one list of jets per event
        As in `soft_drop`.
    z_cut : float
        0 <= z_cut < 0.5.
    radius_cut_factor : float
        Not negative.
    algorithm : str
        "cambridge_aachen" (or "ca") or "kt".
    threads : int, optional
        As in `soft_drop`.

    Returns
    -------
    awkward array
        As `soft_drop` returns it.

    Raises
    ------
    ValueError, UserError
        As in `soft_drop`; any other algorithm.

    References
    ----------
    Ellis, Vermilion, Walsh, arXiv:0912.0033, section 4.

    Examples
    --------
    >>> import awkward as ak
    >>> hard = {"pt": 30.0, "eta": 0.0, "phi": 0.0, "mass": 0.0}
    >>> particles = ak.Array([[hard, hard | {"pt": 1.0, "phi": 0.5}]])
    >>> jets = ak.zip({"constituents": particles}, depth_limit=1)
    >>> prune(jets).pt.tolist()
    [30.0]
    """
    return _groomed(
        _core.prune,
        jets,
        threads=threads,
        z_cut=z_cut,
        radius_cut_factor=radius_cut_factor,
        algorithm=algorithm,
    )


def nsubjettiness(
    jets: ak.Array,
    n: Sequence[int] = (1, 2, 3),
    *,
    radius: float,
    beta: float = 1.0,
    axes: str = "wta_kt",
    threads: int | None = None,
) -> ak.Array:
    """Measure how far each jet is from being N rays.

    tau_N = sum_i pt_i min_k dR_ik^beta / (sum_i pt_i R^beta), with the distance in
    rapidity and azimuth of constituent i from axis k. The axes are the N exclusive
    jets of one kt clustering, which all N share.

    Parameters
    ----------
    jets : awkward array, a list of jets or one list of jets per event
        As in `soft_drop`.
    n : sequence of int
        The N, each >= 1.
    radius : float
        R, 0 < R <= 1000: that of the jets.
    beta : float
        0 < beta <= 10.
    axes : str
        "kt" (four-momenta are added) or "wta_kt" (winner takes all, see `cluster`).
    threads : int, optional
        As in `soft_drop`.

    Returns
    -------
    awkward array, nested as `jets`: one record of float64 per jet
        tau_1, tau_2, ... as asked for. Zero for a jet of at most N constituents, and
        for one without pt.

    Raises
    ------
    ValueError, UserError
        As in `soft_drop`.

    References
    ----------
    Thaler, Van Tilburg, arXiv:1011.2268, equation 2.

    Examples
    --------
    >>> import awkward as ak
    >>> hard = {"pt": 30.0, "eta": 0.0, "phi": 0.0, "mass": 0.0}
    >>> particles = ak.Array([[hard, hard | {"pt": 10.0, "eta": 0.4}]])
    >>> jets = ak.zip({"constituents": particles}, depth_limit=1)
    >>> taus = nsubjettiness(jets, (1, 2), radius=0.8)
    >>> np.round(taus.tau_1, 6).tolist(), taus.tau_2.tolist()
    ([0.125], [0.0])
    """
    each_jet, per_event = _each_jet(jets)
    flat = columns(each_jet.constituents, where="constituents")
    taus = _core.nsubjettiness(
        **_momenta(flat),
        n=list(n),
        radius=radius,
        beta=beta,
        axes=axes,
        threads=threads,
    )
    found = {f"tau_{count}": taus[:, i] for i, count in enumerate(n)}
    return _nested(ak.zip(found), per_event)


def energy_correlation(
    jets: ak.Array, *, beta: float = 1.0, threads: int | None = None
) -> ak.Array:
    """Correlate the pt of two and three constituents of each jet.

    With z_i = pt_i / sum pt and the distance dR in rapidity and azimuth,
    e2 = sum_{i<j} z_i z_j dR_ij^beta and
    e3 = sum_{i<j<k} z_i z_j z_k (dR_ij dR_ik dR_jk)^beta. C2 = e3 / e2^2,
    D2 = e3 / e2^3 and N2 = 2e3 / e2^2, where 2e3 is e3 with only the smaller two of
    the three angles.

    Parameters
    ----------
    jets : awkward array, a list of jets or one list of jets per event
        As in `soft_drop`.
    beta : float
        0 < beta <= 10.
    threads : int, optional
        As in `soft_drop`.

    Returns
    -------
    awkward array, nested as `jets`: one record of float64 per jet
        e2, e3, c2, d2, n2; ratios are zero where e2 is.

    Raises
    ------
    ValueError, UserError
        As in `soft_drop`.

    References
    ----------
    Larkoski, Salam, Thaler, arXiv:1305.0007 (C2); Larkoski, Moult, Neill,
    arXiv:1409.6298 (D2); Moult, Necib, Thaler, arXiv:1609.07483 (N2).

    Examples
    --------
    >>> import awkward as ak
    >>> hard = {"pt": 30.0, "eta": 0.0, "phi": 0.0, "mass": 0.0}
    >>> particles = ak.Array([[hard, hard | {"phi": 0.5}]])
    >>> jets = ak.zip({"constituents": particles}, depth_limit=1)
    >>> energy_correlation(jets).e2.tolist()
    [0.125]
    """
    each_jet, per_event = _each_jet(jets)
    flat = columns(each_jet.constituents, where="constituents")
    found = _core.energy_correlation(**_momenta(flat), beta=beta, threads=threads)
    return _nested(ak.zip(found), per_event)


def jet_shapes(jets: ak.Array, *, threads: int | None = None) -> ak.Array:
    """Count the constituents of each jet and measure how its pt is spread.

    girth = sum pt_i dR_i / sum pt_i, with the distance dR in rapidity and azimuth from
    the sum of all constituents; pt_dispersion = sqrt(sum pt_i^2) / sum pt_i. (The
    girth of the reference is divided by the pt of the vector sum instead.)

    Parameters
    ----------
    jets : awkward array, a list of jets or one list of jets per event
        As in `soft_drop`.
    threads : int, optional
        As in `soft_drop`.

    Returns
    -------
    awkward array, nested as `jets`: one record per jet
        girth, pt_dispersion (float64; zero for a jet without pt), multiplicity
        (int64).

    Raises
    ------
    ValueError, UserError
        As in `soft_drop`.

    References
    ----------
    Gallicchio, Schwartz, arXiv:1106.3076 (girth); CMS, CMS-PAS-JME-13-002 (pt
    dispersion).

    Examples
    --------
    >>> import awkward as ak
    >>> hard = {"pt": 30.0, "eta": 0.0, "phi": 0.0, "mass": 0.0}
    >>> jets = ak.zip({"constituents": ak.Array([[hard], []])[:1]}, depth_limit=1)
    >>> jet_shapes(jets).tolist()
    [{'girth': 0.0, 'pt_dispersion': 1.0, 'multiplicity': 1}]
    """
    each_jet, per_event = _each_jet(jets)
    flat = columns(each_jet.constituents, where="constituents")
    shapes = _core.jet_shapes(**_momenta(flat), threads=threads)
    shapes["multiplicity"] = np.diff(flat.offsets)
    return _nested(ak.zip(shapes), per_event)


def _groomed(
    kernel: Callable[..., dict[str, NDArray[Any]]], jets: ak.Array, **options: Any
) -> ak.Array:
    each_jet, per_event = _each_jet(jets)
    flat = columns(each_jet.constituents, where="constituents")
    found = kernel(**_momenta(flat), **options)
    groomed = jet_records(each_jet.constituents, flat.offsets, found)
    return _nested(ak.flatten(groomed, axis=1), per_event)


def _each_jet(jets: ak.Array) -> tuple[ak.Array, ak.Array | None]:
    if jets.ndim == 1:
        return jets, None
    return ak.flatten(jets, axis=1), ak.num(jets, axis=1)


def _nested(per_jet: ak.Array, per_event: ak.Array | None) -> ak.Array:
    return per_jet if per_event is None else ak.unflatten(per_jet, per_event)


def _momenta(flat: Columns) -> dict[str, Any]:
    coordinates, momenta = momentum_columns(flat)
    offsets = np.ascontiguousarray(flat.offsets)
    return {"coordinates": coordinates, "columns": momenta, "offsets": offsets}
