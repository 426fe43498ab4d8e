"""Shapes of jets: N-subjettiness, energy correlators, girth and their like."""

from __future__ import annotations

from collections.abc import Sequence

import awkward as ak
import numpy as np

from oddjet import _core
from oddjet.substructure.questions import Columns, JetLists, Question, answer


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
    jets of one kt clustering, which all N share, as they are or moved to the minimum
    of tau_N nearby.

    Parameters
    ----------
    jets : awkward array, a list of jets or one list of jets per event
        As in `soft_drop`.
    n : sequence of int
        The N, each >= 1.
    radius : float
        R, 0 < R <= 1000: that of the jets.
    beta : float
        0 < beta <= 10; with axes of one pass 1 <= beta <= 2.
    axes : str
        "kt" (four-momenta are added) or "wta_kt" (winner takes all, see `cluster`);
        "onepass_kt" or "onepass_wta_kt": from there each axis goes to the mean of the
        constituents nearest to it, weighted by pt dR^(beta - 2), until the axes move by
        less than 1e-4 on average.
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
    Thaler, Van Tilburg, arXiv:1011.2268, equation 2, and arXiv:1108.2701, section 3
    (axes of one pass).

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
    counts = list(n)
    options = _core.NsubjettinessOptions(n=counts, radius=radius, beta=beta, axes=axes)

    def dressed(_jets: JetLists, found: Columns) -> ak.Array:
        # Of no jets the kernel does not know how many there would have been of each.
        columns = found["tau"].reshape(-1, len(counts))
        return ak.zip({f"tau_{n}": columns[:, i] for i, n in enumerate(counts)})

    return answer(jets, Question(options, dressed), threads)


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
    options = _core.EnergyCorrelationOptions(beta=beta)
    return answer(jets, Question(options, _energy_correlation), threads)


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
    return answer(jets, Question(_core.JetShapeOptions(), _shapes), threads)


def _energy_correlation(_jets: JetLists, found: Columns) -> ak.Array:
    return ak.zip(found)


def _shapes(jets: JetLists, found: Columns) -> ak.Array:
    return ak.zip(found | {"multiplicity": np.diff(jets.offsets)})
