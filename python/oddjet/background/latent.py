"""LaCATHODE: the search in the latent space of a density of the sidebands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oddjet.background.held_out import folds_to_score, stacked
from oddjet.background.sideband import in_sidebands
from oddjet.background.template import FeatureTable, Template
from oddjet.learn.flows.config import DENSITY_PRESETS, FlowConfig
from oddjet.learn.flows.density import ConditionalDensity, train_density
from oddjet.learn.flows.scaling import FeatureScaling
from oddjet.runs.errors import UserError
from oddjet.runs.seeds import derive_seed

__all__ = ["LatentSpaces", "lacathode_template"]

Floats = NDArray[np.float64]
_CONFIG = "config"


@dataclass(frozen=True)
class LatentSpaces:
    """What carries events to where the networks of LaCATHODE live.

    Every fold has a space of its own, of a density that has not seen the fold. The
    networks that score it are trained there, and its events are scored there.

    Attributes
    ----------
    densities : mapping of fold to ConditionalDensity
    config : FlowConfig
        Of the densities.
    """

    densities: Mapping[int, ConditionalDensity]
    config: FlowConfig

    def carry(self, fold: int, table: FeatureTable) -> Floats:
        """Give the latent variables of events in the space of a fold.

        They are normal at every mass where the density is right, so that a cut on
        them does not sculpt the spectrum. An event beyond all that the data hold, as
        of an injected signal, is taken for one at the edge.

        Parameters
        ----------
        fold : int
        table : FeatureTable

        Returns
        -------
        float64, shape (events, features)
        """
        density = self.densities[fold]
        limits = density.scaling.features
        features = np.clip(table.features, limits.low, limits.high)
        return density.latent(features, table.mass_gev)

    def save(self, path: Path) -> None:
        """Write the best epoch of each density, as a NumPy archive."""
        content = json.dumps(self.config.model_dump(mode="json"))
        arrays = {_CONFIG: np.array(content)}
        for fold, density in self.densities.items():
            found = density.arrays()
            arrays |= {f"{fold}/{name}": value for name, value in found.items()}
        np.savez(path, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> LatentSpaces:
        """Read what `save` wrote."""
        with np.load(path) as stored:
            config = FlowConfig(**json.loads(str(stored[_CONFIG])))
            of_fold: dict[int, dict[str, NDArray[np.float64]]] = {}
            for name in stored.files:
                fold, slash, rest = name.partition("/")
                if slash:
                    of_fold.setdefault(int(fold), {})[rest] = stored[name]
        densities = {
            fold: ConditionalDensity.of_arrays(arrays, config)
            for fold, arrays in of_fold.items()
        }
        return cls(densities, config)


def lacathode_template(
    data: FeatureTable,
    *,
    low_gev: float,
    high_gev: float,
    sideband_gev: float,
    seed: int,
    config: FlowConfig = DENSITY_PRESETS["cpu"],
    copies: int = 4,
    ranges: Sequence[tuple[float, float] | None] | None = None,
) -> Template:
    """Learn densities of the sidebands, in whose latent variables background is normal.

    Parameters
    ----------
    data : FeatureTable
        Folds below 0 (the reserve) are left out.
    low_gev, high_gev, sideband_gev : float
        Signal region [low, high) and the width of each sideband.
    seed : int
    config : FlowConfig
        One of `DENSITY_PRESETS`, or any other.
    copies : int
        Template events, as a multiple of the sideband events that taught a density.
    ranges : sequence of (low, high) or None, optional
        What a feature can be; where not given the range of the events, those of the
        signal region included: these are carried too.

    Returns
    -------
    Template
        Normal variables, for each fold to be scored a part; `spaces` carries events
        to them. What stands beside is drawn from the densities, as features.

    Raises
    ------
    UserError
        As `oddjet.learn.flows.density.train_density`, with the fold named.

    References
    ----------
    Hallin et al., arXiv:2210.14924.
    """
    mass = data.mass_gev
    beside = in_sidebands(mass, low_gev, high_gev, sideband_gev)
    around = beside | ((mass >= low_gev) & (mass < high_gev))
    folds = folds_to_score("LaCATHODE", data)
    limits = FeatureScaling.learn(data.features[around], ranges)
    edges = list(zip(limits.low.tolist(), limits.high.tolist(), strict=True))
    densities, parts, others = {}, [], []
    for fold in folds.tolist():
        known = data[beside & (data.folds >= 0) & (data.folds != fold)]
        own = derive_seed(seed, "LaCATHODE", fold)
        try:
            density = train_density(
                known.features, known.mass_gev, config=config, seed=own,
                weights=known.weights, ranges=edges,
            )  # fmt: skip
        except UserError as error:
            message = (
                f"LaCATHODE template of {low_gev:g}-{high_gev:g} GeV without fold"
                f" {fold}: {error}"
            )
            raise UserError(message) from error
        densities[fold] = density
        parts.append(_normal(known, (low_gev, high_gev), copies, own))
        drawn = density.sample(known.mass_gev, seed=derive_seed(own, "beside"))
        held = np.full(len(known), fold)
        others.append(FeatureTable(drawn, known.mass_gev, held, known.weights))
    held_out = np.repeat(folds, [len(part) for part in parts])
    return Template(
        method="LaCATHODE",
        table=stacked(parts),
        sources=np.full(len(held_out), -1),
        held_out=held_out,
        beside=stacked(others),
        spaces=LatentSpaces(densities, config),
    )


def _normal(
    known: FeatureTable, region: tuple[float, float], copies: int, seed: int
) -> FeatureTable:
    """Draw what background is at every mass, in random folds of those known."""
    random = np.random.default_rng(derive_seed(seed, "template"))
    size = copies * len(known)
    return FeatureTable(
        random.normal(size=(size, known.features.shape[1])),
        random.uniform(*region, size),
        random.choice(np.unique(known.folds), size),
        np.full(size, np.sum(known.weights) / size),
    )
