"""The networks X and Y as plain arrays, and their scores without a training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from oddjet.learn.loop import reproducible
from oddjet.learn.models.event_network import EventNetwork

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from torch import nn

__all__ = ["network_arrays", "scores_of_networks"]

_SEPARATOR = "/"


def network_arrays(networks: nn.ModuleDict) -> dict[str, NDArray[Any]]:
    """Give the state of all networks, for `numpy.savez`.

    Parameters
    ----------
    networks : ModuleDict
        Of an `AbcdTrainer`.

    Returns
    -------
    dict of "X/..." and "Y/..." to array
    """
    return {
        f"{name}{_SEPARATOR}{key}": value.detach().cpu().numpy()
        for name, network in networks.items()
        for key, value in network.state_dict().items()
    }


def scores_of_networks(
    arrays: Mapping[str, NDArray[Any]],
    features: NDArray[np.float32],
    *,
    hidden: Sequence[int],
    threads: int = 1,
) -> dict[str, NDArray[np.float32]]:
    """Score events with networks that were stored.

    Parameters
    ----------
    arrays : mapping of str to array
        From `network_arrays`.
    features : float32, shape (events, features)
    hidden : sequence of int
        Widths of the layers.
    threads : int

    Returns
    -------
    dict of "X" and "Y" to float32, shape (events,)
        As `AbcdTrainer.scores` gives them.
    """
    found = {}
    with torch.no_grad(), reproducible(0, threads):
        for name in sorted({key.partition(_SEPARATOR)[0] for key in arrays}):
            start = f"{name}{_SEPARATOR}"
            network = EventNetwork(features.shape[1], hidden).eval()
            state = {
                key.removeprefix(start): torch.from_numpy(np.asarray(value))
                for key, value in arrays.items()
                if key.startswith(start)
            }
            network.load_state_dict(state)
            logits = network(torch.from_numpy(np.ascontiguousarray(features)))
            found[name] = torch.sigmoid(logits).numpy()
    return found
