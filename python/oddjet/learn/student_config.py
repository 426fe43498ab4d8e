"""What a student may look like and how it is trained, free of PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from oddjet.runs.config import ConfigModel

__all__ = ["SHAPES", "StudentKind", "StudentShape", "StudentTraining"]

StudentKind = Literal["mlp", "deep_sets", "lite"]


@dataclass(frozen=True)
class StudentShape:
    """Widths of a student's layers.

    Attributes
    ----------
    kind : "mlp", "deep_sets" or "lite"
        A network on high-level quantities of the jet; one on each constituent and
        one on their mean; a small EdgeConv graph.
    particle : tuple of int
        Layers of a constituent, of deep_sets.
    blocks : tuple of tuple of int
        Layers of each EdgeConv block, of lite.
    neighbours : int
        Of lite.
    dense : tuple of int
        Layers of the jet.
    """

    kind: StudentKind
    dense: tuple[int, ...]
    particle: tuple[int, ...] = ()
    blocks: tuple[tuple[int, ...], ...] = ()
    neighbours: int = 0

    def __str__(self) -> str:
        """Name it in words."""
        parts = [
            f"{name} {' '.join(str(width) for width in widths)}"
            for name, widths in (
                *(("a block of", block) for block in self.blocks),
                ("layers a constituent", self.particle),
                ("layers a jet", self.dense),
            )
            if widths
        ]
        return f"{self.kind}: {', '.join(parts)}"


#: The largest first.
SHAPES: dict[StudentKind, tuple[StudentShape, ...]] = {
    "mlp": tuple(
        StudentShape("mlp", (width, width)) for width in (256, 128, 64, 32, 16)
    ),
    "deep_sets": tuple(
        StudentShape("deep_sets", (width, width), particle=(width, width))
        for width in (128, 64, 32, 16)
    ),
    "lite": (
        StudentShape("lite", (128,), blocks=((32,) * 3, (64,) * 3), neighbours=7),
        StudentShape("lite", (64,), blocks=((16,) * 2, (32,) * 2), neighbours=7),
        StudentShape("lite", (32,), blocks=((16,) * 2,), neighbours=5),
    ),
}


class StudentTraining(ConfigModel):
    """How a student learns the scores of its teacher."""

    epochs: int = Field(20, ge=1, description="passes over the jets")
    batch_size: int = Field(256, ge=1, description="jets of an optimiser step")
    learning_rate: float = Field(
        3e-3, gt=0, description="of Adam at the start; falls to zero along a cosine"
    )
    weight_average: float = Field(
        0.99,
        ge=0,
        lt=1,
        description="memory per step of the moving average of the weights",
    )
    threads: int = Field(
        1, ge=1, le=256, description="threads of PyTorch; another number changes bits"
    )
