"""Lund trees: the declusterings of a jet, as a graph network reads them."""

from __future__ import annotations

import awkward as ak

from oddjet import _core
from oddjet.events import columns
from oddjet.jets import momentum_columns


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
    threads: int | None = None,
) -> ak.Array:
    """Undo the Cambridge/Aachen clustering of each jet, step by step.

    The constituents are clustered into one jet (of particles along the beam, which
    never merge with others, the hardest jet counts). Each node is the split of a
    branch into a harder and a softer one (by pt, of equal pt by order):
    z = pt_2 / (pt_1 + pt_2) with pt_2 the softer, delta their distance in rapidity and
    azimuth (at least 1e-6), kt = pt_2 delta, and the mass of their sum, |m^2|^(1/2)
    (at least 1e-6 GeV). A softer branch of pt = 0 is no emission: the harder branch is
    followed. The defaults are the rules of LundNet.

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
        constituents has no node but leaves; LundNet gives it one node of zeros.

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
    per_event = ak.num(jets, axis=1) if jets.ndim > 1 else None
    each_jet = ak.flatten(jets, axis=1) if per_event is not None else jets
    flat = columns(each_jet.constituents, where="constituents")
    coordinates, momenta = momentum_columns(flat)
    found = _core.lund_tree(
        coordinates=coordinates,
        columns=momenta,
        offsets=flat.offsets,
        plane=plane,
        psi=psi,
        below_kt=below_kt,
        kt_min_gev=kt_min_gev,
        delta_min=delta_min,
        leaves=leaves,
        logarithms=logarithms,
        threads=threads,
    )
    names = _LOGARITHMS if logarithms else {}
    offsets = ak.index.Index64(found.pop("offsets"))
    nodes = ak.zip(
        {names.get(name, name): ak.from_numpy(found[name]) for name in found},
        depth_limit=1,
    )
    trees = ak.Array(ak.contents.ListOffsetArray(offsets, ak.to_layout(nodes)))
    return trees if per_event is None else ak.unflatten(trees, per_event)


_LOGARITHMS = {"z": "ln_z", "delta": "ln_delta", "mass": "ln_m", "kt": "ln_kt"}
