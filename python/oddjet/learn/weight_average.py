"""The moving average of a network's weights along its training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import nn

__all__ = ["WeightAverage"]


class WeightAverage:
    """Averages weights and batch-norm statistics over the last steps.

    Weak labels are wrong for most jets, so single steps point in noisy directions;
    their average does not.

    Parameters
    ----------
    network : nn.Module
        Where the average starts.
    memory : float
        Share of the old average that a step keeps, in [0, 1). In the first steps it
        is less, (1 + step) / (10 + step), so that the beginning is soon forgotten.
    """

    def __init__(self, network: nn.Module, memory: float) -> None:
        self._memory = memory
        self._steps = 0
        self._average = {
            name: value.clone() for name, value in network.state_dict().items()
        }

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take in the weights after a step."""
        self._steps += 1
        kept = min(self._memory, (1 + self._steps) / (10 + self._steps))
        for name, value in network.state_dict().items():
            if value.is_floating_point():
                self._average[name].lerp_(value, 1 - kept)

    def load_into(self, network: nn.Module) -> None:
        """Replace the network's weights by their average."""
        network.load_state_dict(self._average)

    def state_dict(self) -> dict[str, Any]:
        """Give the average and how many steps are in it."""
        return {"steps": self._steps, "average": dict(self._average)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from such a state."""
        self._steps = state["steps"]
        for name, value in state["average"].items():
            self._average[name].copy_(value)
