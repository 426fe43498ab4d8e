"""Configuration of the classifiers of a resonance search, free of heavy libraries."""

from __future__ import annotations

from pydantic import Field

from oddjet.runs.config import ConfigModel

__all__ = ["ClassifierConfig", "FittingConfig", "TreesConfig"]


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


class TreesConfig(ConfigModel):
    """Gradient-boosted trees on a few or many features, averaged over random parts.

    The defaults are those of the appendix of Finke et al., arXiv:2309.13111; its main
    text averages 50 classifiers of at most 200 trees with 255 bins.
    """

    bagged: int = Field(10, ge=1, le=1000, description="classifiers that are averaged")
    share: float = Field(
        0.5, gt=0, le=1, description="of the training events that each of them sees"
    )
    iterations: int = Field(100, ge=1, description="trees of each, at most")
    leaves: int = Field(31, ge=2, description="of a tree, at most")
    bins: int = Field(127, ge=2, le=255, description="of a feature")
    learning_rate: float = Field(0.1, gt=0, description="weight of each tree")
    patience: int = Field(
        10, ge=1, description="trees without a better validation loss until a stop"
    )
    threads: int = Field(1, ge=1, le=256, description="threads of scikit-learn")
