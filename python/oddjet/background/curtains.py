"""CURTAINS: sideband events moved into the signal region by flows for flows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from oddjet.background.held_out import Maker, template_per_fold
from oddjet.background.spectrum import MassSpectrum
from oddjet.background.template import FeatureTable, Template
from oddjet.learn.flows.config import CURTAINS_PRESETS, CurtainsConfig
from oddjet.learn.flows.transport import train_transport
from oddjet.runs.seeds import derive_seed

__all__ = ["curtains_template"]

Ranges = Sequence[tuple[float, float] | None]


def curtains_template(
    data: FeatureTable,
    *,
    low_gev: float,
    high_gev: float,
    sideband_gev: float,
    seed: int,
    masses: MassSpectrum | None = None,
    config: CurtainsConfig = CURTAINS_PRESETS["cpu"],
    copies: int = 4,
    ranges: Ranges | None = None,
) -> Template:
    """Learn how features move with the mass, and move sideband events inside.

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
    config : CurtainsConfig
        One of `CURTAINS_PRESETS`, or any other.
    copies : int
        Of each sideband event, each at a mass of its own.
    ranges : sequence of (low, high) or None, optional
        What a feature can be, such as (0, 1) for tau21; learnt where not given.

    Returns
    -------
    Template
        For each fold to be scored a part that neither flows nor copies have seen it
        in. Copies have the fold of their source, and share its weight.

    Raises
    ------
    UserError
        As `oddjet.learn.flows.transport.train_transport`, with the fold named.

    References
    ----------
    Sengupta, Klein, Raine, Golling, arXiv:2305.04646.
    """
    return template_per_fold(
        "CURTAINS",
        data,
        partial(_mover, config=config, ranges=ranges),
        copies=copies,
        low_gev=low_gev,
        high_gev=high_gev,
        sideband_gev=sideband_gev,
        seed=seed,
        masses=masses,
    )


def _mover(
    sidebands: FeatureTable, seed: int, *, config: CurtainsConfig, ranges: Ranges | None
) -> Maker:
    transport = train_transport(
        sidebands.features,
        sidebands.mass_gev,
        config=config,
        seed=derive_seed(seed, "model"),
        weights=sidebands.weights,
        ranges=ranges,
    )

    def moved(
        masses: MassSpectrum, copies: int, seed: int
    ) -> tuple[FeatureTable, NDArray[np.int64]]:
        rows = np.repeat(np.arange(len(sidebands)), copies)
        source = sidebands[rows]
        mass = masses.draw(len(rows), seed=seed)
        features = transport.move(source.features, source.mass_gev, mass)
        return FeatureTable(features, mass, source.folds, source.weights / copies), rows

    return moved
