"""What a network says of jets that it does not learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from oddjet.learn.batches import JetSample

__all__ = ["logits_of"]

_BATCH = 512


def logits_of(
    network: nn.Module, sample: JetSample, chosen: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Evaluate a network, in batches of jets of like size.

    Parameters
    ----------
    network : nn.Module
        On its device; it is evaluated in the mode of inference, and left in the mode
        that it was in.
    sample : JetSample
    chosen : int, shape (jets,)
        Which jets.

    Returns
    -------
    float64, shape (jets,)
        In the order of `chosen`.
    """
    device = next(network.parameters()).device
    order = np.argsort(sample.sizes()[chosen], kind="stable")
    result = np.empty(len(chosen))
    was_training = network.training
    network.eval()
    with torch.no_grad():
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            inputs = (part.to(device) for part in sample.inputs(chosen[rows]))
            result[rows] = network(*inputs).double().cpu().numpy()
    network.train(was_training)
    return result
