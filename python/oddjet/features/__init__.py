"""What a network sees of a jet: features that training and scoring share."""

from __future__ import annotations

from oddjet.features.constituents import (
    constituent_features,
    event_tensors,
    ragged_constituent_features,
)
from oddjet.features.energies import energy_fractions
from oddjet.features.lund_spec import LundSpec
from oddjet.features.lund_trees import LundTrees
from oddjet.features.spec import FEATURE_VERSIONS, FeatureSpec
from oddjet.features.table_spec import TableSpec

__all__ = [
    "FEATURE_VERSIONS",
    "FeatureSpec",
    "LundSpec",
    "LundTrees",
    "TableSpec",
    "constituent_features",
    "energy_fractions",
    "event_tensors",
    "ragged_constituent_features",
]
