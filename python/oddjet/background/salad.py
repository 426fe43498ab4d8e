"""SALAD: simulation in the signal region, reweighted to data in the sidebands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from oddjet.background.held_out import folds_to_score
from oddjet.background.sideband import in_sidebands
from oddjet.background.template import FeatureTable, Template
from oddjet.learn.batched_training import TrainedMembers, train_members
from oddjet.learn.classifier_config import ClassifierConfig
from oddjet.learn.member_batches import Member
from oddjet.runs.errors import UserError
from oddjet.runs.seeds import derive_seed

__all__ = ["SALAD_PRESETS", "salad_template"]

#: "published": half to train, half to validate, 200 epochs, patience 25.
SALAD_PRESETS = {
    "published": ClassifierConfig(epochs=200, patience=25),
    "cpu": ClassifierConfig(hidden=(32, 32), epochs=30, patience=5),
}


def salad_template(
    data: FeatureTable,
    simulation: FeatureTable,
    *,
    low_gev: float,
    high_gev: float,
    sideband_gev: float,
    seed: int,
    config: ClassifierConfig = SALAD_PRESETS["cpu"],
) -> Template:
    """Reweight the simulation of a signal region by what the sidebands teach.

    A classifier A of features and mass learns data against simulation in the
    sidebands; each simulated event in the signal region is weighted with
    A / (1 - A), interpolated in the mass. The classes are balanced in training, so
    that N_data / N_simulation is restored after: one constant makes the weighted
    simulation of the sidebands sum to their data.

    Parameters
    ----------
    data : FeatureTable
        Its signal region is not looked at; folds below 0 (the reserve) are left out.
    simulation : FeatureTable
    low_gev, high_gev, sideband_gev : float
        Signal region [low, high) and the width of each sideband.
    seed : int
    config : ClassifierConfig
        One of `SALAD_PRESETS`, or any other.

    Returns
    -------
    Template
        For each fold to be scored the simulation with weights that its data did not
        teach; they sum to what the other folds have. Sources are rows of the
        simulation: data never get into the template but through the weights.

    Raises
    ------
    UserError
        Fewer than two folds, a sideband without weight, or no simulation in the
        signal region.

    References
    ----------
    Andreassen, Nachman, Shih, arXiv:2001.05001.
    """
    inside = (simulation.mass_gev >= low_gev) & (simulation.mass_gev < high_gev)
    rows = np.flatnonzero(inside)
    if not len(rows):
        message = (
            f"SALAD: no simulated event has {low_gev:g} <= mass < {high_gev:g} GeV"
        )
        raise UserError(message)
    folds = folds_to_score("SALAD", data)
    beside, simulated = (
        table[in_sidebands(table.mass_gev, low_gev, high_gev, sideband_gev)]
        for table in (data[data.folds >= 0], simulation)
    )
    chosen = simulation[rows]
    trained = _learn(beside, simulated, folds, seed, config)
    ratios, reached = _ratios(trained, chosen), _ratios(trained, simulated)
    # A network's mean ratio errs by a few per cent; the sidebands say by how much.
    totals = np.array([np.sum(beside.weights[beside.folds != f]) for f in folds])
    scale = totals / (reached @ simulated.weights)
    weights = chosen.weights * ratios * scale[:, None]
    beside_weights = simulated.weights * reached * scale[:, None]
    other = _repeated(simulated, beside_weights)
    other = replace(other, folds=np.repeat(folds, len(simulated)))
    held_out = np.repeat(folds, len(rows))
    sources = np.tile(rows, len(folds))
    return Template("SALAD", _repeated(chosen, weights), sources, held_out, other)


def _repeated(table: FeatureTable, weights: NDArray[np.float64]) -> FeatureTable:
    """Repeat events with the weights that each fold gives them, (folds, events)."""
    times = len(weights)
    return FeatureTable(
        np.tile(table.features, (times, 1)),
        np.tile(table.mass_gev, times),
        np.tile(table.folds, times),
        weights.ravel(),
    )


def _learn(
    data: FeatureTable,
    simulation: FeatureTable,
    folds: NDArray[np.int64],
    seed: int,
    config: ClassifierConfig,
) -> TrainedMembers:
    """Train a network without the data of each fold: half trains, half validates."""
    table = np.concatenate([_with_mass(data), _with_mass(simulation)])
    is_data = np.arange(len(table)) < len(data)
    weights = np.concatenate([data.weights, simulation.weights])
    order = np.random.default_rng(derive_seed(seed, "halves")).permutation(len(table))
    # Simulation is never scored: every network may see all of it.
    fold = np.concatenate([data.folds, np.full(len(simulation), -1)])[order]
    members = []
    for scored in folds:
        known = order[fold != scored]
        half = len(known) // 2
        own = derive_seed(seed, "SALAD", int(scored))
        members.append(Member(known[:half], known[half:], own))
    return train_members(table, is_data, members, config, weights=weights)


def _ratios(trained: TrainedMembers, table: FeatureTable) -> NDArray[np.float64]:
    """Give A / (1 - A), the exponential of the logit, shape (folds, events)."""
    return np.asarray(np.exp(trained.logits(_with_mass(table)).astype(np.float64)))


def _with_mass(table: FeatureTable) -> NDArray[np.float64]:
    return np.column_stack([table.features, table.mass_gev])
