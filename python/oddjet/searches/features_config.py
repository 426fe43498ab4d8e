"""The feature specification as a part of a configuration file."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from oddjet.features import FeatureSpec
from oddjet.runs.config import ConfigModel

_DEFAULT = FeatureSpec()


class FeaturesConfig(ConfigModel):
    """What the network sees of a jet; see `oddjet.features.FeatureSpec`."""

    algorithm: Literal["antikt", "kt", "cambridge_aachen"] = Field(
        "antikt", description="antikt, kt or cambridge_aachen"
    )
    radius: float = Field(
        _DEFAULT.radius, gt=0, le=3, description="radius R of the fat jet"
    )
    num_constituents: int = Field(
        _DEFAULT.num_constituents,
        ge=2,
        le=1000,
        description="hardest constituents that are kept",
    )
    features: tuple[str, ...] = Field(
        _DEFAULT.features, description="of each constituent, in this order"
    )

    @model_validator(mode="after")
    def _known_features(self) -> Self:
        self.spec()  # raises for what no kernel computes, in its own words
        return self

    def spec(self) -> FeatureSpec:
        """Give the frozen specification that travels with the model."""
        return FeatureSpec(
            algorithm=self.algorithm,
            radius=self.radius,
            num_constituents=self.num_constituents,
            features=self.features,
        )
