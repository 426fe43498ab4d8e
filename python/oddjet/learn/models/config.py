"""Configuration of the networks, free of PyTorch."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field

from oddjet.runs.config import ConfigModel

__all__ = ["EdgeConvConfig"]

Width = Annotated[int, Field(ge=1, le=4096)]
Widths = Annotated[tuple[Width, ...], Field(min_length=1)]


class EdgeConvConfig(ConfigModel):
    """A dynamic graph network on the constituents of a jet.

    The defaults are those of ParticleNet-Lite (Qu & Gouskos, arXiv:1902.08570);
    `dgcnn` gives the network of Finke, Krämer, Lipp, Mück, arXiv:2204.11889.
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
    padding: Literal["masked", "faithful"] = Field(
        "masked",
        description="masked: padding takes part in nothing. faithful: it does what it"
        " does in ParticleNet for Keras, for comparison with published numbers",
    )
    input_norm: bool = Field(
        False,
        description="true: batch norm of the features; false: their mean and standard"
        " deviation over the training jets",
    )
    outputs: Literal[1, 2] = Field(
        1, description="1: a logit; 2: one node a region and softmax, as in the paper"
    )

    @classmethod
    def dgcnn(cls, *, padding: Literal["masked", "faithful"] = "masked") -> Self:
        """Give the network of arXiv:2204.11889, appendix A: 449,744 parameters.

        Batch norm and shortcuts, which the paper does not mention, are those of
        ParticleNet, on which it is based.

        Parameters
        ----------
        padding : "masked" or "faithful"
            The paper does not say either.

        Returns
        -------
        EdgeConvConfig
        """
        return cls(
            blocks=((64,) * 3, (128,) * 3, (256,) * 3),
            neighbours=16,
            dense=(256, 128),
            dropout=0.1,
            slope=0.1,
            padding=padding,
            input_norm=True,
            outputs=2,
        )
