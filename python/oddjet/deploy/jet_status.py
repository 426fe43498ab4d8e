"""Which jets a model can score, and why it cannot score the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from oddjet.events import columns, single_list
from oddjet.jets import momentum_columns

if TYPE_CHECKING:
    import awkward as ak
    from numpy.typing import NDArray

    from oddjet.events import Columns

__all__ = ["NO_JET", "SCORED", "constituent_status", "tree_status"]

SCORED, NO_JET = "ok", "no usable jet"
NO_CONSTITUENTS, ZERO_PT = "no constituents", "zero pt"


def constituent_status(jets: ak.Array, num_constituents: int) -> NDArray[np.str_]:
    """Tell jets that have features from those whose features do not exist."""
    constituents = columns(jets.constituents, where="constituents")
    size = np.diff(constituents.offsets)
    moving = np.concatenate([[0], np.cumsum(_has_pt(constituents))])
    # The hardest are kept, so a constituent of pt 0 only where others run out.
    kept = np.minimum(size, num_constituents)
    all_move = np.diff(moving[constituents.offsets]) >= kept
    usable = all_move & _has_pt(single_list(jets, where="jets"))
    filled = np.where(usable, SCORED, ZERO_PT)
    return np.where(size > 0, filled, NO_CONSTITUENTS)


def tree_status(jets: ak.Array) -> NDArray[np.str_]:
    """Tell jets that have a Lund tree from those without anything to decluster.

    One constituent is enough: its tree is a node of zeros.
    """
    constituents = columns(jets.constituents, where="constituents")
    moving = np.concatenate([[0], np.cumsum(_has_pt(constituents))])
    usable = np.diff(moving[constituents.offsets]) > 0
    filled = np.where(usable, SCORED, ZERO_PT)
    return np.where(np.diff(constituents.offsets) > 0, filled, NO_CONSTITUENTS)


def _has_pt(flat: Columns) -> NDArray[np.bool_]:
    """Find pt > 0; NaN counts as it, so that the kernel refuses it by name."""
    coordinates, momentum = momentum_columns(flat)
    transverse = momentum[:1] if coordinates.startswith("pt") else momentum[:2]
    nonzero: NDArray[np.bool_] = np.any([part != 0 for part in transverse], axis=0)
    return nonzero
