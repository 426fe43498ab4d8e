"""Lund trees: the declusterings of a jet, as a graph network reads them."""

from __future__ import annotations

import awkward as ak

from oddjet import _core
from oddjet.substructure.questions import Columns, JetLists, Question, answer

#: Options of `lund_tree` for trees as LundNet reads them (arXiv:2012.08526).
LUNDNET = {
    "plane": "full",
    "psi": "arctan",
    "below_kt": "follow_harder",
    "leaves": False,
    "logarithms": True,
    "empty": "zeros",
}

#: And for those of the search for semi-visible jets at CMS; the cuts are the caller's.
CMS_SEMI_VISIBLE = LUNDNET | {
    "below_kt": "drop_both",
    "leaves": True,
    "logarithms": False,
}


def lund_tree(
    jets: ak.Array,
    *,
    plane: str = "full",
    kt_min_gev: float = 0.0,
    delta_min: float = 0.0,
    psi: str = "arctan",
    below_kt: str = "follow_harder",
    leaves: bool = False,
    logarithms: bool = True,
    empty: str = "nothing",
    threads: int | None = None,
) -> ak.Array:
    """Undo the Cambridge/Aachen clustering of each jet, step by step.

    The constituents are clustered into one jet (of particles along the beam, which
    never merge with others, the hardest jet counts). Each node is the split of a
    branch into a harder and a softer one (by pt, of equal pt by order):
    z = pt_2 / (pt_1 + pt_2) with pt_2 the softer, delta their distance in rapidity and
    azimuth (at least 1e-6), kt = pt_2 delta, and the mass of their sum, |m^2|^(1/2)
    (at least 1e-6 GeV). A softer branch of pt = 0 is no emission: the harder branch is
    followed. The defaults are the rules of LundNet, but for `empty`; `LUNDNET` and
    `CMS_SEMI_VISIBLE` of `oddjet.substructure` hold the published choices:
    ``lund_tree(jets, **CMS_SEMI_VISIBLE)``.

    Parameters
    ----------
    jets : awkward array, a list of jets or one list of jets per event
        With `constituents` [GeV, radians], as `cluster` returns them.
    plane : str
        "full": every branch; "primary": along the harder branches only.
    kt_min_gev : float
        Nodes below are left out, see `below_kt` [GeV].
    delta_min : float
        At a smaller delta a branch ends.
    psi : str
        "arctan": arctan(d_rapidity / d_azimuth) of one argument, azimuths in
        [0, 2 pi) and their difference not wrapped, 0 where it is 0 (LundNet).
        "atan2": the angle in [-pi, pi] of the softer branch about the harder,
        azimuth wrapped (Dreyer, Salam, Soyez).
    below_kt : str
        After a node below kt_min_gev "follow_harder": go on along the harder branch
        (LundNet), or "drop_both": end the branch (semi-visible jets at CMS).
    leaves : bool
        Where a branch ends, add a node with z = 1, delta = kt = 0, psi = pi/4 and
        the mass of the branch (semi-visible jets at CMS); needs logarithms off.
    logarithms : bool
        Whether to give natural logarithms, of GeV where there is a unit.
    empty : str
        What a tree without nodes becomes: "nothing", or "zeros", one node of zeros
        whatever the logarithms (LundNet: a graph network needs a node).
    threads : int, optional
        Workers (default: the environment's ODDJET_THREADS, else 1); never changes
        the result.

    Returns
    -------
    awkward array, one list of nodes for each jet
        ln_z, ln_delta, psi, ln_m, ln_kt (or z, delta, psi, mass, kt; float64);
        neighbours (int64, three a node: the mother, the declustering of the harder
        and of the softer branch, as places in the jet's list; -1 for none); primary
        (bool). The first node is the first split; each is followed by all nodes of
        its harder branch, then by those of its softer one. A jet of fewer than two
        constituents has no node but leaves, see `empty`.

    Raises
    ------
    ValueError
        An unknown option, a cut that is negative or not finite, leaves with
        logarithms, or a constituent (named) that is not finite, has pt < 0, |p| or
        energy above 1e140 GeV, or |p| above its energy.
    UserError
        Jets without `constituents` that are momenta.

    References
    ----------
    Dreyer, Salam, Soyez, arXiv:1807.04758 (equation 2.1 and section 2); Dreyer, Qu,
    LundNet, arXiv:2012.08526 (section 2).

    Examples
    --------
    >>> import awkward as ak
    >>> from oddjet.jets import cluster
    >>> particle = {"pt": 30.0, "eta": 0.0, "phi": 0.0, "mass": 0.0}
    >>> others = [particle | {"pt": 10.0, "phi": 0.3}, particle | {"eta": 0.1}]
    >>> jets = cluster(ak.Array([[particle, *others]]), algorithm="ca", radius=0.8)
    >>> tree = lund_tree(jets, logarithms=False)[0, 0]
    >>> tree.z.to_numpy().round(3), tree.neighbours.tolist()
    (array([0.143, 0.5  ]), [[-1, 1, -1], [0, -1, -1]])
    """
    options = _core.LundOptions(
        plane=plane,
        psi=psi,
        below_kt=below_kt,
        empty=empty,
        kt_min_gev=kt_min_gev,
        delta_min=delta_min,
        leaves=leaves,
        logarithms=logarithms,
    )
    dressed = _logarithms if logarithms else _values
    return answer(jets, Question(options, dressed), threads)


def _logarithms(_jets: JetLists, found: Columns) -> ak.Array:
    return _trees({_LOGARITHMS.get(name, name): found[name] for name in found})


def _values(_jets: JetLists, found: Columns) -> ak.Array:
    return _trees(found)


def _trees(found: Columns) -> ak.Array:
    nodes = ak.zip(
        {name: ak.from_numpy(found[name]) for name in found if name != "offsets"},
        depth_limit=1,
    )
    offsets = ak.index.Index64(found["offsets"])
    return ak.Array(ak.contents.ListOffsetArray(offsets, ak.to_layout(nodes)))


_LOGARITHMS = {"z": "ln_z", "delta": "ln_delta", "mass": "ln_m", "kt": "ln_kt"}
