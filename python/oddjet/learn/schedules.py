"""How the step of the optimiser falls, and when training ends."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

from torch.optim.lr_scheduler import CosineAnnealingLR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch.optim import Optimizer

    from oddjet.learn.config import TrainingConfig

__all__ = [
    "CosineSchedule",
    "PlateauSchedule",
    "Schedule",
    "StepSchedule",
    "schedule_of",
]

STEP_FACTOR = 0.1


class Schedule(Protocol):
    """Told of every step and epoch; changes the optimiser's learning rate."""

    def after_step(self) -> None:
        """Take note of an optimiser step."""

    def after_epoch(self, loss: float) -> bool:
        """Take note of an epoch and its mean loss; True ends the training."""

    def state_dict(self) -> dict[str, Any]:
        """Give what the rest of the schedule depends on."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from such a state."""


class CosineSchedule:
    """From the initial rate to zero along half a cosine, step by step.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
    steps : int
        Steps of the whole training, >= 1.
    """

    def __init__(self, optimizer: Optimizer, steps: int) -> None:
        self._cosine = CosineAnnealingLR(optimizer, T_max=steps)

    def after_step(self) -> None:
        """Lower the rate."""
        self._cosine.step()

    def after_epoch(self, loss: float) -> bool:  # noqa: ARG002 - a Schedule's signature
        """Never end the training early."""
        return False

    def state_dict(self) -> dict[str, Any]:
        """Give the state of PyTorch's schedule."""
        return dict(self._cosine.state_dict())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from it; the optimiser knows its own rate."""
        self._cosine.load_state_dict(state)


class PlateauSchedule:
    """Tenfold lower after `patience` epochs without a lower loss; then the end.

    The epochs since the lowest loss are counted: at `patience` the rate falls, at
    `patience + patience_to_stop` training ends. A lower loss starts the count anew,
    so the rate can fall more than once. As in arXiv:2204.11889, appendix A.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
    patience, patience_to_stop : int
        In epochs.
    """

    def __init__(
        self, optimizer: Optimizer, patience: int, patience_to_stop: int
    ) -> None:
        self._optimizer = optimizer
        self._patience = patience
        self._last = patience + patience_to_stop
        self._lowest = math.inf
        self._waited = 0

    def after_step(self) -> None:
        """Do nothing: epochs count."""

    def after_epoch(self, loss: float) -> bool:
        """Compare with the lowest loss so far."""
        if loss < self._lowest:
            self._lowest, self._waited = loss, 0
            return False
        self._waited += 1
        if self._waited == self._patience:
            rate = self._optimizer.param_groups[0]["lr"]
            _set_rate(self._optimizer, rate * STEP_FACTOR)
        return self._waited >= self._last

    def state_dict(self) -> dict[str, Any]:
        """Give the lowest loss and the epochs since."""
        return {"lowest": self._lowest, "waited": self._waited}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from them; the optimiser knows its own rate."""
        self._lowest, self._waited = state["lowest"], state["waited"]


class StepSchedule:
    """Tenfold lower after given epochs, as in LundNet (arXiv:2012.08526).

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
    falls_after : sequence of int
        Numbers of finished epochs.
    """

    def __init__(self, optimizer: Optimizer, falls_after: Sequence[int]) -> None:
        self._optimizer = optimizer
        self._falls_after = tuple(falls_after)
        self._epochs = 0

    def after_step(self) -> None:
        """Do nothing: epochs count."""

    def after_epoch(self, loss: float) -> bool:  # noqa: ARG002 - a Schedule's signature
        """Lower the rate if it is time."""
        self._epochs += 1
        if self._epochs in self._falls_after:
            rate = self._optimizer.param_groups[0]["lr"]
            _set_rate(self._optimizer, rate * STEP_FACTOR)
        return False

    def state_dict(self) -> dict[str, Any]:
        """Give the number of finished epochs."""
        return {"epochs": self._epochs}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from it; the optimiser knows its own rate."""
        self._epochs = state["epochs"]


def schedule_of(config: TrainingConfig, optimizer: Optimizer, steps: int) -> Schedule:
    """Make the schedule that a configuration asks for.

    Parameters
    ----------
    config : TrainingConfig
    optimizer : torch.optim.Optimizer
    steps : int
        Steps of `config.epochs` epochs.

    Returns
    -------
    Schedule
    """
    if config.schedule == "cosine":
        return CosineSchedule(optimizer, steps)
    if config.schedule == "steps":
        return StepSchedule(optimizer, config.falls_after)
    return PlateauSchedule(optimizer, config.patience, config.patience_to_stop)


def _set_rate(optimizer: Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
