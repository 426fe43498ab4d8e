"""A score of an event from a few numbers about it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["EventNetwork"]


class EventNetwork(nn.Module):
    """Dense layers with ReLU, batch norm after the first: one logit an event.

    The layout of Kasieczka, Nachman, Schwartz, Shih, arXiv:2007.14400.

    Parameters
    ----------
    num_features : int
    hidden : sequence of int
        Widths of the layers.

    Attributes
    ----------
    feature_mean, feature_scale : Tensor, shape (features,)
        Standardisation, set by `standardise`; part of the state of the network.
    """

    feature_mean: Tensor
    feature_scale: Tensor

    def __init__(self, num_features: int, hidden: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("feature_mean", torch.zeros(num_features))
        self.register_buffer("feature_scale", torch.ones(num_features))
        layers: list[nn.Module] = []
        for number, (inputs, outputs) in enumerate(pairwise((num_features, *hidden))):
            # Batch norm has an offset of its own.
            layers.append(nn.Linear(inputs, outputs, bias=number > 0))
            if number == 0:
                layers.append(nn.BatchNorm1d(outputs))
            layers.append(nn.ReLU())
        self.layers = nn.Sequential(*layers, nn.Linear((num_features, *hidden)[-1], 1))

    def standardise(self, mean: Tensor, scale: Tensor) -> None:
        """Set the mean and the scale that features are given in, each (features,)."""
        self.feature_mean.copy_(mean)
        self.feature_scale.copy_(scale)

    def forward(self, features: Tensor) -> Tensor:
        """Compute (events, features) -> (events,) logits."""
        standard = (features - self.feature_mean) / self.feature_scale
        logit: Tensor = self.layers(standard)[:, 0]
        return logit
