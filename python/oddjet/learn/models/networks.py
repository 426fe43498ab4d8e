"""The network that a configuration describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from oddjet.learn.batches import TrainingSample
from oddjet.learn.coordinates import coordinate_columns
from oddjet.learn.lund_sample import LundSample
from oddjet.learn.models.config import EdgeConvConfig
from oddjet.learn.models.edge_conv import EdgeConvNetwork
from oddjet.learn.models.lund_config import LundNetConfig
from oddjet.learn.models.lund_net import LundNet
from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    from oddjet.learn.batches import JetSample

__all__ = ["NetworkConfig", "new_network", "trained_network"]

NetworkConfig = EdgeConvConfig | LundNetConfig


def new_network(
    config: NetworkConfig, sample: JetSample, features: Sequence[str]
) -> nn.Module:
    """Make a network with random weights, standardised to the jets it will learn from.

    Parameters
    ----------
    config : EdgeConvConfig or LundNetConfig
    sample : JetSample
        Of the kind that the network reads.
    features : sequence of str
        Names of the features, in order.

    Returns
    -------
    nn.Module

    Raises
    ------
    UserError
        A sample of another kind, features that lack the coordinates of the first
        graph, too few jets, or features that are not finite.
    """
    mean, scale = map(torch.from_numpy, sample.moments())
    network = _network(config, sample, features)
    # A batch norm of the inputs does it alone, but not where features differ by 1e4.
    if not getattr(config, "input_norm", False):
        network.standardise(mean, scale)
    return network


def trained_network(
    config: NetworkConfig,
    sample: JetSample,
    features: Sequence[str],
    weights: Mapping[str, NDArray[np.float32]],
) -> nn.Module:
    """Make a network with the weights that a training ended with.

    Parameters
    ----------
    config, sample, features
        As in `new_network`; of the sample its form counts, not its jets.
    weights : mapping of str to array
        `TrainedFold.weights`.

    Returns
    -------
    nn.Module
    """
    network = _network(config, sample, features)
    state = {name: torch.from_numpy(value) for name, value in weights.items()}
    network.load_state_dict(state, strict=False)
    return network


def _network(
    config: NetworkConfig, sample: JetSample, features: Sequence[str]
) -> EdgeConvNetwork | LundNet:
    if isinstance(config, LundNetConfig) and isinstance(sample, LundSample):
        return LundNet(config)
    if isinstance(config, EdgeConvConfig) and isinstance(sample, TrainingSample):
        plane = coordinate_columns(features)
        return EdgeConvNetwork(
            config, len(features), plane, slots=sample.values.shape[1]
        )
    read = "Lund trees" if isinstance(config, LundNetConfig) else "constituents"
    message = f"this network reads {read} of jets; give it a sample of them"
    raise UserError(message)
