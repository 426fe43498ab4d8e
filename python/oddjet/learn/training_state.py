"""Everything that the rest of a training depends on, between two steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from oddjet.learn.schedules import schedule_of
from oddjet.learn.weight_average import WeightAverage
from oddjet.runs.seeds import derive_seed

if TYPE_CHECKING:
    from torch import nn

    from oddjet.learn.config import TrainingConfig
    from oddjet.learn.validation import Validation

__all__ = ["TrainingState"]


class TrainingState:
    """A network in training.

    Parameters
    ----------
    network : nn.Module
        On the device it is trained on.
    config : TrainingConfig
    num_jets : int
        Jets of an epoch.
    seed : int
        Order of the jets.
    validation : Validation, optional
        Chooses among the epochs.

    Attributes
    ----------
    history : list of float
        Mean loss of each finished epoch.
    step : int
        Steps of the epoch that has begun.
    total : float
        Sum of the losses of its jets so far.
    finished : bool
        Whether the last epoch is over.
    """

    def __init__(
        self,
        network: nn.Module,
        config: TrainingConfig,
        num_jets: int,
        seed: int,
        validation: Validation | None = None,
    ) -> None:
        self.network = network
        self.optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
        steps = config.epochs * -(-num_jets // config.batch_size)
        self.schedule = schedule_of(config, self.optimizer, steps)
        self.average = WeightAverage(network, config.weight_average)
        self.validation = validation
        self.scaler = torch.amp.GradScaler(enabled=config.device == "cuda")
        self._random = np.random.default_rng(derive_seed(seed, "batches"))
        self._epoch_start = self._random.bit_generator.state
        self.history: list[float] = []
        self.step, self.total, self.finished = 0, 0.0, False

    def epoch_random(self) -> np.random.Generator:
        """Give the generator of the current epoch's order, as the epoch began."""
        self._random.bit_generator.state = self._epoch_start
        return self._random

    def end_epoch(self, num_jets: int, epochs: int) -> float:
        """Close an epoch; gives its mean loss."""
        self.history.append(self.total / num_jets)
        if self.validation is not None:
            self.validation.after_epoch(self.network, self.average)
        ended = self.schedule.after_epoch(self.history[-1])
        self.finished = ended or len(self.history) == epochs
        self._epoch_start = self._random.bit_generator.state
        self.step, self.total = 0, 0.0
        return self.history[-1]

    def finish(self) -> None:
        """Give the network its final weights, on the CPU."""
        (self.validation or self.average).load_into(self.network)
        self.network.cpu()

    def state_dict(self) -> dict[str, Any]:
        """Give all of it as tensors and plain data."""
        cuda = next(self.network.parameters()).device.type == "cuda"
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "average": self.average.state_dict(),
            "scaler": self.scaler.state_dict(),
            "validation": self.validation and self.validation.state_dict(),
            "epoch_start": self._epoch_start,
            "torch_random": torch.random.get_rng_state(),
            "cuda_random": torch.cuda.get_rng_state() if cuda else None,
            "history": list(self.history),
            "step": self.step,
            "total": self.total,
            "finished": self.finished,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave, random numbers included."""
        for part in ("network", "optimizer", "schedule", "average", "scaler"):
            getattr(self, part).load_state_dict(state[part])
        if self.validation is not None:
            self.validation.load_state_dict(state["validation"])
        self._epoch_start = state["epoch_start"]
        torch.random.set_rng_state(state["torch_random"])
        if state["cuda_random"] is not None:
            torch.cuda.set_rng_state(state["cuda_random"])
        self.history = list(state["history"])
        self.step, self.total = state["step"], state["total"]
        self.finished = state["finished"]
