"""Distance correlation losses of PyTorch: as it is usually written, and by blocks.

The first stores the n x n distances and what autograd keeps of them. The second never
holds more than a block of rows: the mean distances first, then the loss block by
block, each recomputed for the backward pass (torch.utils.checkpoint), which is the best
that tensors and autograd do without an n log n form.
"""

from __future__ import annotations

import torch
from torch.utils.checkpoint import checkpoint


def n_by_n_loss(x, y):
    """R of equal weights, as in gkasieczka/DisCo with a final root."""
    a, b = (_centred(values) for values in (x, y))
    covariance = (a * b).mean()
    variance_x, variance_y = (a * a).mean(), (b * b).mean()
    return (covariance / (variance_x * variance_y).sqrt()).sqrt()


def _centred(values):
    distances = (values[:, None] - values[None, :]).abs()
    rows = distances.mean(dim=1)
    return distances - rows[:, None] - rows[None, :] + rows.mean()


def blocked_loss(x, y, rows=512):
    """R again, in O(n rows) memory."""
    means_x, means_y = (
        torch.cat(
            [
                checkpoint(_row_means, block, values, use_reentrant=False)
                for block in values.split(rows)
            ]
        )
        for values in (x, y)
    )
    sums = 0
    for begin in range(0, len(x), rows):
        block = slice(begin, begin + rows)
        sums = sums + checkpoint(
            _block_sums, x, y, means_x, means_y, block, use_reentrant=False
        )
    return (sums[0] / (sums[1] * sums[2]).sqrt()).sqrt()


def _row_means(block, values):
    return (block[:, None] - values[None, :]).abs().mean(dim=1)


def _block_sums(x, y, means_x, means_y, block):
    a, b = (
        (values[block, None] - values[None, :]).abs()
        - means[block, None]
        - means[None, :]
        + means.mean()
        for values, means in ((x, means_x), (y, means_y))
    )
    return torch.stack([(a * b).sum(), (a * a).sum(), (b * b).sum()])
