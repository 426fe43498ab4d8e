"""CATHODE: a density learnt in the sidebands, sampled in the signal region."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from oddjet.background.held_out import Maker, template_per_fold
from oddjet.background.spectrum import MassSpectrum
from oddjet.background.template import FeatureTable, Template
from oddjet.learn.flows.condition import ConditionalSampler
from oddjet.learn.flows.config import (
    DENSITY_PRESETS,
    FLOW_MATCHING_PRESETS,
    FlowConfig,
    FlowMatchingConfig,
)
from oddjet.learn.flows.density import train_density
from oddjet.learn.flows.matching import train_flow_matching
from oddjet.runs.seeds import derive_seed

__all__ = ["cathode_template", "flow_matching_template"]

Ranges = Sequence[tuple[float, float] | None]


def cathode_template(
    data: FeatureTable,
    *,
    low_gev: float,
    high_gev: float,
    sideband_gev: float,
    seed: int,
    masses: MassSpectrum | None = None,
    config: FlowConfig = DENSITY_PRESETS["cpu"],
    copies: int = 4,
    ranges: Ranges | None = None,
) -> Template:
    """Learn p(features | mass) beside the signal region, and draw from it inside.

    Parameters
    ----------
    data : FeatureTable
        Features of its signal region are not looked at; masses are, if no spectrum is
        given.
    low_gev, high_gev, sideband_gev : float
        Signal region [low, high) and the width of each sideband.
    seed : int
    masses : MassSpectrum, optional
        By default a kernel density of the masses in the signal region.
    config : FlowConfig
        One of `DENSITY_PRESETS`, or any other.
    copies : int
        Events drawn, as a multiple of the sideband events that taught the density.
    ranges : sequence of (low, high) or None, optional
        What a feature can be, such as (0, 1) for tau21; learnt where not given.

    Returns
    -------
    Template
        For each fold to be scored a part whose density has not seen it, of the weight
        of the sideband events that it has seen.

    Raises
    ------
    UserError
        As `oddjet.learn.flows.density.train_density`, with the fold named.

    References
    ----------
    Hallin et al., arXiv:2109.00546.
    """
    train = partial(train_density, config=config, ranges=ranges)
    return template_per_fold(
        "CATHODE",
        data,
        partial(_sampler, train=train),
        copies=copies,
        low_gev=low_gev,
        high_gev=high_gev,
        sideband_gev=sideband_gev,
        seed=seed,
        masses=masses,
    )


def flow_matching_template(
    data: FeatureTable,
    *,
    low_gev: float,
    high_gev: float,
    sideband_gev: float,
    seed: int,
    masses: MassSpectrum | None = None,
    config: FlowMatchingConfig = FLOW_MATCHING_PRESETS["cpu"],
    copies: int = 4,
    ranges: Ranges | None = None,
) -> Template:
    """As `cathode_template`, with flow matching in place of a density.

    Parameters
    ----------
    data, low_gev, high_gev, sideband_gev, seed, masses, copies, ranges
        As `cathode_template`.
    config : FlowMatchingConfig
        One of `FLOW_MATCHING_PRESETS`, or any other.

    Returns
    -------
    Template

    Raises
    ------
    UserError
        As `cathode_template`.
    """
    train = partial(train_flow_matching, config=config, ranges=ranges)
    return template_per_fold(
        "flow matching",
        data,
        partial(_sampler, train=train),
        copies=copies,
        low_gev=low_gev,
        high_gev=high_gev,
        sideband_gev=sideband_gev,
        seed=seed,
        masses=masses,
    )


def _sampler(
    sidebands: FeatureTable, seed: int, *, train: Callable[..., ConditionalSampler]
) -> Maker:
    model = train(
        sidebands.features,
        sidebands.mass_gev,
        weights=sidebands.weights,
        seed=derive_seed(seed, "model"),
    )

    def drawn(
        masses: MassSpectrum, copies: int, seed: int
    ) -> tuple[FeatureTable, NDArray[np.int64]]:
        number = copies * len(sidebands)
        mass = masses.draw(number, seed=seed)
        features = model.sample(mass, seed=seed)
        folds = np.random.default_rng(derive_seed(seed, "folds")).choice(
            np.unique(sidebands.folds), number
        )
        weight = np.sum(sidebands.weights) / number
        table = FeatureTable(features, mass, folds, np.full(number, weight))
        return table, np.full(number, -1)

    return drawn
