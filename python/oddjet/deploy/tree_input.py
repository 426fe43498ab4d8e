"""The jets of events that a model of Lund trees is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import awkward as ak
import numpy as np

from oddjet.jets import cluster

if TYPE_CHECKING:
    from oddjet.events import Events
    from oddjet.features import LundSpec

__all__ = ["jets_of_events"]


def jets_of_events(
    events: Events, spec: LundSpec, threads: int | None = None
) -> ak.Array:
    """Cluster events as a model was trained, and keep the jets that it is for.

    Parameters
    ----------
    events : Events
    spec : LundSpec
    threads : int, optional
        For the clustering; never changes the result.

    Returns
    -------
    awkward array
        At most `spec.num_jets` jets an event, the hardest first, with constituents.

    Raises
    ------
    UserError
        Events without particles.
    ValueError
        A particle (named) that is not finite.
    """
    events.require(spec.source, why="scoring with this model")
    jets = cluster(
        events.array[spec.source],
        algorithm=spec.algorithm,
        radius=spec.radius,
        pt_min_gev=spec.pt_min_gev,
        threads=threads,
    )
    return jets[np.abs(jets.eta) <= spec.abs_eta_max][:, : spec.num_jets]
