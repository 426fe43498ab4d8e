"""Configuration of networks of jet images, free of PyTorch."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from oddjet.runs.config import ConfigModel

__all__ = ["ConvolutionConfig", "ImageNetworkConfig"]


class ConvolutionConfig(ConfigModel):
    """One convolution, padded to keep the size of the image, and its activation."""

    channels: int = Field(ge=1, le=1024, description="of its output")
    kernel: int = Field(
        ge=1, le=31, description="pixels along each axis, an odd number"
    )
    pool: bool = Field(False, description="take the largest of each 2 x 2 afterwards")

    @model_validator(mode="after")
    def _kernel_is_odd(self) -> Self:
        if self.kernel % 2 == 0:
            message = f"must have an odd kernel, got {self.kernel}"
            raise ValueError(message)
        return self


class ImageNetworkConfig(ConfigModel):
    """Convolutions on the images of two jets; the defaults suit a processor.

    `published` gives the network of F.-Y. Hsieh, note "CWoLa" (unpublished).
    """

    towers: Literal["joint", "shared"] = Field(
        "joint",
        description="joint: both jets are channels of one image. shared: each jet goes"
        " through the same network and the probabilities are multiplied",
    )
    convolutions: tuple[ConvolutionConfig, ...] = Field(
        (
            ConvolutionConfig(channels=8, kernel=5, pool=True),
            ConvolutionConfig(channels=16, kernel=5, pool=True),
            ConvolutionConfig(channels=32, kernel=3),
            ConvolutionConfig(channels=32, kernel=3, pool=True),
        ),
        min_length=1,
        description="in order: channels, kernel, pool",
    )
    dense: tuple[int, ...] = Field((64,), description="widths of the dense layers")
    dropout: float = Field(
        0.0, ge=0, lt=1, description="fraction dropped after each dense layer"
    )

    @classmethod
    def published(cls, *, towers: Literal["joint", "shared"] = "shared") -> Self:
        """Give the network of the note: 64, 64, 128, 128 channels, three dense layers.

        The note has three pools and does not say where: here they follow the first,
        the second and the last convolution.

        Parameters
        ----------
        towers : "joint" or "shared"
            The later version of the note has shared towers.

        Returns
        -------
        ImageNetworkConfig
        """
        layers = ((64, 5, True), (64, 5, True), (128, 3, False), (128, 3, True))
        return cls(
            towers=towers,
            convolutions=tuple(
                ConvolutionConfig(channels=channels, kernel=kernel, pool=pool)
                for channels, kernel, pool in layers
            ),
            dense=(128, 128, 128),
        )

    def smallest_image(self) -> int:
        """Give the pixels along an axis below which nothing is left after pooling."""
        return int(2 ** sum(layer.pool for layer in self.convolutions))
