"""Sizes and trainings of the generative models, free of PyTorch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from oddjet.runs.config import ConfigModel

__all__ = [
    "CURTAINS_PRESETS",
    "DENSITY_PRESETS",
    "FLOW_MATCHING_PRESETS",
    "CurtainsConfig",
    "EpochConfig",
    "FlowConfig",
    "FlowMatchingConfig",
]


class EpochConfig(ConfigModel):
    """How a model is trained; the epochs with the lowest validation loss are kept."""

    learning_rate: float = Field(1e-4, gt=0, description="of Adam")
    weight_decay: float = Field(0.0, ge=0, description="of Adam")
    batch_size: int = Field(256, ge=1, description="events per optimiser step")
    epochs: int = Field(100, ge=1, description="at most")
    steps: int | None = Field(
        None,
        ge=1,
        description="optimiser steps, at most, in whole epochs: many events need fewer"
        " epochs; by default as many as the epochs take",
    )
    kept_epochs: int = Field(
        1,
        ge=1,
        description="those with the lowest validation loss, used in equal parts",
    )
    validation_fraction: float = Field(0.2, gt=0, lt=1, description="of the events")
    warmup_steps: int = Field(0, ge=0, description="linear rise of the learning rate")
    schedule: Literal["constant", "cosine"] = Field(
        "constant", description="the learning rate stays, or falls to zero"
    )
    gradient_clip: float | None = Field(None, gt=0, description="norm, if clipped")
    threads: int = Field(1, ge=1, le=256, description="threads of PyTorch")


class FlowConfig(EpochConfig):
    """A normalizing flow: a chain of transforms whose parameters a network gives."""

    kind: Literal["affine", "spline"] = Field(
        "spline", description="affine, or monotonic rational-quadratic on [-5, 5]"
    )
    coupling: bool = Field(
        False, description="half of the features at once instead of one after another"
    )
    transforms: int = Field(3, ge=1, description="length of the chain")
    hidden: tuple[int, ...] = Field((32, 32), description="sizes of hidden layers")
    bins: int = Field(8, ge=2, description="of a spline")
    activation: Literal["relu", "tanh", "silu"] = Field(
        "relu", description="of hidden layers"
    )


class CurtainsConfig(ConfigModel):
    """Flows for flows: a density, and a flow that moves events between masses."""

    base: FlowConfig = Field(description="density of the features at a mass")
    top: FlowConfig = Field(description="the flow from one mass to another")
    context: Literal["difference", "masses"] = Field(
        "masses", description="the top flow knows the step in mass, or both masses"
    )


class FlowMatchingConfig(EpochConfig):
    """A velocity field that carries normal noise to the features at a mass."""

    hidden: tuple[int, ...] = Field((32, 32, 32), description="sizes of hidden layers")
    sampling_steps: int = Field(50, ge=1, description="midpoint steps from 0 to 1")


#: "published": CATHODE, arXiv:2109.00546, without the batch norms between transforms.
DENSITY_PRESETS = {
    "published": FlowConfig(
        kind="affine",
        transforms=15,
        hidden=(128,),
        learning_rate=1e-4,
        weight_decay=1e-6,
        epochs=100,
        batch_size=256,
        kept_epochs=10,
    ),
    "cpu": FlowConfig(
        learning_rate=5e-3,
        batch_size=256,
        epochs=20,
        schedule="cosine",
        kept_epochs=4,
        activation="silu",
    ),
}

#: "published": flows for flows, arXiv:2305.04646.
CURTAINS_PRESETS = {
    "published": CurtainsConfig(
        base=FlowConfig(
            transforms=15,
            hidden=(128, 128),
            bins=10,
            learning_rate=1e-4,
            epochs=50,
            batch_size=128,
        ),
        top=FlowConfig(
            coupling=True,
            transforms=8,
            hidden=(16, 16),
            bins=10,
            learning_rate=5e-4,
            epochs=50,
            batch_size=256,
            gradient_clip=5.0,
        ),
        context="difference",
    ),
    "cpu": CurtainsConfig(
        base=FlowConfig(
            learning_rate=1e-2,
            batch_size=512,
            epochs=20,
            steps=2000,
            schedule="cosine",
            activation="silu",
        ),
        top=FlowConfig(
            coupling=True,
            transforms=2,
            hidden=(16, 16),
            learning_rate=1e-2,
            batch_size=512,
            epochs=10,
            steps=1000,
            schedule="cosine",
            activation="silu",
            gradient_clip=5.0,
        ),
    ),
}

#: "published": the validation samples of the ATLAS weakly supervised dijet search.
FLOW_MATCHING_PRESETS = {
    "published": FlowMatchingConfig(
        learning_rate=1e-4, batch_size=64, epochs=100, warmup_steps=500
    ),
    "cpu": FlowMatchingConfig(
        learning_rate=1e-2,
        batch_size=512,
        epochs=100,
        schedule="cosine",
        warmup_steps=20,
        kept_epochs=4,
    ),
}
