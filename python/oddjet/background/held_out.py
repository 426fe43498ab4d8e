"""A template for every fold that is to be scored, made without that fold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from oddjet.background.sideband import in_sidebands
from oddjet.background.spectrum import KernelSpectrum, MassSpectrum, SampleSpectrum
from oddjet.background.template import FeatureTable, Template
from oddjet.runs.errors import UserError
from oddjet.runs.seeds import derive_seed

__all__ = ["Learner", "Maker", "folds_to_score", "stacked", "template_per_fold"]

# Makes events from a spectrum, as a multiple of the sidebands that it knows and with a
# seed, and gives the row of the sidebands that each was made of (-1: of none).
Maker = Callable[[MassSpectrum, int, int], tuple[FeatureTable, NDArray[np.int64]]]
# Learns from sidebands, with a seed.
Learner = Callable[[FeatureTable, int], Maker]


def template_per_fold(
    method: str,
    data: FeatureTable,
    learn: Learner,
    *,
    copies: int,
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
    learn : callable
    copies : int
        Events of the template, as a multiple of the sideband events behind it.
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
        Fewer than two folds, or what `learn` refuses, with the fold named.
    """
    folds = folds_to_score(method, data)
    beside = in_sidebands(data.mass_gev, low_gev, high_gev, sideband_gev)
    parts, sources, others = [], [], []
    for fold in folds:
        known = (data.folds >= 0) & (data.folds != fold)
        rows = np.flatnonzero(beside & known)
        own = derive_seed(seed, method, int(fold))
        try:
            spectrum = masses or KernelSpectrum(
                data.mass_gev[known], low_gev, high_gev, weights=data.weights[known]
            )
            make = learn(data[rows], own)
            table, of_row = make(spectrum, copies, own)
            around = SampleSpectrum(data.mass_gev[rows], data.weights[rows])
            other, _ = make(around, 1, derive_seed(own, "beside"))
        except UserError as error:
            message = (
                f"{method} template of {low_gev:g}-{high_gev:g} GeV without fold "
                f"{fold}: {error}"
            )
            raise UserError(message) from error
        parts.append(table)
        sources.append(np.where(of_row >= 0, rows[of_row], -1))
        others.append(replace(other, folds=np.full(len(other), fold)))
    held_out = np.repeat(folds, [len(part) for part in parts])
    return Template(
        method, stacked(parts), np.concatenate(sources), held_out, stacked(others)
    )


def stacked(parts: Sequence[FeatureTable]) -> FeatureTable:
    """Put tables one below the other."""
    return FeatureTable(
        *(
            np.concatenate([getattr(part, column) for part in parts])
            for column in ("features", "mass_gev", "folds", "weights")
        )
    )


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
