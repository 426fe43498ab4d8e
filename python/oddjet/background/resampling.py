"""Samples without signal for validation: a model of few events, drawn many times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from oddjet.background.template import FeatureTable
from oddjet.learn.flows.config import FLOW_MATCHING_PRESETS, FlowMatchingConfig
from oddjet.learn.flows.matching import train_flow_matching
from oddjet.runs.errors import UserError
from oddjet.runs.seeds import derive_seed

__all__ = ["down_up_sample"]


def down_up_sample(
    data: FeatureTable,
    *,
    fraction: float,
    seed: int,
    number: int | None = None,
    config: FlowMatchingConfig = FLOW_MATCHING_PRESETS["cpu"],
    ranges: Sequence[tuple[float, float] | None] | None = None,
) -> FeatureTable:
    """Model a random fraction of events, and draw a sample of any size.

    The model p(features | mass) of few events is too smooth to know a signal that
    they hold. Masses are drawn from all events, whose spectrum is kept. With
    fraction 1 a simulated sample is enlarged.

    Parameters
    ----------
    data : FeatureTable
    fraction : float
        In (0, 1]; of the events, for the model.
    seed : int
    number : int, optional
        Events to draw; by default as many as there are.
    config : FlowMatchingConfig
        One of `FLOW_MATCHING_PRESETS`, or any other.
    ranges : sequence of (low, high) or None, optional
        What a feature can be; learnt where not given.

    Returns
    -------
    FeatureTable
        Unweighted events, independent given the model, in random folds of those of
        the data.

    Raises
    ------
    UserError
        A fraction outside (0, 1], weights that sum to 0 or less, a negative weight
        (no probability to draw a mass with), or a fraction with too few events.
    """
    if not 0 < fraction <= 1:
        message = f"down-up-sampling: the fraction must be in (0, 1], got {fraction:g}"
        raise UserError(message)
    total = float(np.sum(data.weights))
    if np.any(data.weights < 0) or not total > 0:
        message = (
            f"down-up-sampling: weights sum to {total:g}, the least is "
            f"{np.min(data.weights, initial=0):g}; masses are drawn by weight, which "
            "must not be negative"
        )
        raise UserError(message)
    random = np.random.default_rng(derive_seed(seed, "events"))
    few = data[random.permutation(len(data))[: int(np.ceil(fraction * len(data)))]]
    model = train_flow_matching(
        few.features,
        few.mass_gev,
        config=config,
        seed=derive_seed(seed, "model"),
        weights=few.weights,
        ranges=ranges,
    )
    size = len(data) if number is None else number
    mass = random.choice(data.mass_gev, size, p=data.weights / total)
    folds = random.choice(np.unique(data.folds[data.folds >= 0]), size)
    return FeatureTable(model.sample(mass, seed=seed), mass, folds, np.ones(size))
