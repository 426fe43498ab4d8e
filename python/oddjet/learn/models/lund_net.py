"""LundNet: a graph network on the Lund tree of a jet.

Dreyer & Qu, arXiv:2012.08526. Nodes are declusterings and the graph is the tree, so
there is no search for neighbours and no padding.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from oddjet.learn.lund_sample import LundBatch
    from oddjet.learn.models.lund_config import LundNetConfig
    from oddjet.learn.models.packed_jets import Edges

__all__ = ["LundNet"]


class _TreeConv(nn.Module):
    """One EdgeConv block on a given graph.

    x_i' = relu(shortcut(x_i) + mean_j MLP(theta (x_i - x_j) + phi x_j)), j over the
    neighbours of i; with `listens_to` "center" phi acts on x_i.
    """

    def __init__(
        self, inputs: int, widths: Sequence[int], config: LundNetConfig
    ) -> None:
        super().__init__()
        self.listens_to_center = config.listens_to == "center"
        self.theta = nn.Linear(inputs, widths[0], bias=False)
        self.phi = nn.Linear(inputs, widths[0], bias=False)
        sizes = pairwise(widths)
        self.layers = nn.ModuleList(nn.Linear(a, b, bias=False) for a, b in sizes)
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for width in widths)
        self.dropout = nn.Dropout(config.block_dropout)
        self.has_shortcut = config.shortcut
        self.shortcut: nn.Module | None = None
        if config.shortcut and inputs != widths[-1]:
            self.shortcut = nn.Sequential(
                nn.Linear(inputs, widths[-1], bias=False), nn.BatchNorm1d(widths[-1])
            )

    def forward(self, x: Tensor, edges: Edges) -> Tensor:
        """Compute (nodes, inputs) -> (nodes, widths[-1])."""
        # theta (x_i - x_j) is theta x_i - theta x_j: made once a node, not an edge.
        difference, kept = self.theta(x), self.phi(x)
        if self.listens_to_center:
            messages = edges.gather(difference + kept, -difference)
        else:
            messages = edges.gather(difference, kept - difference)
        messages = self._activated(messages, 0)
        for number, layer in enumerate(self.layers, start=1):
            messages = self._activated(layer(messages), number)
        mean = edges.mean(messages)
        if not self.has_shortcut:
            return mean
        return torch.relu(mean + (x if self.shortcut is None else self.shortcut(x)))

    def _activated(self, messages: Tensor, number: int) -> Tensor:
        norm: nn.BatchNorm1d = self.norms[number]  # type: ignore[assignment]
        if self.training and len(messages) < 2:
            # One edge has no spread to normalise with; jets of one node have no edge.
            normalised = nn.functional.batch_norm(
                messages, norm.running_mean, norm.running_var, norm.weight, norm.bias
            )
        else:
            normalised = norm(messages)
        dropped: Tensor = self.dropout(torch.relu(normalised))
        return dropped


class LundNet(nn.Module):
    """Tells signal jets from others: one logit a jet.

    Batch norm of the variables, EdgeConv blocks on the tree, a fusion layer on the
    outputs of all blocks (linear, ReLU, then batch norm), the mean over nodes, a dense
    layer. The last layer has two outputs, of which the logit is the difference: the
    softmax of the paper.

    Parameters
    ----------
    config : LundNetConfig

    Attributes
    ----------
    feature_mean, feature_scale : Tensor, shape (variables,)
        Standardisation, set by `standardise`; part of the state of the network. Its
        first layer normalises too: without logarithms z and kt differ by 1e4, which
        is beyond what batch norm starts from.

    Examples
    --------
    >>> from oddjet.learn.models.lund_config import LundNetConfig
    >>> network = LundNet(LundNetConfig.published(5))
    >>> sum(parameter.numel() for parameter in network.parameters())
    391724
    """

    feature_mean: Tensor
    feature_scale: Tensor

    def __init__(self, config: LundNetConfig) -> None:
        super().__init__()
        variables = len(config.tree.names)
        self.register_buffer("feature_mean", torch.zeros(variables))
        self.register_buffer("feature_scale", torch.ones(variables))
        self.input_norm = nn.BatchNorm1d(variables)
        outputs = (variables, *(widths[-1] for widths in config.blocks))
        self.blocks = nn.ModuleList(
            _TreeConv(inputs, widths, config)
            for inputs, widths in zip(outputs, config.blocks, strict=False)
        )
        self.fusion = nn.Linear(sum(outputs[1:]), config.fusion)
        self.fusion_norm = nn.BatchNorm1d(config.fusion)
        self.dense = nn.Linear(config.fusion, config.dense)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.dense, 2)
        self.logit_norm = nn.BatchNorm1d(1) if config.normalised_logit else None

    def standardise(self, mean: Tensor, scale: Tensor) -> None:
        """Set the mean and the scale that variables are given in, each (variables,)."""
        self.feature_mean.copy_(mean)
        self.feature_scale.copy_(scale)

    def forward(self, trees: LundBatch) -> Tensor:
        """Score jets.

        Parameters
        ----------
        trees : LundBatch

        Returns
        -------
        float32 Tensor, shape (jets,)
            Logit of the signal.
        """
        x = self.input_norm((trees.values - self.feature_mean) / self.feature_scale)
        outputs = []
        for block in self.blocks:
            x = block(x, trees.edges)
            outputs.append(x)
        fused = torch.relu(self.fusion(torch.cat(outputs, dim=1)))
        pooled = trees.mean(self.fusion_norm(fused))
        hidden = self.dropout(torch.relu(self.dense(pooled)))
        two = self.output(hidden)
        logit: Tensor = two[:, 1:] - two[:, :1]
        if self.logit_norm is not None:
            logit = self.logit_norm(logit)
        return logit[:, 0]
