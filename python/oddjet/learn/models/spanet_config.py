"""Configuration of SPANet, free of PyTorch."""

from __future__ import annotations

from pydantic import Field, model_validator

from oddjet.runs.config import ConfigModel

__all__ = ["SpanetConfig"]


class SpanetConfig(ConfigModel):
    """Jets of an event, seen all at once: which belong together, and what it is."""

    width: int = Field(64, ge=4, le=1024, description="numbers that describe a jet")
    heads: int = Field(4, ge=1, le=64, description="attention heads; divide width")
    encoder_layers: int = Field(
        3, ge=1, le=32, description="transformer layers of all jets and the event"
    )
    branch_layers: int = Field(
        1, ge=0, le=32, description="transformer layers of each resonance"
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="fraction dropped")
    relative_momenta: bool = Field(
        False,
        description="true: pT and mass of jets as shares of the sum of pT, which hides"
        " most of the mass of the event",
    )
    assignment_weight: float = Field(
        0.0,
        ge=0,
        description="weight of the pairing in the loss. Pairings are known for"
        " simulated signal only: with weak labels this must be zero, or the network"
        " learns which events have a pairing, which is the truth",
    )

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> SpanetConfig:
        if self.width % self.heads:
            message = (
                f"must have a width that heads divide, got {self.width} and"
                f" {self.heads}"
            )
            raise ValueError(message)
        return self
