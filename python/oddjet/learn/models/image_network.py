"""Convolutions on the images of the two jets of an event."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.functional import logsigmoid

if TYPE_CHECKING:
    from torch import Tensor

    from oddjet.learn.models.image_config import ImageNetworkConfig

__all__ = ["ImageNetwork", "product_logit"]


class ImageNetwork(nn.Module):
    """Tells events by the images of their two jets.

    Convolutions with ReLU and pools of 2 x 2, then dense layers with ReLU, one logit.
    With shared towers each jet goes through the same network, and the probability of
    the event is the product of both.

    Parameters
    ----------
    config : ImageNetworkConfig
    bins : int
        Pixels along each axis, at least `config.smallest_image()`.

    Attributes
    ----------
    scale : Tensor, shape (2,)
        What pixels of each jet are divided by, set by `standardise`; one number a
        channel, for most pixels are hit by no training jet and have no spread.

    References
    ----------
    F.-Y. Hsieh, note "CWoLa" (unpublished), section 4.6.
    """

    scale: Tensor

    def __init__(self, config: ImageNetworkConfig, bins: int) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(2))
        self.is_shared = config.towers == "shared"
        layers: list[nn.Module] = []
        channels, size = (1 if self.is_shared else 2), bins
        for layer in config.convolutions:
            layers += [
                nn.Conv2d(channels, layer.channels, layer.kernel, padding="same"),
                nn.ReLU(),
            ]
            channels = layer.channels
            if layer.pool:
                layers.append(nn.MaxPool2d(2))
                size //= 2
        layers.append(nn.Flatten())
        for inputs, outputs in pairwise((channels * size**2, *config.dense)):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
            if config.dropout:
                layers.append(nn.Dropout(config.dropout))
        last = config.dense[-1] if config.dense else channels * size**2
        self.layers = nn.Sequential(*layers, nn.Linear(last, 1))

    def standardise(self, scale: Tensor) -> None:
        """Set what the pixels of each jet are divided by, shape (2,)."""
        self.scale.copy_(scale)

    def forward(self, images: Tensor) -> Tensor:
        """Compute (events, 2, bins, bins) -> (events,) logits."""
        x = images / self.scale[:, None, None]
        if not self.is_shared:
            joint: Tensor = self.layers(x)[:, 0]
            return joint
        each = self.layers(x.flatten(end_dim=1)[:, None])[:, 0].reshape(-1, 2)
        return product_logit(each[:, 0], each[:, 1])


def product_logit(first: Tensor, second: Tensor) -> Tensor:
    """Give the logit of the product of two probabilities, each given as its logit.

    With p = sigmoid(a) and q = sigmoid(b), 1 - p q = (1 - p) + p (1 - q): no
    difference is formed, so that nothing is lost where both are close to one.

    Parameters
    ----------
    first, second : float Tensor, the same shape

    Returns
    -------
    float Tensor, the same shape

    Examples
    --------
    >>> half = torch.zeros(1)
    >>> round(torch.sigmoid(product_logit(half, half)).item(), 6)
    0.25
    """
    product = logsigmoid(first) + logsigmoid(second)
    rest = torch.logaddexp(logsigmoid(-first), logsigmoid(first) + logsigmoid(-second))
    return product - rest
