"""EdgeConv: a graph network on the constituents of a jet.

Qu & Gouskos, arXiv:1902.08570 (ParticleNet), after Wang et al., arXiv:1801.07829;
as a weak classifier of mono-jets: Finke, Krämer, Lipp, Mück, arXiv:2204.11889.
Unlike theirs, padding takes part in nothing: neighbours, means over neighbours,
batch-norm statistics and pooling are over real constituents. `padding: faithful`
brings their treatment back.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import nn

from oddjet.learn.models.packed_jets import PackedJets
from oddjet.learn.models.padded_jets import PaddedJets
from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from oddjet.learn.models.config import EdgeConvConfig
    from oddjet.learn.models.packed_jets import Edges

__all__ = ["EdgeConvBlock", "EdgeConvNetwork"]


class EdgeConvBlock(nn.Module):
    """Each particle learns from its neighbours.

    x_i' = act(norm(S x_i) + mean_j MLP([x_i, x_j - x_i])), j over the neighbours of
    i; a layer of the MLP is a linear map without bias, batch norm over edges, act.

    Parameters
    ----------
    inputs : int
        Features of a particle.
    widths : sequence of int
        Outputs of the layers of the MLP.
    slope : float
        Slope of the activation below zero.
    """

    def __init__(self, inputs: int, widths: Sequence[int], slope: float) -> None:
        super().__init__()
        self.slope = slope
        sizes = pairwise((2 * inputs, *widths))
        self.layers = nn.ModuleList(nn.Linear(a, b, bias=False) for a, b in sizes)
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for width in widths)
        self.shortcut = nn.Linear(inputs, widths[-1], bias=False)
        self.shortcut_norm = nn.BatchNorm1d(widths[-1])

    def forward(self, x: Tensor, edges: Edges) -> Tensor:
        """Compute (particles, inputs) -> (particles, widths[-1])."""
        # W [x_i, x_j - x_i] = (W_a - W_b) x_i + W_b x_j: the first and widest map
        # acts on particles instead of edges, k times fewer rows for the same result.
        first: nn.Linear = self.layers[0]  # type: ignore[assignment]
        w_center, w_difference = first.weight.chunk(2, dim=1)
        messages = edges.gather(x @ (w_center - w_difference).T, x @ w_difference.T)
        messages = _activate(self.norms[0](messages), self.slope)
        for layer, norm in zip(self.layers[1:], self.norms[1:], strict=True):
            messages = _activate(norm(layer(messages)), self.slope)
        shortcut = self.shortcut_norm(self.shortcut(x))
        return _activate(edges.mean(messages) + shortcut, self.slope)


class EdgeConvNetwork(nn.Module):
    """Signal region or control region? One logit a jet.

    The first graph is in the plane of rapidity and azimuth, later ones in the
    features that the block before has learnt. Standardised inputs and all block
    outputs are averaged over the jet's constituents and enter dense layers. Of two
    outputs the logit is the difference: softmax and cross-entropy of two nodes are
    sigmoid and binary cross-entropy of it.

    Parameters
    ----------
    config : EdgeConvConfig
    num_features : int
        Features of a constituent.
    coordinates : (int, int)
        Columns of delta_rapidity and delta_azimuth among the features.
    slots : int, optional
        Constituents that every jet is padded to; needed if padding is faithful.

    Raises
    ------
    UserError
        Faithful padding with no more slots than neighbours.

    Attributes
    ----------
    feature_mean, feature_scale : Tensor, shape (features,)
        Standardisation, set by `standardise`; part of the state of the network.
    """

    feature_mean: Tensor
    feature_scale: Tensor

    def __init__(
        self,
        config: EdgeConvConfig,
        num_features: int,
        coordinates: tuple[int, int],
        slots: int | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.slots = _checked_slots(config, slots)
        self.coordinates = list(coordinates)
        self.register_buffer("feature_mean", torch.zeros(num_features))
        self.register_buffer("feature_scale", torch.ones(num_features))
        self.input_norm = nn.BatchNorm1d(num_features) if config.input_norm else None
        outputs = (num_features, *(widths[-1] for widths in config.blocks))
        self.blocks = nn.ModuleList(
            EdgeConvBlock(inputs, widths, config.slope)
            for inputs, widths in zip(outputs, config.blocks, strict=False)
        )
        sizes = pairwise((sum(outputs), *config.dense))
        self.dense = nn.ModuleList(nn.Linear(a, b) for a, b in sizes)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear((sum(outputs), *config.dense)[-1], config.outputs)

    def standardise(self, mean: Tensor, scale: Tensor) -> None:
        """Set the mean and the scale that features are given in, each (features,)."""
        self.feature_mean.copy_(mean)
        self.feature_scale.copy_(scale)

    def forward(self, values: Tensor, mask: Tensor) -> Tensor:
        """Score jets.

        Parameters
        ----------
        values : float32 Tensor, shape (jets, n, features)
            Anything finite where padded.
        mask : bool Tensor, shape (jets, n)
            True for a constituent. A jet may have one or none.

        Returns
        -------
        float32 Tensor, shape (jets,)
            Logit of the signal region.
        """
        jets, values = self._layout(values, mask)
        features = jets.pack(values)
        points, exact = features[:, self.coordinates], True
        x = (features - self.feature_mean) / self.feature_scale
        if self.input_norm is not None:
            x = self.input_norm(x)
        pooled = [jets.mean(x)]
        for block in self.blocks:
            # Who is whose neighbour is decided in single precision, also where the
            # rest is computed in half.
            with torch.autocast(x.device.type, enabled=False):
                edges = jets.edges(points, k=self.config.neighbours, exact=exact)
            x = block(x, edges).float()
            points, exact = x.detach(), False
            pooled.append(jets.mean(x))
        hidden = torch.cat(pooled, dim=1)
        for layer in self.dense:
            hidden = self.dropout(_activate(layer(hidden), self.config.slope))
        output: Tensor = self.output(hidden).float()
        # Of two nodes the second is the signal region's.
        if self.config.outputs == 2:
            return output[:, 1] - output[:, 0]
        return output[:, 0]

    def _layout(
        self, values: Tensor, mask: Tensor
    ) -> tuple[PackedJets | PaddedJets, Tensor]:
        """Choose what padding does, and fill up the slots where it does something."""
        if self.slots is None:
            return PackedJets.of(mask), values
        missing = self.slots - mask.shape[1]
        if missing < 0:
            message = (
                f"EdgeConvNetwork: jets have {mask.shape[1]} constituents, more than"
                f" the {self.slots} slots of a network of faithful padding"
            )
            raise ValueError(message)
        mask = nn.functional.pad(mask, (0, missing))
        return PaddedJets(mask), nn.functional.pad(values, (0, 0, 0, missing))


def _checked_slots(config: EdgeConvConfig, slots: int | None) -> int | None:
    if config.padding == "masked":
        return None
    if slots is None or slots <= config.neighbours:
        message = (
            "network.padding faithful needs more constituents per jet than network."
            f"neighbours, got {slots} and {config.neighbours}; raise features."
            "num_constituents, or leave the padding masked"
        )
        raise UserError(message)
    return slots


def _activate(x: Tensor, slope: float) -> Tensor:
    # In place: half of the time of an activation is memory for its result.
    if slope == 0:
        return torch.relu_(x)
    return nn.functional.leaky_relu_(x, slope)
