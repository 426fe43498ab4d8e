"""SALAD: simulation in the signal region, reweighted to data in the sidebands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
        Its signal region is not looked at.
    simulation : FeatureTable
    low_gev, high_gev, sideband_gev : float
        Signal region [low, high) and the width of each sideband.
    seed : int
    config : ClassifierConfig
        One of `SALAD_PRESETS`, or any other.

    Returns
    -------
    Template
        Sources are rows of the simulation: data never get into the template but
        through the weights.

    Raises
    ------
    UserError
        A sideband without weight, or no simulation in the signal region.

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
    beside = [
        table[in_sidebands(table.mass_gev, low_gev, high_gev, sideband_gev)]
        for table in (data, simulation)
    ]
    trained = _learn(beside[0], beside[1], seed, config)
    chosen = simulation[rows]
    totals = [float(np.sum(table.weights)) for table in beside]
    # A network's mean ratio errs by a few per cent; the sidebands say by how much.
    reached = float(np.sum(beside[1].weights * _ratio(trained, beside[1])))
    weights = chosen.weights * _ratio(trained, chosen) * totals[0] / reached
    table = FeatureTable(chosen.features, chosen.mass_gev, chosen.folds, weights)
    return Template("SALAD", table, rows)


def _learn(
    data: FeatureTable, simulation: FeatureTable, seed: int, config: ClassifierConfig
) -> TrainedMembers:
    table = np.concatenate([_with_mass(data), _with_mass(simulation)])
    is_data = np.arange(len(table)) < len(data)
    weights = np.concatenate([data.weights, simulation.weights])
    order = np.random.default_rng(derive_seed(seed, "halves")).permutation(len(table))
    half = len(table) // 2
    member = Member(order[:half], order[half:], derive_seed(seed, "SALAD"))
    return train_members(table, is_data, [member], config, weights=weights)


def _ratio(trained: TrainedMembers, table: FeatureTable) -> NDArray[np.float64]:
    """Give A / (1 - A), the exponential of the logit."""
    logits = trained.logits(_with_mass(table))[0]
    return np.asarray(np.exp(logits.astype(np.float64)))


def _with_mass(table: FeatureTable) -> NDArray[np.float64]:
    return np.column_stack([table.features, table.mass_gev])
