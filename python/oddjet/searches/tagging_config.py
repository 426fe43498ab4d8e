"""How jets are chosen and told apart: what searches and studies have in common."""

from __future__ import annotations

from pydantic import Field

from oddjet.learn.config import TrainingConfig
from oddjet.learn.models.config import EdgeConvConfig
from oddjet.runs.config import ConfigModel
from oddjet.searches.features_config import FeaturesConfig
from oddjet.select.monojet import MonoJetCuts

__all__ = ["TaggingConfig"]


class TaggingConfig(ConfigModel):
    """Selection, features, network and training of a mono-jet search."""

    selection: MonoJetCuts = Field(
        default_factory=MonoJetCuts, description="region IM1 of ATLAS, arXiv:2102.10874"
    )
    features: FeaturesConfig = Field(
        default_factory=FeaturesConfig, description="what the network sees of a jet"
    )
    network: EdgeConvConfig = Field(
        default_factory=EdgeConvConfig, description="the graph network"
    )
    training: TrainingConfig = Field(
        default_factory=TrainingConfig, description="folds and optimiser"
    )
