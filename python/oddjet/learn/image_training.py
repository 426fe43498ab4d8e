"""Networks of jet images, trained on images that are drawn batch by batch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch

from oddjet.learn.models.image_network import ImageNetwork
from oddjet.learn.network_fitting import fit_network

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from oddjet.learn.classifier_config import FittingConfig
    from oddjet.learn.member_batches import Member
    from oddjet.learn.models.image_config import ImageNetworkConfig
    from oddjet.learn.network_fitting import FittedNetwork
    from oddjet.learn.sparse_images import SparseImages

__all__ = ["ImageInputs", "fit_image_network"]


@dataclass(frozen=True)
class ImageInputs:
    """What a network of images is called with."""

    images: SparseImages

    def __len__(self) -> int:
        """Count the events."""
        return len(self.images)

    def tensors(self, rows: NDArray[np.int64]) -> tuple[Tensor, ...]:
        """Draw some events."""
        return (torch.from_numpy(self.images.dense(rows)),)


def fit_image_network(
    network: ImageNetworkConfig,
    images: SparseImages,
    label: NDArray[np.bool_],
    weights: NDArray[np.float64],
    *,
    member: Member,
    config: FittingConfig,
) -> FittedNetwork:
    """Train a network on images, each channel in the scale of those that train.

    Parameters
    ----------
    network : ImageNetworkConfig
    images : SparseImages
        Of two channels.
    label, weights, member, config
        As for `fit_network`.

    Returns
    -------
    FittedNetwork
        Scores `ImageInputs`.

    Raises
    ------
    UserError
        As `fit_network`.
    """
    scale = images[member.training].channel_scale()
    return fit_network(
        partial(_network, network, images.shape[1], scale),
        ImageInputs(images),
        label,
        weights,
        member=member,
        config=config,
    )


def _network(
    config: ImageNetworkConfig, bins: int, scale: NDArray[np.float32]
) -> ImageNetwork:
    network = ImageNetwork(config, bins)
    network.standardise(torch.from_numpy(scale))
    return network
