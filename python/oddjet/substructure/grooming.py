"""Grooming: what is left of a jet without its soft, wide radiation."""

from __future__ import annotations

import awkward as ak

from oddjet import _core
from oddjet.jets import jet_records
from oddjet.substructure.questions import Columns, JetLists, Question, answer


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
    options = _core.SoftDropOptions(z_cut=z_cut, beta=beta, radius=radius)
    return answer(jets, Question(options, _groomed), threads)


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
    options = _core.TrimOptions(
        subjet_radius=subjet_radius,
        pt_fraction=pt_fraction,
        algorithm=algorithm,
    )
    return answer(jets, Question(options, _groomed), threads)


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
    options = _core.FilterOptions(
        subjet_radius=subjet_radius,
        num_subjets=num_subjets,
        algorithm=algorithm,
    )
    return answer(jets, Question(options, _groomed), threads)


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
    options = _core.MassDropOptions(mu=mu, y_cut=y_cut)
    return answer(jets, Question(options, _groomed), threads)


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
    options = _core.PruneOptions(
        z_cut=z_cut,
        radius_cut_factor=radius_cut_factor,
        algorithm=algorithm,
    )
    return answer(jets, Question(options, _groomed), threads)


def _groomed(jets: JetLists, found: Columns) -> ak.Array:
    return ak.flatten(jet_records(jets.constituents, jets.offsets, found), axis=1)
