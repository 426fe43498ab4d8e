"""Which kinds of particles carry a jet's energy."""

from __future__ import annotations

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from oddjet import _core
from oddjet.events import columns
from oddjet.jets import flattened, momentum_columns
from oddjet.runs.errors import UserError


def energy_fractions(
    jets: ak.Array, *, threads: int | None = None
) -> NDArray[np.float64]:
    """Compute which shares of each jet electrons, muons, photons and hadrons carry.

    The share is that of the sum of the constituents' energies. By absolute PDG code,
    11 is an electron, 13 a muon and 22 a photon; every other constituent counts as a
    hadron, also codes without a name, which reconstructions give to deposits in the
    forward calorimeters. So the shares of a jet add up to one.

    Parameters
    ----------
    jets : awkward array, a list of jets or one list of jets per event
        With `constituents`: momenta [GeV, radians] with an integer `pdg_id`; the lists
        are flattened in order.
    threads : int, optional
        Workers (default: the environment's ODDJET_THREADS, else 1); never changes
        the result.

    Returns
    -------
    float64, shape (jets, 4)
        Shares of electrons, muons, photons and hadrons; zeros for a jet whose
        constituents have no energy.

    Raises
    ------
    ValueError
        A constituent (named) that is not finite, has pt < 0, |p| or energy above
        1e140 GeV, or |p| above its energy.
    UserError
        Jets without `constituents`, or constituents that are no momenta or have no
        integer `pdg_id`.

    References
    ----------
    Dreyer & Qu, arXiv:2012.08526 (LundNet), to whose graphs searches for
    semi-visible jets add such shares.

    Examples
    --------
    >>> photon = {"pt": 10.0, "eta": 0.0, "phi": 0.0, "mass": 0.0, "pdg_id": 22}
    >>> pion = photon | {"pt": 30.0, "pdg_id": -211}
    >>> energy_fractions(ak.Array([{"constituents": [photon, pion]}]))
    array([[0.  , 0.  , 0.25, 0.75]])
    """
    each_jet = flattened(jets)
    flat = columns(each_jet.constituents, where="constituents")
    pdg_id = flat.fields.get("pdg_id", np.empty(0, np.int64))
    if len(pdg_id) < flat.offsets[-1] or pdg_id.dtype.kind not in "iu":
        message = (
            "energy_fractions: constituents need a field pdg_id of integers, "
            f"got the fields {', '.join(sorted(flat.fields))}"
        )
        raise UserError(message)
    coordinates, momenta = momentum_columns(flat)
    return _core.energy_fractions(
        coordinates=coordinates,
        columns=momenta,
        offsets=flat.offsets,
        pdg_id=np.ascontiguousarray(pdg_id, np.int64),
        threads=threads,
    )
