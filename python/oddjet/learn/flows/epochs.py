"""The training loop of the generative models: all epochs, the best ones kept."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from oddjet.runs.errors import UserError
from oddjet.runs.seeds import derive_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from oddjet.learn.flows.config import EpochConfig

    Loss = Callable[[torch.Generator, Sequence[Tensor]], Tensor]

__all__ = ["KeptEpochs", "learning_rate_share", "num_epochs", "train_epochs"]

# Less than this is no sample of a density.
_FEWEST_EVENTS = 100
_ROWS_AT_ONCE = 2**14


@dataclass(frozen=True)
class KeptEpochs:
    """The epochs with the lowest validation loss.

    Attributes
    ----------
    states : tuple of dict of str to Tensor
        Of the network, the lowest loss first.
    losses : float64, shape (kept,)
    history : float64, shape (epochs,)
        Validation loss of every epoch.
    """

    states: tuple[dict[str, Tensor], ...]
    losses: NDArray[np.float64]
    history: NDArray[np.float64]

    def draw(
        self, shape: tuple[int, int], *, seed: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Draw what samples are made from.

        Parameters
        ----------
        shape : (events, features)
        seed : int

        Returns
        -------
        noise : float64, shape (events, features)
            Standard normal.
        epoch : int64, shape (events,)
            Which of the kept epochs makes each event, in equal parts.
        """
        random = np.random.default_rng(derive_seed(seed, "draws"))
        noise = random.normal(size=shape)
        return noise, random.integers(0, len(self.states), len(noise))


def train_epochs(
    network: nn.Module,
    loss: Loss,
    columns: Sequence[NDArray[np.float64]],
    weights: NDArray[np.float64],
    config: EpochConfig,
    *,
    seed: int,
    what: str,
) -> KeptEpochs:
    """Train a network by Adam on the weighted mean of a loss an event.

    Run it within `oddjet.learn.loop.reproducible`.

    Parameters
    ----------
    network : nn.Module
        Changed in place.
    loss : callable
        Told a generator for its noise and a batch of the columns; gives one loss an
        event, shape (batch,). In validation the noise is the same in every epoch.
    columns : sequence of float64, shape (events, ...)
    weights : float64, shape (events,)
        Negative ones are allowed as long as they sum to more than 0.
    config : EpochConfig
    seed : int
        Of the validation sample, the order and the noise.
    what : str
        Named in messages.

    Returns
    -------
    KeptEpochs

    Raises
    ------
    UserError
        Fewer than 100 events, a sum of weights that is not positive, or a loss that
        is not finite.
    """
    order = np.random.default_rng(derive_seed(seed, "split")).permutation(len(weights))
    num_validation = int(len(order) * config.validation_fraction)
    parts = {"training": order[num_validation:], "validation": order[:num_validation]}
    scaled = {name: _scaled(weights[rows], name, what) for name, rows in parts.items()}
    tensors = [torch.from_numpy(column).float() for column in columns]
    steps_an_epoch = -(-len(parts["training"]) // config.batch_size)
    epochs = num_epochs(steps_an_epoch, config)
    steps = _Steps(network, config, epochs * steps_an_epoch)
    best: list[tuple[float, int, dict[str, Tensor]]] = []
    history = []
    for epoch in range(1, epochs + 1):
        network.train()
        random = np.random.default_rng(derive_seed(seed, "order", epoch))
        noise = _generator(derive_seed(seed, "noise", epoch))
        shuffled = random.permutation(len(parts["training"]))
        for start in range(0, len(shuffled), config.batch_size):
            chosen = shuffled[start : start + config.batch_size]
            rows = torch.from_numpy(parts["training"][chosen])
            losses = loss(noise, [column[rows] for column in tensors])
            steps.take(torch.mean(losses * scaled["training"][chosen]))
        rows = torch.from_numpy(parts["validation"])
        held = [column[rows] for column in tensors]
        noise = _generator(derive_seed(seed, "noise of the validation"))
        value = _validate(network, loss, held, scaled["validation"], noise)
        if not np.isfinite(value):
            message = (
                f"the training of {what} stopped: its validation loss is {value} in "
                f"epoch {epoch}; lower the learning rate"
            )
            raise UserError(message)
        history.append(value)
        state = {name: kept.clone() for name, kept in network.state_dict().items()}
        best = sorted([*best, (value, epoch, state)], key=lambda one: one[:2])
        del best[config.kept_epochs :]
    return KeptEpochs(
        tuple(state for _, _, state in best),
        np.array([value for value, _, _ in best]),
        np.array(history),
    )


def num_epochs(steps_an_epoch: int, config: EpochConfig) -> int:
    """Give the epochs of a training: as many as configured, or fill its steps.

    Examples
    --------
    >>> from oddjet.learn.flows.config import EpochConfig
    >>> config = EpochConfig(epochs=20, steps=1000)
    >>> [num_epochs(steps, config) for steps in (10, 100, 2000)]
    [20, 10, 1]
    """
    if config.steps is None:
        return config.epochs
    return max(1, min(config.epochs, config.steps // steps_an_epoch))


def learning_rate_share(step: int, steps: int, config: EpochConfig) -> float:
    """Give the share of the learning rate that a step from 0 to `steps` takes."""
    rising = min(1.0, (step + 1) / max(config.warmup_steps, 1))
    if config.schedule == "constant":
        return rising
    return rising * (1 + math.cos(math.pi * step / steps)) / 2


class _Steps:
    """Adam with the warm-up, the schedule and the clipping of a configuration."""

    def __init__(self, network: nn.Module, config: EpochConfig, steps: int) -> None:
        self._parameters = list(network.parameters())
        self._clip = config.gradient_clip
        self._adam = torch.optim.Adam(
            self._parameters, config.learning_rate, weight_decay=config.weight_decay
        )
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._adam, lambda step: learning_rate_share(step, steps, config)
        )

    def take(self, loss: Tensor) -> None:
        self._adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if self._clip is not None:
            torch.nn.utils.clip_grad_norm_(self._parameters, self._clip)
        self._adam.step()
        self._schedule.step()


@torch.no_grad()
def _validate(
    network: nn.Module,
    loss: Loss,
    columns: Sequence[Tensor],
    weights: Tensor,
    noise: torch.Generator,
) -> float:
    network.eval()
    total = 0.0
    for start in range(0, len(weights), _ROWS_AT_ONCE):
        chosen = slice(start, start + _ROWS_AT_ONCE)
        losses = loss(noise, [column[chosen] for column in columns])
        total += float(torch.sum(losses * weights[chosen]))
    return total / len(weights)


def _scaled(weights: NDArray[np.float64], part: str, what: str) -> Tensor:
    """Give weights of mean one."""
    total = float(np.sum(weights))
    if len(weights) < _FEWEST_EVENTS * (part == "training") or not total > 0:
        message = (
            f"{what}: its {len(weights)} {part} events have weights that sum to "
            f"{total:g}; at least {_FEWEST_EVENTS} events and a positive sum are needed"
        )
        raise UserError(message)
    return torch.from_numpy(weights * (len(weights) / total)).float()


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
