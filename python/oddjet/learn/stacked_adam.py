"""Adam for stacked networks, of which some may rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["StackedAdam"]

_FIRST, _SECOND, _EPSILON = 0.9, 0.999, 1e-8


class StackedAdam:
    """The optimiser of Kingma & Ba, arXiv:1412.6980, with a step count a member.

    `torch.optim.Adam` would move the weights of a member that rests, by its momentum.

    Parameters
    ----------
    parameters : sequence of Tensor
        Each of shape (members, ...); changed in place.
    learning_rate : float
    """

    def __init__(self, parameters: Sequence[Tensor], learning_rate: float) -> None:
        self._parameters = list(parameters)
        self._first = [torch.zeros_like(p) for p in self._parameters]
        self._second = [torch.zeros_like(p) for p in self._parameters]
        self._steps = torch.zeros(len(self._parameters[0]), dtype=torch.float64)
        self._learning_rate = learning_rate

    @torch.no_grad()
    def step(self, awake: Tensor) -> None:
        """Move the members that are awake by their gradients, and clear these.

        Parameters
        ----------
        awake : bool, shape (members,)
        """
        self._steps += awake
        steps = self._steps.clamp(min=1)
        size = (self._learning_rate / (1 - _FIRST**steps)).float()
        correction = (1 - _SECOND**steps).sqrt().float()
        everyone = bool(awake.all())
        for p, first, second in zip(
            self._parameters, self._first, self._second, strict=True
        ):
            assert p.grad is not None
            shape = (-1,) + (1,) * (p.dim() - 1)
            if everyone:
                first.lerp_(p.grad, 1 - _FIRST)
                second.mul_(_SECOND).addcmul_(p.grad, p.grad, value=1 - _SECOND)
                moved = size.view(shape)
            else:
                share = awake.float().view(shape)
                first.lerp_(p.grad, share * (1 - _FIRST))
                second.lerp_(p.grad.square(), share * (1 - _SECOND))
                moved = size.view(shape) * share
            root = second.sqrt().div_(correction.view(shape)).add_(_EPSILON)
            p.sub_(first / root * moved)
            p.grad = None

    def keep(self, members: Tensor, parameters: Sequence[Tensor]) -> None:
        """Go on with some of the members only.

        Parameters
        ----------
        members : int64, shape (kept,)
        parameters : sequence of Tensor
            Theirs.
        """
        self._parameters = list(parameters)
        self._first = [value[members] for value in self._first]
        self._second = [value[members] for value in self._second]
        self._steps = self._steps[members]
