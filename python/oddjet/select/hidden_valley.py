"""The selection of dark-jet resonances: two hard jets of a large mass, kept whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import awkward as ak
import numpy as np
from pydantic import Field

from oddjet.jets import cluster
from oddjet.runs.config import ConfigModel
from oddjet.select.cutflow import CutFlow, CutSequence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from oddjet.events import Events

__all__ = ["HiddenValleyCuts", "HiddenValleySelection", "select_hidden_valley"]


class HiddenValleyCuts(ConfigModel):
    """The jets of F.-Y. Hsieh, note "CWoLa" (unpublished), section 4.3."""

    radius: float = Field(0.8, gt=0, le=2, description="of the anti-kt jets")
    jet_pt_min_gev: float = Field(
        750.0, ge=0, description="pT of the two hardest jets is above this [GeV]"
    )
    jet_abs_eta_max: float = Field(2.0, gt=0, description="|eta| of both is below this")


@dataclass(frozen=True)
class HiddenValleySelection:
    """The outcome of the selection.

    Attributes
    ----------
    mask : bool, shape (events,)
        Selected events.
    weights : float64, shape (selected events,)
    jets : awkward array, two jets an event
        The hardest, with `constituents`.
    mass : float64, shape (selected events,)
        Invariant mass of both [GeV].
    cutflow : CutFlow
        The same cuts in the same order for any events.
    """

    mask: NDArray[np.bool_]
    weights: NDArray[np.float64]
    jets: ak.Array
    mass: NDArray[np.float64]
    cutflow: CutFlow


def select_hidden_valley(
    events: Events, cuts: HiddenValleyCuts | None = None, threads: int | None = None
) -> HiddenValleySelection:
    """Select events with two hard jets.

    Parameters
    ----------
    events : Events
        With `particles`.
    cuts : HiddenValleyCuts, optional
    threads : int, optional
        For the kernels; never changes the result.

    Returns
    -------
    HiddenValleySelection

    Raises
    ------
    UserError
        There are no particles; the message says which source could give them.

    References
    ----------
    F.-Y. Hsieh, note "CWoLa" (unpublished), section 4.3.
    """
    cuts = cuts or HiddenValleyCuts()
    events.require("particles", why="the selection of dark jets")
    jets = cluster(
        events.particles, algorithm="antikt", radius=cuts.radius, threads=threads
    )
    sequence = CutSequence(events.weight)
    # Jets come hardest first.
    jets = jets[sequence.apply("two jets", ak.num(jets) >= 2)][:, :2]
    pt_min, eta_max = cuts.jet_pt_min_gev, cuts.jet_abs_eta_max
    jets = sequence.apply_each(
        jets,
        {
            f"pT > {pt_min:g} GeV of both": lambda jets: ak.all(
                jets.pt > pt_min, axis=1
            ),
            f"|eta| < {eta_max:g} of both": lambda jets: ak.all(
                np.abs(jets.eta) < eta_max, axis=1
            ),
        },
    )
    weights = np.asarray(events.weight, np.float64)[sequence.mask]
    mass = np.asarray(ak.to_numpy(jets[:, 0].add(jets[:, 1]).mass), np.float64)
    return HiddenValleySelection(sequence.mask, weights, jets, mass, sequence.cutflow)
