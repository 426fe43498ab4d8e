"""A template for every fold that is to be scored, made without that fold."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from oddjet.background.sideband import in_sidebands
from oddjet.background.spectrum import KernelSpectrum, MassSpectrum
from oddjet.background.template import FeatureTable, Template
from oddjet.runs.errors import UserError
from oddjet.runs.seeds import derive_seed

__all__ = ["Maker", "folds_to_score", "template_per_fold"]

# Makes events of the signal region from sidebands, a spectrum and a seed, and gives
# the row of the sidebands that each was made of (-1: of none).
Maker = Callable[
    [FeatureTable, MassSpectrum, int], tuple[FeatureTable, NDArray[np.int64]]
]


def template_per_fold(
    method: str,
    data: FeatureTable,
    make: Maker,
    *,
    low_gev: float,
    high_gev: float,
    sideband_gev: float,
    seed: int,
    masses: MassSpectrum | None = None,
) -> Template:
    """Make a template without the events of each fold in turn.

    Parameters
    ----------
    method : str
        Named in messages.
    data : FeatureTable
        Folds below 0 (the reserve) are left out.
    make : callable
    low_gev, high_gev, sideband_gev : float
        Signal region [low, high) and the width of each sideband.
    seed : int
    masses : MassSpectrum, optional
        By default a kernel density of the masses in the signal region, without those
        of the fold.

    Returns
    -------
    Template
        One part for each fold, one below the other.

    Raises
    ------
    UserError
        Fewer than two folds, or what `make` refuses, with the fold named.
    """
    folds = folds_to_score(method, data)
    beside = in_sidebands(data.mass_gev, low_gev, high_gev, sideband_gev)
    parts, sources = [], []
    for fold in folds:
        known = (data.folds >= 0) & (data.folds != fold)
        rows = np.flatnonzero(beside & known)
        own = derive_seed(seed, method, int(fold))
        try:
            spectrum = masses or KernelSpectrum(
                data.mass_gev[known], low_gev, high_gev, weights=data.weights[known]
            )
            table, of_row = make(data[rows], spectrum, own)
        except UserError as error:
            message = (
                f"{method} template of {low_gev:g}-{high_gev:g} GeV without fold "
                f"{fold}: {error}"
            )
            raise UserError(message) from error
        parts.append(table)
        sources.append(np.where(of_row >= 0, rows[of_row], -1))
    whole = FeatureTable(
        *(
            np.concatenate([getattr(part, column) for part in parts])
            for column in ("features", "mass_gev", "folds", "weights")
        )
    )
    held_out = np.repeat(folds, [len(part) for part in parts])
    return Template(method, whole, np.concatenate(sources), held_out)


def folds_to_score(method: str, data: FeatureTable) -> NDArray[np.int64]:
    """List the folds of data; those below 0 (the reserve) are none.

    Parameters
    ----------
    method : str
        Named in the message.
    data : FeatureTable

    Returns
    -------
    int64, shape (folds,)

    Raises
    ------
    UserError
        Fewer than two.
    """
    folds = np.unique(data.folds[data.folds >= 0])
    if len(folds) < 2:
        message = (
            f"{method}: all events are in fold {folds}: two folds or more are needed, "
            "as the template of a fold is made of the others"
        )
        raise UserError(message)
    return folds
