"""Configuration of the classifiers of a resonance search, free of PyTorch."""

from __future__ import annotations

from pydantic import Field

from oddjet.runs.config import ConfigModel

__all__ = ["ClassifierConfig", "FittingConfig"]


class FittingConfig(ConfigModel):
    """How a network is trained until its validation loss stands still."""

    learning_rate: float = Field(1e-3, gt=0, description="of Adam")
    batch_size: int = Field(512, ge=1, description="events per optimiser step")
    epochs: int = Field(100, ge=1, description="at most")
    patience: int = Field(
        10, ge=1, description="epochs without a better validation loss until a stop"
    )
    threads: int = Field(1, ge=1, le=256, description="threads of PyTorch")


class ClassifierConfig(FittingConfig):
    """A small network on a few features; the defaults are those of the ATLAS search."""

    hidden: tuple[int, ...] = Field((64, 64, 64), description="sizes of hidden layers")
    dropout: float = Field(0.05, ge=0, lt=1, description="fraction dropped in training")
