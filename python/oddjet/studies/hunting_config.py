"""What a study of hunting is told: windows, features, sizes of the signal."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from oddjet.learn.classifier_config import ClassifierConfig
from oddjet.select.dihiggs import VARIABLES
from oddjet.studies.dihiggs_samples import DihiggsSamples
from oddjet.studies.windows import Windows

__all__ = ["HuntingStudyConfig"]

#: The seed of the study: all inputs but the tags, and the mass that defines regions.
_ELEVEN = tuple(
    name for name in VARIABLES if not name.startswith("tag_") and name != "mass_hh"
)


class HuntingStudyConfig(DihiggsSamples):
    """ACC and AUC on pure samples against the size of the signal."""

    study: Literal["hunting"] = Field("hunting", description="which study this is")
    windows: Windows = Field(
        default_factory=Windows, description="signal region and sidebands"
    )
    features: tuple[str, ...] = Field(
        _ELEVEN, min_length=1, description="inputs of the classifier"
    )
    drop: Literal["none", "recommended"] = Field(
        "recommended",
        description="recommended: train without the features that the correlation"
        " report and the sculpting test name; none: with all of them",
    )
    distance_correlation_max: float = Field(
        0.1, gt=0, le=1, description="features above are named by the report"
    )
    sculpting_folds: int = Field(
        5,
        ge=2,
        le=50,
        description="folds of that test: every background event is looked at once, by"
        " networks that the other folds trained, `repeats` in each",
    )
    signal_events: float = Field(
        ge=0,
        examples=[272],
        description="signal events in all windows together, at 1 times",
    )
    luminosities: tuple[Annotated[float, Field(gt=1)], ...] = Field(
        (),
        description="further luminosities, with as much more signal and background; 1"
        " then takes a share of the background, the largest all of it",
    )
    times: tuple[float, ...] = Field(
        (0.0, 1.0, 10.0, 100.0),
        min_length=1,
        description="signal sizes; 0 gives the band without a signal",
    )
    test_events: int = Field(
        5_000, ge=10, description="events of each pure sample, of the signal region"
    )
    repeats: int = Field(10, ge=1, le=1000, description="trainings at each size")
    background_efficiencies: tuple[float, ...] = Field(
        (0.1, 0.01, 0.001),
        description="of the cuts whose improvement of S / sqrt(B) is shown",
    )
    classifier: ClassifierConfig = Field(
        default_factory=lambda: ClassifierConfig(hidden=(64, 64), dropout=0.0),
        description="the network",
    )

    @model_validator(mode="after")
    def _region_variable_is_no_input(self) -> Self:
        if self.windows.variable in self.features:
            message = (
                f"must not have {self.windows.variable} among the features: it defines"
                " the regions"
            )
            raise ValueError(message)
        return self
