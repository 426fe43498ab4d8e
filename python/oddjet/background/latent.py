"""LaCATHODE: the search in the latent space of a density of the sidebands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from oddjet.background.sideband import in_sidebands
from oddjet.background.template import FeatureTable
from oddjet.learn.flows.config import DENSITY_PRESETS, FlowConfig
from oddjet.learn.flows.density import train_density
from oddjet.learn.flows.scaling import FeatureScaling
from oddjet.runs.seeds import derive_seed

__all__ = ["LatentFold", "lacathode_fold"]


@dataclass(frozen=True)
class LatentFold:
    """What a network needs that is to score one fold.

    Attributes
    ----------
    data : FeatureTable
        All given events within the sidebands and the signal region, in the latent
        variables of a density that has not seen the fold.
    template : FeatureTable
        Normal variables: what background is there at every mass. Its folds are
        random ones of those that the network may see.
    rows : int64, shape (events,)
        Of `data` in the given table.
    """

    data: FeatureTable
    template: FeatureTable
    rows: np.ndarray


def lacathode_fold(
    data: FeatureTable,
    fold: int,
    *,
    low_gev: float,
    high_gev: float,
    sideband_gev: float,
    seed: int,
    config: FlowConfig = DENSITY_PRESETS["cpu"],
    copies: int = 4,
    ranges: Sequence[tuple[float, float] | None] | None = None,
) -> LatentFold:
    """Carry events to latent variables that are normal at every mass.

    A classifier of these has nothing to learn from the mass, so that a cut does not
    sculpt its spectrum. Every fold has a space of its own.

    Parameters
    ----------
    data : FeatureTable
    fold : int
        The fold to be scored.
    low_gev, high_gev, sideband_gev : float
        Signal region [low, high) and the width of each sideband.
    seed : int
    config : FlowConfig
        One of `DENSITY_PRESETS`, or any other.
    copies : int
        Template events, as a multiple of the sideband events that taught the density.
    ranges : sequence of (low, high) or None, optional
        What a feature can be; where not given the range of the events, those of the
        signal region included: these are carried too.

    Returns
    -------
    LatentFold

    Raises
    ------
    UserError
        As `oddjet.learn.flows.density.train_density`.

    References
    ----------
    Hallin et al., arXiv:2210.14924.
    """
    mass = data.mass_gev
    beside = in_sidebands(mass, low_gev, high_gev, sideband_gev)
    rows = np.flatnonzero(beside | ((mass >= low_gev) & (mass < high_gev)))
    events = data[rows]
    limits = FeatureScaling.learn(events.features, ranges)
    known = data[beside & (data.folds >= 0) & (data.folds != fold)]
    own = derive_seed(seed, "LaCATHODE", fold)
    density = train_density(
        known.features,
        known.mass_gev,
        config=config,
        seed=own,
        weights=known.weights,
        ranges=list(zip(limits.low.tolist(), limits.high.tolist(), strict=True)),
    )
    latent = density.latent(events.features, events.mass_gev)
    random = np.random.default_rng(derive_seed(own, "template"))
    size = copies * len(known)
    template = FeatureTable(
        random.normal(size=(size, latent.shape[1])),
        random.uniform(low_gev, high_gev, size),
        random.choice(np.unique(known.folds), size),
        np.full(size, np.sum(known.weights) / size),
    )
    carried = FeatureTable(latent, events.mass_gev, events.folds, events.weights)
    return LatentFold(carried, template, rows)
