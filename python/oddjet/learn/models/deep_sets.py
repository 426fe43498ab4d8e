"""Deep Sets: a network on each constituent, their mean, a network on the jet."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["DeepSets"]


class DeepSets(nn.Module):
    """One number a jet, whatever the order of its constituents.

    Standardised features of a constituent pass through linear maps with ReLU; their
    mean over the jet and the root of the number of constituents enter further
    such layers. Komiske, Metodiev, Thaler, arXiv:1810.05165 (energy flow networks),
    after Zaheer et al., arXiv:1703.06114.

    Parameters
    ----------
    num_features : int
        Features of a constituent.
    particle : sequence of int
        Widths of the layers of a constituent.
    dense : sequence of int
        Widths of the layers of a jet.

    Attributes
    ----------
    feature_mean, feature_scale : Tensor, shape (features,)
        Standardisation, set by `standardise`; part of the state of the network.
    """

    feature_mean: Tensor
    feature_scale: Tensor

    def __init__(
        self, num_features: int, particle: Sequence[int], dense: Sequence[int]
    ) -> None:
        super().__init__()
        self.register_buffer("feature_mean", torch.zeros(num_features))
        self.register_buffer("feature_scale", torch.ones(num_features))
        self.particle = linear_layers((num_features, *particle))
        self.dense = linear_layers((particle[-1] + 1, *dense))
        self.output = nn.Linear(dense[-1], 1)

    def standardise(self, values: Tensor, mask: Tensor) -> None:
        """Take mean and deviation of the features of some jets as their scale."""
        self.feature_mean.copy_(values[mask].mean(dim=0))
        self.feature_scale.copy_(deviation(values[mask]))

    def forward(self, values: Tensor, mask: Tensor) -> Tensor:
        """Score jets.

        Parameters
        ----------
        values : float32 Tensor, shape (jets, n, features)
            Anything finite where padded.
        mask : bool Tensor, shape (jets, n)

        Returns
        -------
        float32 Tensor, shape (jets,)
        """
        x = (values - self.feature_mean) / self.feature_scale
        x = relu_layers(self.particle, x)
        number = mask.sum(dim=1, keepdim=True).to(x.dtype)
        mean = (x * mask[..., None]).sum(dim=1) / number.clamp(min=1)
        hidden = relu_layers(self.dense, torch.cat([mean, number.sqrt()], dim=1))
        score: Tensor = self.output(hidden)[:, 0]
        return score


def linear_layers(widths: Sequence[int]) -> nn.ModuleList:
    """Make the maps from each width to the next."""
    return nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))


def relu_layers(layers: nn.ModuleList, x: Tensor) -> Tensor:
    """Apply layers, each followed by a ReLU."""
    for layer in layers:
        x = layer(x).relu()
    return x


def deviation(rows: Tensor) -> Tensor:
    """Give the standard deviation of columns; 1 where a column is constant."""
    found = rows.std(dim=0, correction=0)
    return torch.where(found > 0, found, torch.ones_like(found))
