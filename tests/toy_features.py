"""Events whose first feature moves with the mass, and whose second does not."""

from __future__ import annotations

import numpy as np

from oddjet.background.template import FeatureTable
from oddjet.learn.classifier_config import ClassifierConfig

REGION = {"low_gev": 2600.0, "high_gev": 3200.0, "sideband_gev": 600.0}
QUICK = ClassifierConfig(
    hidden=(32, 32), dropout=0.0, epochs=20, patience=5, learning_rate=3e-3
)


def toy(seed, events=12_000, *, slope=1.0, offset=0.0, folds=5):
    """A falling spectrum from 2 to 3.8 TeV."""
    rng = np.random.default_rng(seed)
    mass = 2000 + rng.exponential(900, 4 * events)
    mass = mass[mass < 3800][:events]
    first = slope * (mass - 2900) / 900 + offset + rng.normal(size=len(mass))
    features = np.column_stack([first, rng.normal(size=len(mass))])
    return FeatureTable(
        features, mass, rng.integers(0, folds, len(mass)), np.ones(len(mass))
    )


def inside(table):
    return (table.mass_gev >= 2600) & (table.mass_gev < 3200)
