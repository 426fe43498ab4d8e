"""A network that scores one fold, as plain arrays in and out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.learn.checkpoint import Checkpoint
from oddjet.learn.folds import seen_by
from oddjet.learn.loop import reproducible, train
from oddjet.learn.models.networks import new_network
from oddjet.learn.validation import Validation
from oddjet.runs.digests import digest
from oddjet.runs.provenance import provenance
from oddjet.runs.seeds import derive_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.learn.batches import JetSample
    from oddjet.learn.config import TrainingConfig
    from oddjet.learn.models.networks import NetworkConfig

__all__ = ["TrainedFold", "train_fold"]


@dataclass(frozen=True)
class TrainedFold:
    """What training one fold gives, free of PyTorch.

    Attributes
    ----------
    weights : dict of str to array
        State of the network, named as in `EdgeConvNetwork` or `LundNet`.
    loss : tuple of float
        Mean training loss of each epoch.
    accuracy : tuple of float
        Validation accuracy after each epoch, if there are jets to measure it on: the
        weights are those after the first of the best.
    """

    weights: dict[str, NDArray[np.float32]]
    loss: tuple[float, ...]
    accuracy: tuple[float, ...] = ()


def train_fold(
    sample: JetSample,
    fold_of_jet: NDArray[np.int64],
    fold: int,
    *,
    network: NetworkConfig,
    training: TrainingConfig,
    features: Sequence[str],
    seed: int,
    member: int = 0,
    validates: NDArray[np.bool_] | None = None,
    checkpoints: Path | None = None,
    on_epoch: Callable[[int, float], None] = lambda _epoch, _loss: None,
) -> TrainedFold:
    """Train a network that scores one fold, on the events it may see.

    Parameters
    ----------
    sample : JetSample
        Jets of both classes. Those without constituents are left out.
    fold_of_jet : int64, shape (jets,)
        As `oddjet.learn.folds.training_folds` gives it.
    fold : int
        The fold that is scored; what the network sees of it `training.scoring`
        says. It never sees the reserve.
    network : EdgeConvConfig or LundNetConfig
    training : TrainingConfig
    features : sequence of str
        Names of the features: of the spec or of the tree.
    seed : int
        Seed of the search; every network derives its own.
    member : int
        Number of the network among those of its fold.
    validates : bool, shape (jets,), optional
        Jets that choose among the epochs instead of being trained on, as
        `oddjet.learn.folds.in_validation` gives them; those of the fold itself and of
        the reserve do not even that. Needed if `training.validation_fraction` is not
        zero, else ignored.
    checkpoints : Path, optional
        Directory for the state of an unfinished training, made if needed. A later
        call with the same arguments goes on there, and ends with the same bits.
    on_epoch : callable, optional
        Told the epoch (from 1) and its mean loss.

    Returns
    -------
    TrainedFold
        The same bits for the same arguments, thread count and processor, on a CPU.

    Raises
    ------
    UserError
        A class without jets to train on or to validate with, a loss that is not
        finite, features without the coordinates of the first graph, a sample that the
        network cannot read, a device that is not there, or a damaged checkpoint.
    """
    seen = seen_by(fold_of_jet, fold, training.scoring) & (sample.sizes() > 0)
    chosen, validation = sample[seen], None
    if training.validation_fraction > 0:
        if validates is None:
            message = "train_fold: validation_fraction is set, give `validates` too"
            raise ValueError(message)
        chosen = sample[seen & ~validates]
        validation = Validation(
            sample[seen & validates], balance_regions=training.balance_regions
        )
    # The first network of a fold has the seed that a fold of one network has.
    names = ("fold", fold) if member == 0 else ("fold", fold, "network", member)
    seed = derive_seed(seed, *names)
    checkpoint = None
    if checkpoints is not None:
        columns = (*chosen.columns(), *(validation.columns() if validation else ()))
        key = _training_key(columns, network, training, features, seed)
        checkpoint = _checkpoint(checkpoints, key)
    with reproducible(
        derive_seed(seed, "network"), training.threads, device=training.device
    ):
        model = new_network(network, chosen, features)
        loss = train(
            model,
            chosen,
            training,
            seed=seed,
            validation=validation,
            checkpoint=checkpoint,
            on_epoch=on_epoch,
        )
    if checkpoint is not None:
        checkpoint.discard()
    # Batch norm counts its batches; nothing depends on that number.
    weights = {
        name: value.numpy()
        for name, value in model.state_dict().items()
        if value.is_floating_point()
    }
    accuracy = tuple(validation.accuracies) if validation else ()
    return TrainedFold(weights, tuple(loss), accuracy)


def _checkpoint(directory: Path, key: str) -> Checkpoint:
    """Give the place of the state of a training, in a directory that may be new."""
    directory.mkdir(parents=True, exist_ok=True)
    return Checkpoint(directory / f"{key[:16]}.pt", key)


def _training_key(
    columns: Iterable[NDArray[np.generic]],
    network: NetworkConfig,
    training: TrainingConfig,
    features: Sequence[str],
    seed: int,
) -> str:
    """Digest everything that decides a training, the jets included."""
    # How many networks a fold has, and how folds are cut, shows in jets and seed.
    shaped = training.model_copy(update={"networks": 1, "folds": 2})
    return digest(
        {
            "sample": [_digest(column) for column in columns],
            "network": network,
            "training": shaped,
            "features": list(features),
            "seed": seed,
            "made_with": provenance(),
        }
    )


def _digest(column: NDArray[np.generic]) -> str:
    content = np.ascontiguousarray(column)
    head = f"{content.dtype.str} {content.shape}".encode("ascii")
    total = hashlib.sha256(head)
    total.update(content.view(np.uint8).reshape(-1).data)
    return total.hexdigest()
