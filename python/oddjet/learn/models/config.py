"""Configuration of the networks, free of PyTorch."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from oddjet.runs.config import ConfigModel

__all__ = ["EdgeConvConfig"]

Width = Annotated[int, Field(ge=1, le=4096)]
Widths = Annotated[tuple[Width, ...], Field(min_length=1)]


class EdgeConvConfig(ConfigModel):
    """A dynamic graph network on the constituents of a jet.

    The defaults are those of ParticleNet-Lite (Qu & Gouskos, arXiv:1902.08570). The
    network of Finke, Krämer, Lipp, Mück, arXiv:2204.11889, has three blocks of three
    layers, widths 64, 128 and 256, 16 neighbours, dense (256, 128) and slope 0.1.
    """

    blocks: tuple[Widths, ...] = Field(
        ((32, 32, 32), (64, 64, 64)),
        min_length=1,
        description="widths of the layers of each EdgeConv block",
    )
    neighbours: int = Field(
        7, ge=1, le=128, description="nearest constituents that each one listens to"
    )
    dense: tuple[Width, ...] = Field(
        (128,), description="widths of the dense layers after pooling"
    )
    dropout: float = Field(
        0.1, ge=0, lt=1, description="fraction dropped after each dense layer"
    )
    slope: float = Field(
        0.0, ge=0, lt=1, description="slope of the activation below zero, 0 for ReLU"
    )
