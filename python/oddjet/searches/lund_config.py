"""What LundNet is trained on as a tagger of semi-visible jets, and how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from oddjet.learn.config import TrainingConfig
from oddjet.learn.models.lund_config import LundNetConfig
from oddjet.runs.config import ConfigModel
from oddjet.searches.signal_grid import SignalPoint
from oddjet.select.svj import SvjCuts

__all__ = ["LundTaggerConfig", "LundTraining", "SampleConfig", "SignalConfig"]


def _as_for_lund_net(given: Any) -> Any:
    if isinstance(given, Mapping):
        return TrainingConfig.lund_net().model_dump() | dict(given)
    return given


#: What is left out of it is as for LundNet.
LundTraining = Annotated[TrainingConfig, BeforeValidator(_as_for_lund_net)]


class SampleConfig(ConfigModel):
    """The simulated events of one process."""

    files: tuple[str, ...] = Field(
        min_length=1, description="files of events or patterns, relative to this file"
    )


class SignalConfig(SignalPoint, SampleConfig):
    """One point of the signal grid."""


class LundTaggerConfig(ConfigModel):
    """LundNet on the fat jets of selected events."""

    seed: int = Field(1, ge=0, description="the one seed of all trainings")
    signal: tuple[SignalConfig, ...] = Field(
        min_length=1,
        examples=[[{"z_prime_mass_gev": 1000, "r_inv": 0.3, "files": []}]],
        description="points of the grid; each has the same weight in the training",
    )
    background: dict[str, SampleConfig] = Field(
        min_length=1,
        examples=[{"qcd": {"files": []}}],
        description="processes by name, their weights in the same unit",
    )
    selection: SvjCuts = Field(
        default_factory=SvjCuts, description="which events, and which jets of them"
    )
    network: LundNetConfig = Field(
        default_factory=LundNetConfig,
        description="the network and its trees; lundnet_5, lundnet_3 and cms name the"
        " published ones",
    )
    training: LundTraining = Field(
        default_factory=TrainingConfig.lund_net,
        description="folds and optimiser; what is left out is as for LundNet",
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [point.name for point in self.signal]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            message = f"must name each point of the grid once; {twice[0]} comes twice"
            raise ValueError(message)
        for name in self.background:
            if not name.isidentifier() or name != name.lower() or name in names:
                message = (
                    "must name processes of background by lower-case letters, digits "
                    f"and _, other than points of the signal; got {name!r}"
                )
                raise ValueError(message)
        return self
