"""EdgeConv as it is usually written: padded, edges materialised, 1x1 convolutions.

The reference implementations compute (jets, 2 c, n, k) edge features and take padding
along. It shares the weights of an `EdgeConvNetwork` and gives the same logits.
"""

from __future__ import annotations

import torch
from torch.nn import functional


def padded_edge_conv(network, values, mask):
    """Evaluate an EdgeConvNetwork (in evaluation mode, ReLU) on padded jets."""
    real = mask[:, None, :].float()  # (jets, 1, n)
    count = real.sum(dim=2).clamp(min=1)
    x = (values - network.feature_mean) / network.feature_scale
    x = x.transpose(1, 2) * real  # (jets, c, n)
    points = values[..., network.coordinates].transpose(1, 2)
    pooled = [x.sum(dim=2) / count]
    for block in network.blocks:
        x = _block(block, x, points, mask, network.config.neighbours) * real
        points = x
        pooled.append(x.sum(dim=2) / count)
    hidden = torch.cat(pooled, dim=1)
    for layer in network.dense:
        hidden = functional.relu(layer(hidden))
    return network.output(hidden)[:, 0]


def _block(block, x, points, mask, k):
    indices, valid = _neighbours(points, mask, k)  # (jets, n, k)
    jets, channels, n = x.shape
    flat = indices.view(jets, 1, n * k).expand(-1, channels, -1)
    neighbour = x.gather(2, flat).view(jets, channels, n, k)
    center = x[..., None].expand(-1, -1, -1, k)
    edges = torch.cat([center, neighbour - center], dim=1)
    for layer, norm in zip(block.layers, block.norms, strict=True):
        edges = functional.conv2d(edges, layer.weight[:, :, None, None])
        edges = functional.relu(_normalised(edges, norm))
    share = (valid / valid.sum(dim=2, keepdim=True).clamp(min=1))[:, None]
    shortcut = functional.conv1d(x, block.shortcut.weight[:, :, None])
    shortcut = _normalised(shortcut, block.shortcut_norm)
    return functional.relu((edges * share).sum(dim=3) + shortcut)


def _normalised(x, norm):
    return functional.batch_norm(
        x, norm.running_mean, norm.running_var, norm.weight, norm.bias
    )


def _neighbours(points, mask, k):
    difference = points[:, :, :, None] - points[:, :, None, :]
    squared = (difference * difference).sum(dim=1)
    squared = squared.masked_fill(~mask[:, None, :], torch.inf)
    squared.diagonal(dim1=1, dim2=2).fill_(torch.inf)
    distances, indices = squared.topk(k, dim=2, largest=False)
    return indices, (distances < torch.inf).float()
