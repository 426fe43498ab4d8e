"""The training loop."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.utils import deterministic

from oddjet.learn.batches import epoch_batches
from oddjet.learn.training_state import TrainingState
from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor, nn

    from oddjet.learn.batches import Batch, JetSample
    from oddjet.learn.checkpoint import Checkpoint
    from oddjet.learn.config import TrainingConfig
    from oddjet.learn.validation import Validation

__all__ = ["available_device", "reproducible", "train"]


def train(
    network: nn.Module,
    sample: JetSample,
    config: TrainingConfig,
    *,
    seed: int,
    validation: Validation | None = None,
    checkpoint: Checkpoint | None = None,
    on_epoch: Callable[[int, float], None] = lambda _epoch, _loss: None,
) -> list[float]:
    """Train a network to tell jets of label 1 from those of label 0.

    Adam on the weighted binary cross-entropy. The network ends with the moving
    average of its weights, which follows weak labels with less noise than the last
    weights do; with `validation`, with what it was after the best epoch. Run it
    within `reproducible`.

    Parameters
    ----------
    network : nn.Module
        Called with the inputs of the sample, gives one logit a jet; changed in place.
    sample : JetSample
    config : TrainingConfig
    seed : int
        Order of the jets.
    validation : Validation, optional
        Jets that choose among the epochs.
    checkpoint : Checkpoint, optional
        Keeps the state now and then; if there is one, training goes on from it. A
        training that was interrupted ends with the bits of one that was not.
    on_epoch : callable, optional
        Told the epoch (from 1) and its mean loss.

    Returns
    -------
    list of float
        Mean loss of each epoch; ln 2 = 0.693 means nothing was learnt.

    Raises
    ------
    UserError
        A loss that is not finite, before it reaches the weights; a region without
        events; a checkpoint of another training; or no CUDA device where the
        configuration asks for one.
    """
    device = available_device(config)
    network.to(device).train()
    state = TrainingState(network, config, len(sample), seed, validation)
    if checkpoint is not None and (kept := checkpoint.restore()) is not None:
        state.load_state_dict(kept)
        for epoch, loss in enumerate(state.history, start=1):
            on_epoch(epoch, loss)
    while not state.finished:
        batches = epoch_batches(
            sample,
            config.batch_size,
            state.epoch_random(),
            balance_regions=config.balance_regions,
        )
        for batch in islice(batches, state.step, None):
            _step(state, batch.to(device))
            if checkpoint is not None:
                checkpoint.offer(state.state_dict)
        loss = state.end_epoch(len(sample), config.epochs)
        on_epoch(len(state.history), loss)
    state.finish()
    return state.history


def _step(state: TrainingState, batch: Batch) -> None:
    """Take one batch forward, back and into the weights."""
    with _mixed_precision(batch.label.device):
        logits = state.network(*batch.inputs)
    loss = _weighted_loss(logits, batch)
    state.total += _finite(loss, len(state.history) + 1) * len(batch.label)
    state.optimizer.zero_grad()
    state.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
    state.scaler.step(state.optimizer)
    state.scaler.update()
    state.schedule.after_step()
    state.average.update(state.network)
    state.step += 1


def available_device(config: TrainingConfig) -> torch.device:
    """Give the device of a configuration.

    Raises
    ------
    UserError
        There is no CUDA device here.
    """
    if config.device == "cuda" and not torch.cuda.is_available():
        message = (
            "training.device is cuda, but PyTorch finds no CUDA device here; install a"
            " build of PyTorch for your GPU, or train on the cpu"
        )
        raise UserError(message)
    return torch.device(config.device)


def _mixed_precision(device: torch.device) -> AbstractContextManager[object]:
    """Let CUDA compute matrix products in half precision; a CPU gains nothing."""
    return torch.autocast("cuda") if device.type == "cuda" else nullcontext()


@contextmanager
def reproducible(seed: int, threads: int, device: str = "cpu") -> Iterator[None]:
    """Make everything that PyTorch does inside repeatable bit for bit.

    Parameters
    ----------
    seed : int
        Initial weights and dropout.
    threads : int
        Threads within an operation; sums depend on their number.
    device : "cpu" or "cuda"
        Not all operations have a repeatable form on a GPU: there, no bits are
        promised.

    Yields
    ------
    None
        The caller's generator, threads and settings come back afterwards.
    """
    threads_before = torch.get_num_threads()
    devices = range(torch.cuda.device_count())
    with (
        torch.random.fork_rng(devices=devices),
        _deterministic_algorithms() if device == "cpu" else nullcontext(),
    ):
        torch.set_num_threads(threads)
        torch.manual_seed(seed)
        try:
            yield
        finally:
            torch.set_num_threads(threads_before)


@contextmanager
def _deterministic_algorithms() -> Iterator[None]:
    before = torch.get_deterministic_debug_mode()
    fill_before = deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    # As use_deterministic_algorithms(True), which would import the compiler of PyTorch:
    # more than a second in every new process.
    torch.set_deterministic_debug_mode("error")
    # Nothing here reads memory before writing it; filling it would cost 12 % of the
    # training (Xeon, one thread).
    deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(before)
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
