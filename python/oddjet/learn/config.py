"""Configuration of the training, free of PyTorch."""

from __future__ import annotations

from pydantic import Field

from oddjet.runs.config import ConfigModel

__all__ = ["TrainingConfig"]


class TrainingConfig(ConfigModel):
    """How the networks of a search are trained, one network a fold."""

    folds: int = Field(
        2,
        ge=2,
        le=64,
        description="parts of the events; each is scored by a network that never saw"
        " it. With two the test is best calibrated",
    )
    reserve_fraction: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="fraction of the control events that no network"
        " sees, for the efficiency of the final model",
    )
    epochs: int = Field(8, ge=1, description="passes over the training events")
    # From four on, equal batches of two jets or more have at least two jets each.
    batch_size: int = Field(128, ge=4, description="jets per optimiser step")
    learning_rate: float = Field(
        2e-3, gt=0, description="initial step of Adam, falls to zero along a cosine"
    )
    weight_average: float = Field(
        0.995,
        ge=0,
        lt=1,
        description="memory per step of the moving average of the"
        " weights, which is the final network; 0 takes the last weights",
    )
    threads: int = Field(
        1,
        ge=1,
        le=256,
        description="threads of PyTorch per network; another number"
        " changes results in the last bits",
    )
