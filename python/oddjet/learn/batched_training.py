"""Training of many small classifiers (folds x seeds x windows) as one model.

A network of 64-64-64 on a handful of features leaves a core waiting for the next
small operation. Fifty of them in batched matrix products do not. Members never mix:
each has its rows, its order, its standardisation and its own early stopping.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from oddjet.learn.loop import reproducible
from oddjet.learn.member_batches import Member, balanced_weights, epoch_rows
from oddjet.learn.models.mlp import StackedMLP
from oddjet.learn.stacked_adam import StackedAdam
from oddjet.runs.errors import UserError
from oddjet.runs.seeds import derive_seed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray
    from torch import Tensor

    from oddjet.learn.classifier_config import ClassifierConfig

__all__ = ["TrainedMembers", "train_members"]

# Rows of all members together that are evaluated at once: 64 MB of hidden layers.
_ROWS_AT_ONCE = 2**18


@dataclass(frozen=True)
class TrainedMembers:
    """Trained networks as plain arrays.

    Attributes
    ----------
    weights, biases : tuple of float32 arrays
        One a layer, shapes (members, inputs, outputs) and (members, 1, outputs).
    mean, scale : float32, shape (members, features)
        Features are standardised with these first.
    best_epoch : int64, shape (members,)
        From 1: the epoch whose weights these are.
    best_loss : float64, shape (members,)
        Its weighted validation loss.
    """

    weights: tuple[NDArray[np.float32], ...]
    biases: tuple[NDArray[np.float32], ...]
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    best_epoch: NDArray[np.int64]
    best_loss: NDArray[np.float64]

    def __len__(self) -> int:
        """Count the members."""
        return len(self.mean)

    def __getitem__(self, chosen: slice) -> TrainedMembers:
        """Take some members."""
        return TrainedMembers(
            tuple(layer[chosen] for layer in self.weights),
            tuple(layer[chosen] for layer in self.biases),
            self.mean[chosen],
            self.scale[chosen],
            self.best_epoch[chosen],
            self.best_loss[chosen],
        )

    def logits(self, features: ArrayLike) -> NDArray[np.float32]:
        """Score events with every member.

        Parameters
        ----------
        features : float, shape (events, features)

        Returns
        -------
        float32, shape (members, events)
        """
        table = np.asarray(features, np.float32)
        num_members = len(self)
        scored = np.empty((num_members, len(table)), np.float32)
        step = max(1, _ROWS_AT_ONCE // num_members)
        for start in range(0, len(table), step):
            x = (table[None, start : start + step] - self.mean[:, None]) / self.scale[
                :, None
            ]
            for layer, (weight, bias) in enumerate(
                zip(self.weights, self.biases, strict=True)
            ):
                x = np.matmul(x if layer == 0 else np.maximum(x, 0), weight) + bias
            scored[:, start : start + step] = x[..., 0]
        return scored

    def save(self, path: Path) -> None:
        """Write the networks, as a NumPy archive."""
        values: dict[str, Any] = {
            "mean": self.mean,
            "scale": self.scale,
            "best_epoch": self.best_epoch,
            "best_loss": self.best_loss,
        }
        for layer, (weight, bias) in enumerate(
            zip(self.weights, self.biases, strict=True)
        ):
            values |= {f"weight-{layer}": weight, f"bias-{layer}": bias}
        np.savez(path, **values)

    @classmethod
    def load(cls, path: Path) -> TrainedMembers:
        """Read what `save` wrote."""
        with np.load(path) as stored:
            layers = range(sum(name.startswith("weight-") for name in stored.files))
            return cls(
                tuple(stored[f"weight-{layer}"] for layer in layers),
                tuple(stored[f"bias-{layer}"] for layer in layers),
                stored["mean"],
                stored["scale"],
                stored["best_epoch"],
                stored["best_loss"],
            )


def train_members(
    features: ArrayLike,
    labels: ArrayLike,
    members: Sequence[Member],
    config: ClassifierConfig,
    *,
    weights: ArrayLike | None = None,
) -> TrainedMembers:
    """Train networks that tell data from template, all at once.

    Weighted cross-entropy with both classes balanced, Adam, and for each member the
    weights of the epoch with the lowest validation loss. A member stops after
    `patience` epochs without a better one, and leaves the batch.

    Parameters
    ----------
    features : float, shape (rows, features)
        A common table: windows and templates one below the other.
    labels : bool, shape (rows,)
        True for data.
    members : sequence of Member
        One or more.
    config : ClassifierConfig
    weights : float, shape (rows,), optional

    Returns
    -------
    TrainedMembers
        Without dropout each member is what it would be alone, up to rounding; with
        it, up to what another random mask does.

    Raises
    ------
    UserError
        A feature or weight that is not finite (its row is named), a class without
        weight, or a loss that is not finite.
    ValueError
        No members.
    """
    table = np.asarray(features, np.float32)
    label = np.asarray(labels, np.bool_)
    weight = np.ones(len(label)) if weights is None else np.asarray(weights, np.float64)
    _check(table, weight, members)
    seeds = [derive_seed(member.seed, "weights") for member in members]
    with reproducible(derive_seed(members[0].seed, "dropout"), config.threads):
        model = StackedMLP(table.shape[1], config.hidden, seeds, config.dropout)
        training = _Training(table, label, weight, members, config=config, model=model)
        return training.run()


def _check(
    table: NDArray[np.float32], weight: NDArray[np.float64], members: Sequence[Member]
) -> None:
    if not members:
        message = "train_members: there are no members to train"
        raise ValueError(message)
    bad = ~(np.isfinite(table).all(axis=1) & np.isfinite(weight))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        message = f"training: a feature or the weight of row {row} is not finite"
        raise UserError(message)


class _Training:
    """State of a training that shrinks as members stop."""

    def __init__(
        self,
        table: NDArray[np.float32],
        label: NDArray[np.bool_],
        weight: NDArray[np.float64],
        members: Sequence[Member],
        *,
        config: ClassifierConfig,
        model: StackedMLP,
    ) -> None:
        self.table, self.label = (
            torch.from_numpy(table),
            torch.from_numpy(label).float(),
        )
        self.members, self.config, self.model = list(members), config, model
        self.adam = StackedAdam(list(model.parameters()), config.learning_rate)
        self.active = np.arange(len(members))
        rows = [table[member.training] for member in members]
        deviations = np.stack([part.std(axis=0) for part in rows])
        self.mean = np.stack([part.mean(axis=0) for part in rows])
        self.scale = np.where(deviations > 0, deviations, 1).astype(np.float32)
        self.weights = [
            tuple(
                torch.from_numpy(
                    balanced_weights(label[part], weight[part], f"{name} of member {i}")
                ).float()
                for name, part in (
                    ("training", member.training),
                    ("validation", member.validation),
                )
            )
            for i, member in enumerate(members)
        ]
        self.best = [p.detach().clone() for p in model.parameters()]
        self.best_loss = np.full(len(members), np.inf)
        self.best_epoch = np.zeros(len(members), np.int64)

    def run(self) -> TrainedMembers:
        for epoch in range(1, self.config.epochs + 1):
            self._train_epoch(epoch)
            self._validate(epoch)
            if not len(self.active):
                break
        half = len(self.best) // 2
        arrays = [value.numpy() for value in self.best]
        return TrainedMembers(
            tuple(arrays[:half]),
            tuple(arrays[half:]),
            self.mean,
            self.scale,
            self.best_epoch,
            self.best_loss,
        )

    def _train_epoch(self, epoch: int) -> None:
        self.model.train()
        size = self.config.batch_size
        own_steps = np.array(
            [-(-len(self.members[i].training) // size) for i in self.active]
        )
        plans = [
            epoch_rows(self.members[i], epoch, size, int(own_steps.max()))
            for i in self.active
        ]
        rows = torch.from_numpy(
            np.stack(
                [
                    self.members[i].training[positions]
                    for i, (positions, _) in zip(self.active, plans, strict=True)
                ]
            )
        )
        weights = torch.stack(
            [
                self.weights[i][0][positions] * torch.from_numpy(valid)
                for i, (positions, valid) in zip(self.active, plans, strict=True)
            ]
        )
        counts = torch.from_numpy(np.stack([valid.sum(axis=1) for _, valid in plans]))
        mean, scale = self._standardisation()
        for step in range(int(own_steps.max())):
            chosen = rows[:, step]
            logits = self.model((self.table[chosen] - mean) / scale)
            losses = binary_cross_entropy_with_logits(
                logits, self.label[chosen], weight=weights[:, step], reduction="none"
            ).sum(dim=1) / counts[:, step].clamp(min=1)
            losses.sum().backward()  # type: ignore[no-untyped-call]
            self.adam.step(torch.from_numpy(own_steps > step))

    def _standardisation(self) -> tuple[Tensor, Tensor]:
        mean, scale = self.mean[self.active], self.scale[self.active]
        return torch.from_numpy(mean)[:, None], torch.from_numpy(scale)[:, None]

    @torch.no_grad()
    def _validate(self, epoch: int) -> None:
        self.model.eval()
        longest = max(len(self.members[i].validation) for i in self.active)
        total = torch.zeros(len(self.active), dtype=torch.float64)
        mean, scale = self._standardisation()
        step = max(1, _ROWS_AT_ONCE // len(self.active))
        for start in range(0, longest, step):
            stop = min(start + step, longest)
            rows = torch.zeros((len(self.active), stop - start), dtype=torch.int64)
            weights = torch.zeros(rows.shape)
            for place, i in enumerate(self.active):
                part = self.members[i].validation[start:stop]
                rows[place, : len(part)] = torch.from_numpy(part)
                weights[place, : len(part)] = self.weights[i][1][start:stop]
            logits = self.model((self.table[rows] - mean) / scale)
            losses = binary_cross_entropy_with_logits(
                logits, self.label[rows], weight=weights, reduction="none"
            )
            total += losses.sum(dim=1).double()
        sizes = np.array([len(self.members[i].validation) for i in self.active])
        self._keep_best(total.numpy() / sizes, epoch)

    def _keep_best(self, losses: NDArray[np.float64], epoch: int) -> None:
        if not np.isfinite(losses).all():
            member = int(self.active[~np.isfinite(losses)][0])
            message = (
                f"training stopped: the validation loss of member {member} is not "
                f"finite in epoch {epoch}; lower learning_rate, or look for extreme "
                "features"
            )
            raise UserError(message)
        better = losses < self.best_loss[self.active]
        improved = self.active[better]
        self.best_loss[improved], self.best_epoch[improved] = losses[better], epoch
        for store, p in zip(self.best, self.model.parameters(), strict=True):
            store[improved] = p.detach()[torch.from_numpy(better)]
        going = epoch - self.best_epoch[self.active] < self.config.patience
        if not going.all():
            self._shrink(going)

    def _shrink(self, going: NDArray[np.bool_]) -> None:
        kept = torch.from_numpy(np.flatnonzero(going))
        for store in (self.model.weights, self.model.biases):
            for layer, value in enumerate(store):
                store[layer] = nn.Parameter(value.detach()[kept])
        self.active = self.active[going]
        self.adam.keep(kept, list(self.model.parameters()))
