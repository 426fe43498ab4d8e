"""The training loop."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim.lr_scheduler import CosineAnnealingLR
from torch.utils import deterministic

from oddjet.learn.batches import epoch_batches
from oddjet.learn.weight_average import WeightAverage
from oddjet.runs.errors import UserError
from oddjet.runs.seeds import derive_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor, nn

    from oddjet.learn.batches import Batch, TrainingSample
    from oddjet.learn.config import TrainingConfig

__all__ = ["reproducible", "train"]


def train(
    network: nn.Module,
    sample: TrainingSample,
    config: TrainingConfig,
    *,
    seed: int,
    on_epoch: Callable[[int, float], None] = lambda _epoch, _loss: None,
) -> list[float]:
    """Train a network to tell the signal region from the control region.

    Adam on the weighted binary cross-entropy, step size falling along a cosine. The
    network ends with the moving average of its weights, which follows weak labels
    with less noise than the last weights do. Run it within `reproducible`.

    Parameters
    ----------
    network : nn.Module
        Called with (values, mask), gives one logit a jet; changed in place.
    sample : TrainingSample
    config : TrainingConfig
    seed : int
        Order of the jets.
    on_epoch : callable, optional
        Told the epoch (from 1) and its mean loss.

    Returns
    -------
    list of float
        Mean loss of each epoch; ln 2 = 0.693 means nothing was learnt.

    Raises
    ------
    UserError
        A loss that is not finite, before it reaches the weights; or a region
        without events.
    """
    random = np.random.default_rng(derive_seed(seed, "batches"))
    optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    steps = config.epochs * -(-len(sample) // config.batch_size)
    schedule = CosineAnnealingLR(optimizer, T_max=steps)
    average = WeightAverage(network, config.weight_average)
    history = []
    network.train()
    for epoch in range(1, config.epochs + 1):
        total = 0.0
        for batch in epoch_batches(sample, config.batch_size, random):
            loss = _weighted_loss(network(batch.values, batch.mask), batch)
            total += _finite(loss, epoch) * len(batch.label)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            average.update(network)
        history.append(total / len(sample))
        on_epoch(epoch, history[-1])
    average.load_into(network)
    return history


@contextmanager
def reproducible(seed: int, threads: int) -> Iterator[None]:
    """Make everything that PyTorch does inside repeatable bit for bit.

    Parameters
    ----------
    seed : int
        Initial weights and dropout.
    threads : int
        Threads within an operation; sums depend on their number.

    Yields
    ------
    None
        The caller's generator, threads and settings come back afterwards.
    """
    threads_before = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]), _deterministic_algorithms():
        torch.set_num_threads(threads)
        torch.manual_seed(seed)
        try:
            yield
        finally:
            torch.set_num_threads(threads_before)


@contextmanager
def _deterministic_algorithms() -> Iterator[None]:
    before = torch.are_deterministic_algorithms_enabled()
    fill_before = deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    torch.use_deterministic_algorithms(True)
    # Nothing here reads memory before writing it; filling it would cost 12 % of the
    # training (Xeon, one thread).
    deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        deterministic.fill_uninitialized_memory = fill_before  # type: ignore[attr-defined]


def _weighted_loss(logits: Tensor, batch: Batch) -> Tensor:
    return binary_cross_entropy_with_logits(logits, batch.label, weight=batch.weight)


def _finite(loss: Tensor, epoch: int) -> float:
    value = loss.item()
    if not np.isfinite(value):
        message = (
            f"training stopped: the loss became {value} in epoch {epoch}; lower "
            "training.learning_rate, or look for features or weights that are not "
            "finite"
        )
        raise UserError(message)
    return value
