"""SPANet for two resonances of two jets each.

Shmakov et al., arXiv:2106.03898 (SPANet), in the topology of two Higgs bosons to four
b jets: a transformer over jets and an event token, a symmetric attention over pairs of
jets for each resonance, and a classifier on the event token.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from torch import Tensor

    from oddjet.learn.models.spanet_config import SpanetConfig

__all__ = ["Spanet", "SpanetOutput", "chosen_pairs", "pairing_loss"]

#: Resonances, which no label tells apart.
BRANCHES = 2


@dataclass(frozen=True)
class SpanetOutput:
    """What the network says of a batch.

    Attributes
    ----------
    logit : float32 Tensor, shape (events,)
        Of the signal.
    log_pairs : float32 Tensor, shape (events, 2, jets, jets)
        Logarithm of the probability that the jets (i, j) are resonance 1 or 2; one
        softmax over all pairs i < j of real jets, -inf elsewhere.
    """

    logit: Tensor
    log_pairs: Tensor


class _PairAttention(nn.Module):
    """Symmetric attention: one number for each pair of different jets."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)

    def forward(self, jets: Tensor, mask: Tensor) -> Tensor:
        """Compute (events, n, width) -> (events, n, n), a log softmax over pairs."""
        one_way = self.query(jets) @ self.key(jets).transpose(1, 2)
        both = (one_way + one_way.transpose(1, 2)) / (2 * math.sqrt(jets.shape[2]))
        real = mask[:, :, None] & mask[:, None, :]
        upper = torch.ones_like(both[0], dtype=torch.bool).triu(diagonal=1)
        both = both.masked_fill(~(real & upper), -torch.inf)
        flat = both.flatten(start_dim=1)
        # An event without a pair has no probabilities.
        empty = ~torch.isfinite(flat).any(dim=1, keepdim=True)
        logs = torch.log_softmax(flat.masked_fill(empty, 0.0), dim=1)
        return logs.masked_fill(empty, -torch.inf).reshape(both.shape)


class Spanet(nn.Module):
    """Pairs jets and classifies events.

    Parameters
    ----------
    num_features : int
        Of a jet.
    config : SpanetConfig

    Attributes
    ----------
    feature_mean, feature_scale : Tensor, shape (features,)
        Standardisation, set by `standardise`; part of the state of the network.
    """

    feature_mean: Tensor
    feature_scale: Tensor

    def __init__(self, num_features: int, config: SpanetConfig) -> None:
        super().__init__()
        width = config.width
        self.register_buffer("feature_mean", torch.zeros(num_features))
        self.register_buffer("feature_scale", torch.ones(num_features))
        # Widths double up to that of the encoder.
        sizes = [num_features, max(width // 4, 1), max(width // 2, 1), width]
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.GELU()]
        self.embedding = nn.Sequential(*layers)
        self.event_token = nn.Parameter(torch.randn(width) / math.sqrt(width))
        self.encoder = _encoder(config, config.encoder_layers)
        self.branches = nn.ModuleList(
            _encoder(config, config.branch_layers) for _ in range(BRANCHES)
        )
        self.pairs = nn.ModuleList(_PairAttention(width) for _ in range(BRANCHES))
        self.classifier = nn.Sequential(
            nn.Linear(width, width), nn.GELU(), nn.Linear(width, 1)
        )

    def standardise(self, mean: Tensor, scale: Tensor) -> None:
        """Set the mean and the scale that features are given in, each (features,)."""
        self.feature_mean.copy_(mean)
        self.feature_scale.copy_(scale)

    def forward(self, jets: Tensor, mask: Tensor) -> SpanetOutput:
        """Look at events.

        Parameters
        ----------
        jets : float32 Tensor, shape (events, n, features)
        mask : bool Tensor, shape (events, n)
            True for a jet; what is padded changes nothing.

        Returns
        -------
        SpanetOutput
        """
        x = self.embedding((jets - self.feature_mean) / self.feature_scale)
        token = self.event_token.expand(len(x), 1, -1)
        x = torch.cat([token, x], dim=1)
        padding = torch.cat([torch.zeros_like(mask[:, :1]), ~mask], dim=1)
        x = self.encoder(x, src_key_padding_mask=padding)
        logs = []
        for branch, pair in zip(self.branches, self.pairs, strict=True):
            y = branch(x, src_key_padding_mask=padding) if branch.num_layers else x
            logs.append(pair(y[:, 1:], mask))
        logit: Tensor = self.classifier(x[:, 0])[:, 0]
        return SpanetOutput(logit, torch.stack(logs, dim=1))


def _encoder(config: SpanetConfig, layers: int) -> nn.TransformerEncoder:
    layer = nn.TransformerEncoderLayer(
        config.width,
        config.heads,
        dim_feedforward=2 * config.width,
        dropout=config.dropout,
        activation="gelu",
        batch_first=True,
        norm_first=True,
    )
    return nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)


def pairing_loss(log_pairs: Tensor, pairs: Tensor) -> Tensor:
    """Cross-entropy of the true pairs, whichever resonance is called the first.

    Parameters
    ----------
    log_pairs : float32 Tensor, shape (events, 2, n, n)
        Of `SpanetOutput`.
    pairs : int64 Tensor, shape (events, 2, 2)
        Jets of each resonance; of an event with a -1 nothing is known, and it does
        not count.

    Returns
    -------
    float32 Tensor, scalar
        Mean over the events that count, with the smaller of both orders, plus the
        logarithm of their number; 0 without such events.

    References
    ----------
    Shmakov et al., arXiv:2106.03898, equation 6.
    """
    known = (pairs >= 0).flatten(start_dim=1).all(dim=1)
    if not known.any():
        return log_pairs.new_zeros(())
    logs, true = log_pairs[known], pairs[known].sort(dim=2).values
    event = torch.arange(len(logs), device=logs.device)
    # cost[b, r]: what it costs to call resonance r the branch b.
    cost = torch.stack(
        [
            torch.stack(
                [-logs[event, b, true[:, r, 0], true[:, r, 1]] for r in range(BRANCHES)]
            )
            for b in range(BRANCHES)
        ]
    )
    straight, swapped = cost[0, 0] + cost[1, 1], cost[0, 1] + cost[1, 0]
    return torch.minimum(straight, swapped).mean() + math.log(BRANCHES)


def chosen_pairs(log_pairs: Tensor) -> Tensor:
    """Choose the most probable two pairs that share no jet.

    Parameters
    ----------
    log_pairs : float32 Tensor, shape (events, 2, n, n)

    Returns
    -------
    int64 Tensor, shape (events, 2, 2)
        -1 where an event has fewer than four jets.
    """
    n = log_pairs.shape[-1]
    first, second = torch.triu_indices(n, n, offset=1, device=log_pairs.device)
    if len(first) == 0:
        return torch.full((len(log_pairs), BRANCHES, 2), -1)
    logs = log_pairs[:, :, first, second]  # (events, 2, pairs)
    total = logs[:, 0, :, None] + logs[:, 1, None, :]
    shared = (
        (first[:, None] == first)
        | (first[:, None] == second)
        | (second[:, None] == first)
        | (second[:, None] == second)
    )
    total = total.masked_fill(shared, -torch.inf).flatten(start_dim=1)
    best = total.argmax(dim=1)
    chosen = torch.stack([best // len(first), best % len(first)], dim=1)
    pairs = torch.stack([first[chosen], second[chosen]], dim=2)
    none = ~torch.isfinite(total.gather(1, best[:, None]))
    return pairs.masked_fill(none[:, :, None], -1)
