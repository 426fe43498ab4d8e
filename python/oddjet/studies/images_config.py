"""The configuration of a study of jet images: one YAML file."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from oddjet.learn.classifier_config import FittingConfig
from oddjet.learn.models.image_config import ImageNetworkConfig
from oddjet.runs.config import ConfigModel
from oddjet.searches.table_source import EventFiles
from oddjet.select.hidden_valley import HiddenValleyCuts
from oddjet.studies.augmentation import (
    ORIGINAL,
    Augmentations,
    standard_augmentations,
)
from oddjet.studies.variants import Variant, variants_of
from oddjet.studies.windows import Windows

__all__ = ["MASS", "ImageConfig", "ImagesStudyConfig"]

#: The variable that the regions are cut from.
MASS = "mass_jj"

Sensitivity = Annotated[float, Field(ge=0)]
Efficiency = Annotated[float, Field(gt=0, le=1)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class ImageConfig(ConfigModel):
    """How a jet becomes an image: centred, turned, flipped, in pixels."""

    bins: int = Field(75, ge=1, le=512, description="pixels along each axis")
    half_width: float = Field(
        1.0, gt=0, description="of the box, in pseudorapidity and radians"
    )
    normalise: bool = Field(
        True,
        description="pixels hold shares of the jet's pT; in GeV their sum tells the"
        " mass of both jets and so the region, without any signal",
    )


class ImagesStudyConfig(ConfigModel):
    """ACC and AUC of networks of jet images against S / sqrt(B)."""

    study: Literal["images"] = Field("images", description="which study this is")
    seed: int = Field(1, ge=0, description="the one seed of the whole study")
    signal: EventFiles = Field(description="simulated signal")
    background: EventFiles = Field(description="simulated background")
    selection: HiddenValleyCuts = Field(
        default_factory=HiddenValleyCuts, description="of the events"
    )
    windows: Windows = Field(
        default_factory=lambda: Windows(
            variable=MASS,
            signal_region=(4700.0, 5500.0),
            sidebands=((4300.0, 4700.0), (5500.0, 5900.0)),
        ),
        description="signal region and sidebands of the mass of both jets",
    )
    images: ImageConfig = Field(
        default_factory=ImageConfig, description="of the two jets"
    )
    background_events: tuple[int, int] = Field(
        (19_000, 29_000),
        description="in the signal region and in the sidebands, to train and validate,"
        " at luminosity 1",
    )
    sensitivities: tuple[Sensitivity, ...] = Field(
        (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
        description="S / sqrt(B) of the signal region; 0 gives the band without a"
        " signal. The signal in the sidebands follows from its sample",
    )
    fractions: tuple[Fraction, ...] = Field(
        (),
        description="signal fractions f1 of one of two mixtures of the signal region,"
        " the other has 1 - f1: trained besides; at 0.5 nothing can be learnt, 0 and 1"
        " are pure labels",
    )
    mixture_events: int = Field(
        10_000, ge=10, description="training events of each mixture, for fractions"
    )
    luminosities: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (2.0,),
        description="further luminosities, with as much more signal and background:"
        " the control that copies are judged against",
    )
    augmentations: Augmentations = Field(
        default_factory=standard_augmentations,
        description="copies of the training events, by name",
    )
    compared_at: tuple[Sensitivity, ...] = Field(
        (0, 5),
        description="S / sqrt(B) at which augmentations and luminosities are trained",
    )
    test_events: int = Field(
        10_000, ge=10, description="of each pure sample of the signal region"
    )
    repeats: int = Field(10, ge=1, le=1000, description="trainings at each point")
    background_efficiencies: tuple[Efficiency, ...] = Field(
        (0.1, 0.01, 0.001), description="of the cuts whose improvement is shown"
    )
    network: ImageNetworkConfig = Field(
        default_factory=ImageNetworkConfig, description="convolutions"
    )
    training: FittingConfig = Field(
        default_factory=lambda: FittingConfig(learning_rate=1e-3, epochs=50),
        description="of each network; the note takes a learning rate of 1e-4",
    )

    @model_validator(mode="after")
    def _can_be_made(self) -> Self:
        if self.windows.variable != MASS:
            message = f"must have windows in {MASS}, got {self.windows.variable}"
            raise ValueError(message)
        if min(self.background_events) < 10:
            message = "must have at least 10 background_events in each region"
            raise ValueError(message)
        if not (self.sensitivities or self.fractions):
            message = "must have sensitivities or fractions, or there is nothing to do"
            raise ValueError(message)
        for name in ("sensitivities", "compared_at", "luminosities", "fractions"):
            values = getattr(self, name)
            if len(set(values)) < len(values):
                message = f"must list each of the {name} once"
                raise ValueError(message)
        if ORIGINAL in self.augmentations or 1.0 in self.luminosities:
            message = (
                f"must not name {ORIGINAL} or luminosity 1, which are trained anyway"
            )
            raise ValueError(message)
        least = self.network.smallest_image()
        if self.images.bins < least:
            message = (
                f"must have at least {least} bins for the pools of the network, got"
                f" {self.images.bins}"
            )
            raise ValueError(message)
        return self

    def variants(self) -> list[Variant]:
        """List what is trained: the original, more luminosity, copies."""
        return variants_of(self.luminosities, self.augmentations)

    def points(self) -> list[tuple[Variant, float]]:
        """List what is trained at which S / sqrt(B), by rising S / sqrt(B).

        Nothing without `sensitivities`: then the mixtures are all that is asked for.
        """
        if not self.sensitivities:
            return []
        original, *others = self.variants()
        points = [(original, value) for value in self.sensitivities]
        points += [
            (original, value)
            for value in self.compared_at
            if others and value not in self.sensitivities
        ]
        points += [(variant, value) for variant in others for value in self.compared_at]
        return sorted(points, key=lambda point: point[1])
