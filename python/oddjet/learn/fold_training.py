"""The network of one fold: trained on all other folds, as plain arrays in and out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from oddjet.learn.coordinates import coordinate_columns
from oddjet.learn.folds import RESERVE
from oddjet.learn.loop import reproducible, train
from oddjet.learn.models.edge_conv import EdgeConvNetwork
from oddjet.runs.seeds import derive_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from oddjet.learn.batches import TrainingSample
    from oddjet.learn.config import TrainingConfig
    from oddjet.learn.models.config import EdgeConvConfig

__all__ = ["TrainedFold", "train_fold"]


@dataclass(frozen=True)
class TrainedFold:
    """What training one fold gives, free of PyTorch.

    Attributes
    ----------
    weights : dict of str to array
        State of the network, named as in `EdgeConvNetwork`.
    loss : tuple of float
        Mean training loss of each epoch.
    """

    weights: dict[str, NDArray[np.float32]]
    loss: tuple[float, ...]


def train_fold(
    sample: TrainingSample,
    fold_of_jet: NDArray[np.int64],
    fold: int,
    *,
    network: EdgeConvConfig,
    training: TrainingConfig,
    features: Sequence[str],
    seed: int,
    on_epoch: Callable[[int, float], None] = lambda _epoch, _loss: None,
) -> TrainedFold:
    """Train the network that scores one fold, on the events of all others.

    Parameters
    ----------
    sample : TrainingSample
        Jets of both regions. Those without constituents are left out.
    fold_of_jet : int64, shape (jets,)
        As `oddjet.learn.folds.training_folds` gives it.
    fold : int
        The fold that the network must not see; nor does it see the reserve.
    network : EdgeConvConfig
    training : TrainingConfig
    features : sequence of str
        Names of the features, `FeatureSpec.features`.
    seed : int
        Seed of the search; every fold derives its own.
    on_epoch : callable, optional
        Told the epoch (from 1) and its mean loss.

    Returns
    -------
    TrainedFold
        The same bits for the same arguments, thread count and processor.

    Raises
    ------
    UserError
        A region without events to train on, a loss that is not finite, or features
        without the coordinates of the first graph.
    """
    seen = (fold_of_jet != fold) & (fold_of_jet != RESERVE) & sample.mask.any(axis=1)
    chosen = sample[seen]
    mean, scale = map(torch.from_numpy, chosen.moments())
    seed = derive_seed(seed, "fold", fold)
    with reproducible(derive_seed(seed, "network"), training.threads):
        model = EdgeConvNetwork(network, len(features), coordinate_columns(features))
        model.standardise(mean, scale)
        loss = train(model, chosen, training, seed=seed, on_epoch=on_epoch)
    # Batch norm counts its batches; nothing depends on that number.
    weights = {
        name: value.numpy()
        for name, value in model.state_dict().items()
        if value.is_floating_point()
    }
    return TrainedFold(weights, tuple(loss))
