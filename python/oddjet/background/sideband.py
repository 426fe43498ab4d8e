"""The simplest template: the sidebands themselves (CWoLa hunting)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oddjet.background.template import FeatureTable, Template
from oddjet.runs.errors import UserError

__all__ = ["in_sidebands", "sideband_template"]


def sideband_template(
    data: FeatureTable, *, low_gev: float, high_gev: float, sideband_gev: float
) -> Template:
    """Take the events beside a signal region for those inside.

    Both sidebands weigh the same, so that a feature linear in the mass has the mean
    that it has in the middle. A feature that depends on the mass in another way
    sculpts a bump: use it to see the effect, or with features that do not.

    Parameters
    ----------
    data : FeatureTable
    low_gev, high_gev : float
        Signal region, [low, high).
    sideband_gev : float
        Width of each sideband.

    Returns
    -------
    Template
        Its weights sum to the weight of the sidebands.

    Raises
    ------
    UserError
        A sideband whose weights do not sum to more than 0.

    References
    ----------
    Collins, Howe, Nachman, arXiv:1805.02664, with half of the weight a sideband.
    """
    mass = data.mass_gev
    below = (mass >= low_gev - sideband_gev) & (mass < low_gev)
    above = (mass >= high_gev) & (mass < high_gev + sideband_gev)
    total = float(np.sum(data.weights[below | above]))
    weights = data.weights.copy()
    for name, side in (("lower", below), ("upper", above)):
        share = float(np.sum(data.weights[side]))
        if not share > 0:
            message = (
                f"the weights of the {int(np.sum(side))} events of the {name} sideband "
                f"of {low_gev:g}-{high_gev:g} GeV sum to {share:g}: no template"
            )
            raise UserError(message)
        weights[side] *= total / (2 * share)
    rows = np.flatnonzero(below | above)
    balanced = FeatureTable(data.features, mass, data.folds, weights)
    return Template("sideband", balanced[rows], rows)


def in_sidebands(
    mass_gev: NDArray[np.float64], low_gev: float, high_gev: float, sideband_gev: float
) -> NDArray[np.bool_]:
    """Tell which masses are in the sidebands of [low, high), shape (events,)."""
    around: NDArray[np.bool_] = (mass_gev >= low_gev - sideband_gev) & (
        mass_gev < high_gev + sideband_gev
    )
    return around & ~((mass_gev >= low_gev) & (mass_gev < high_gev))
