"""One network, trained until its validation loss stands still.

For networks too large to be trained side by side as `train_members` trains small ones:
convolutions, attention.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from oddjet.learn.loop import reproducible
from oddjet.learn.member_batches import Member, balanced_weights, epoch_rows
from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from oddjet.learn.classifier_config import FittingConfig

__all__ = ["FittedNetwork", "NetworkInputs", "fit_network", "outputs_of"]

_ROWS_AT_ONCE = 512


class NetworkInputs(Protocol):
    """Events as a network takes them, in memory in whatever form."""

    def __len__(self) -> int:
        """Count the events."""

    def tensors(self, rows: NDArray[np.int64]) -> tuple[Tensor, ...]:
        """Give what the network is called with, of some events."""


@dataclass(frozen=True)
class FittedNetwork:
    """A trained network.

    Attributes
    ----------
    network : nn.Module
        With the weights of its best epoch, in the mode of inference.
    best_epoch : int
        From 1.
    best_loss : float
        Its weighted validation loss.
    threads : int
        Of PyTorch, as in training: sums depend on their number.
    """

    network: nn.Module
    best_epoch: int
    best_loss: float
    threads: int

    def logits(self, inputs: NetworkInputs) -> NDArray[np.float32]:
        """Score events.

        Parameters
        ----------
        inputs : NetworkInputs

        Returns
        -------
        float32, shape (events,)
        """
        scored = np.empty(len(inputs), np.float32)
        with reproducible(0, self.threads):
            for rows, output in outputs_of(self.network, inputs):
                scored[rows] = _logit(output).numpy()
        return scored


def fit_network(
    build: Callable[[], nn.Module],
    inputs: NetworkInputs,
    label: NDArray[np.bool_],
    weights: NDArray[np.float64],
    *,
    member: Member,
    config: FittingConfig,
    further_loss: Callable[[Any, NDArray[np.int64]], Tensor] | None = None,
) -> FittedNetwork:
    """Train a network to tell two classes of equal weight.

    Adam on the weighted cross-entropy; training stops `patience` epochs after the best
    validation loss and the network becomes what it was then.

    Parameters
    ----------
    build : callable
        Makes the network, within `reproducible`; it gives one logit an event, or an
        object with `logit`.
    inputs : NetworkInputs
    label : bool, shape (events,)
        True for the class that is to score high.
    weights : float64, shape (events,)
    member : Member
        Rows that train, rows that decide when to stop, and the seed.
    config : FittingConfig
    further_loss : callable, optional
        Called with the output and the rows of a batch; added to its loss in training.

    Returns
    -------
    FittedNetwork

    Raises
    ------
    UserError
        A class without weight, or a loss that is not finite.
    """
    target = torch.from_numpy(label).float()
    own, held = (
        torch.from_numpy(balanced_weights(label[rows], weights[rows], name)).float()
        for name, rows in (
            ("training", member.training),
            ("validation", member.validation),
        )
    )
    best_loss, best_epoch = np.inf, 0
    with reproducible(member.seed, config.threads):
        network = build()
        best = copy.deepcopy(network.state_dict())
        adam = torch.optim.Adam(network.parameters(), config.learning_rate)

        def loss_of(places: NDArray[np.int64]) -> Tensor:
            rows = member.training[places]
            output = network(*inputs.tensors(rows))
            loss = binary_cross_entropy_with_logits(
                _logit(output), target[rows], weight=own[places]
            )
            return loss if further_loss is None else loss + further_loss(output, rows)

        for epoch in range(1, config.epochs + 1):
            network.train()
            _train_epoch(loss_of, adam, member, epoch, config.batch_size)
            found = _validation_loss(network, inputs, target, held, member.validation)
            _refuse_infinite(found, epoch)
            if found < best_loss:
                best_loss, best_epoch = found, epoch
                best = copy.deepcopy(network.state_dict())
            if epoch - best_epoch >= config.patience:
                break
        network.load_state_dict(best)
    return FittedNetwork(network.eval(), best_epoch, best_loss, config.threads)


def _train_epoch(
    loss_of: Callable[[NDArray[np.int64]], Tensor],
    adam: torch.optim.Adam,
    member: Member,
    epoch: int,
    batch_size: int,
) -> None:
    """Take a step a batch; `loss_of` takes places among the rows that train."""
    steps = -(-len(member.training) // batch_size)
    places, valid = epoch_rows(member, epoch, batch_size, steps)
    for place, real in zip(places, valid, strict=True):
        loss = loss_of(place[real])
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()


def _refuse_infinite(loss: float, epoch: int) -> None:
    if not np.isfinite(loss):
        message = (
            f"training stopped: the validation loss is not finite in epoch {epoch};"
            " lower learning_rate, or look for extreme inputs"
        )
        raise UserError(message)


@torch.no_grad()
def outputs_of(
    network: nn.Module, inputs: NetworkInputs, chosen: NDArray[np.int64] | None = None
) -> list[tuple[NDArray[np.int64], Any]]:
    """Look at events in the mode of inference.

    Parameters
    ----------
    network : nn.Module
    inputs : NetworkInputs
    chosen : int64, shape (rows,), optional
        By default all events.

    Returns
    -------
    list of (int64 array, output)
        Rows, and what the network says of them.
    """
    network.eval()
    rows = np.arange(len(inputs)) if chosen is None else chosen
    parts = [
        rows[start : start + _ROWS_AT_ONCE]
        for start in range(0, len(rows), _ROWS_AT_ONCE)
    ]
    return [(part, network(*inputs.tensors(part))) for part in parts]


def _validation_loss(
    network: nn.Module,
    inputs: NetworkInputs,
    target: Tensor,
    weights: Tensor,
    chosen: NDArray[np.int64],
) -> float:
    total, start = 0.0, 0
    for rows, output in outputs_of(network, inputs, chosen):
        total += binary_cross_entropy_with_logits(
            _logit(output),
            target[rows],
            weight=weights[start : start + len(rows)],
            reduction="sum",
        ).item()
        start += len(rows)
    return total / len(chosen)


def _logit(output: Any) -> Tensor:
    # Not by the attribute alone: a tensor has a method of that name.
    logit: Tensor = output if isinstance(output, torch.Tensor) else output.logit
    return logit
