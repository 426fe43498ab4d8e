"""Many multilayer perceptrons as one model, by batched matrix products."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.functional import dropout, relu

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["StackedMLP"]


class StackedMLP(nn.Module):
    """Networks of one shape, each with its own weights and its own events.

    ReLU after every hidden layer, one logit. Weights start as those of `nn.Linear`:
    uniform within 1/sqrt(inputs), each member from its own seed, so that a member is
    the same network in any company.

    Parameters
    ----------
    num_features : int
    hidden : sequence of int
        Sizes of the hidden layers.
    seeds : sequence of int
        One a member.
    dropout_fraction : float
        In [0, 1), after every hidden layer, while training.
    """

    def __init__(
        self,
        num_features: int,
        hidden: Sequence[int],
        seeds: Sequence[int],
        dropout_fraction: float = 0.0,
    ) -> None:
        super().__init__()
        sizes = [num_features, *hidden, 1]
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.weights = nn.ParameterList()
        self.biases = nn.ParameterList()
        for inputs, outputs in pairwise(sizes):
            bound = inputs**-0.5
            shapes = ((inputs, outputs), (1, outputs))
            for store, shape in zip((self.weights, self.biases), shapes, strict=True):
                drawn = [
                    (2 * torch.rand(shape, generator=generator) - 1) * bound
                    for generator in generators
                ]
                store.append(nn.Parameter(torch.stack(drawn)))
        self.dropout_fraction = dropout_fraction

    def forward(self, features: Tensor) -> Tensor:
        """Give one logit an event.

        Parameters
        ----------
        features : float32, shape (members, events, features)
            Standardised.

        Returns
        -------
        float32, shape (members, events)
        """
        x = features
        last = len(self.weights) - 1
        pairs = zip(self.weights, self.biases, strict=True)
        for layer, (weight, bias) in enumerate(pairs):
            x = torch.baddbmm(bias, x, weight)
            if layer < last:
                x = dropout(relu(x), self.dropout_fraction, self.training)
        return x.squeeze(-1)
