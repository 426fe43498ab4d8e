"""Jets of two classes as a training sample, and its batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, Self

import numpy as np
import torch

from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from torch import Tensor

__all__ = ["Batch", "JetSample", "TrainingSample", "epoch_batches"]


class Movable(Protocol):
    """What a network takes: a tensor, or a collection of them."""

    def to(self, device: torch.device) -> Self:
        """Move it to a device."""


@dataclass(frozen=True)
class Batch:
    """Jets of one optimiser step.

    Attributes
    ----------
    inputs : tuple
        What the network is called with, each of all these jets.
    label : float32, shape (jets,)
        1 for the signal, 0 for the background (or for both regions).
    weight : float32, shape (jets,)
    """

    inputs: tuple[Movable, ...]
    label: Tensor
    weight: Tensor

    def to(self, device: torch.device) -> Batch:
        """Move the jets to a device."""
        return Batch(
            tuple(part.to(device) for part in self.inputs),
            self.label.to(device),
            self.weight.to(device),
        )


class JetSample(ABC):
    """Jets with a label and a weight each, whatever a network reads of them.

    Attributes
    ----------
    label : bool, shape (jets,)
    weight : float64, shape (jets,)
        Event weights, also negative ones.
    """

    #: What the label calls True and False, for messages.
    classes: ClassVar[tuple[str, str]]
    weight: NDArray[np.float64]

    @property
    @abstractmethod
    def label(self) -> NDArray[np.bool_]:
        """What the network learns."""

    @abstractmethod
    def __getitem__(self, chosen: NDArray[np.bool_] | NDArray[np.integer]) -> Self:
        """Select jets by a mask or by indices."""

    @abstractmethod
    def inputs(self, chosen: NDArray[np.integer]) -> tuple[Movable, ...]:
        """Give what a network is called with, of some jets."""

    @abstractmethod
    def sizes(self) -> NDArray[np.integer]:
        """Count what each jet is made of; jets of 0 are not trained on."""

    @abstractmethod
    def moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of each feature; 1 for a constant."""

    @abstractmethod
    def columns(self) -> tuple[NDArray[np.generic], ...]:
        """Everything in the sample, for its digest."""

    def __len__(self) -> int:
        return len(self.weight)

    def balanced_weight(self, *, balance_regions: bool = True) -> NDArray[np.float64]:
        """Scale the weights so that both classes sum to half the number of jets.

        Parameters
        ----------
        balance_regions : bool
            False: scale all weights alike, to sum to the number of jets.

        Raises
        ------
        UserError
            A class that is empty or whose weights do not sum to more than zero.
        """
        totals = []
        for name, members in zip(self.classes, (self.label, ~self.label), strict=True):
            total = self.weight[members].sum()
            if not total > 0:
                message = (
                    f"training needs {name} events of positive total weight, "
                    f"got {np.count_nonzero(members)} events of weight {total:g}; "
                    "check their files and their selection"
                )
                raise UserError(message)
            totals.append(total)
        if not balance_regions:
            alike: NDArray[np.float64] = self.weight * (len(self) / sum(totals))
            return alike
        total = np.where(self.label, *totals)
        balanced: NDArray[np.float64] = self.weight * (len(self) / (2 * total))
        return balanced


@dataclass(frozen=True)
class TrainingSample(JetSample):
    """Jets of the signal region and of the control region.

    Attributes
    ----------
    values : float32, shape (jets, n, features)
        Features of the constituents, as `oddjet.features.event_tensors` gives them.
    mask : bool, shape (jets, n)
        True for a constituent.
    in_signal_region : bool, shape (jets,)
        The label: the region, never the truth.
    weight : float64, shape (jets,)
        Event weights, also negative ones.
    """

    classes: ClassVar[tuple[str, str]] = ("signal region", "control region")

    values: NDArray[np.float32]
    mask: NDArray[np.bool_]
    in_signal_region: NDArray[np.bool_]
    weight: NDArray[np.float64]

    @property
    def label(self) -> NDArray[np.bool_]:
        """The region."""
        return self.in_signal_region

    def __getitem__(
        self, chosen: NDArray[np.bool_] | NDArray[np.integer]
    ) -> TrainingSample:
        """Select jets by a mask or by indices."""
        return TrainingSample(
            self.values[chosen],
            self.mask[chosen],
            self.in_signal_region[chosen],
            self.weight[chosen],
        )

    def inputs(self, chosen: NDArray[np.integer]) -> tuple[Tensor, Tensor]:
        """Give values and mask, cut to the longest of the jets."""
        mask = self.mask[chosen]
        length = 1 + np.flatnonzero(mask.any(axis=0)).max(initial=0)
        return (
            torch.from_numpy(self.values[chosen, :length]),
            torch.from_numpy(mask[:, :length]),
        )

    def sizes(self) -> NDArray[np.integer]:
        """Count the constituents of each jet."""
        counts: NDArray[np.integer] = self.mask.sum(axis=1)
        return counts

    def columns(self) -> tuple[NDArray[np.generic], ...]:
        """Values, mask, labels and weights."""
        return self.values, self.mask, self.in_signal_region, self.weight

    def moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of each feature over all constituents.

        Returns
        -------
        mean, scale : float64, shape (features,)
            The scale of a constant feature is 1. Weights are left out: they change
            what is learnt, not the range that numbers are in.

        Raises
        ------
        UserError
            Fewer than two jets with constituents, or a feature that is not finite.
        """
        filled = np.count_nonzero(self.mask.any(axis=1))
        if filled < 2:
            message = (
                f"training needs at least two jets with constituents, got {filled} of "
                f"{len(self)}; check the files and the selection of both regions"
            )
            raise UserError(message)
        constituents = self.values[self.mask].astype(np.float64)
        if not np.isfinite(constituents).all():
            bad = ~np.isfinite(self.values).all(axis=2) & self.mask
            message = (
                f"{np.count_nonzero(bad.any(axis=1))} of {len(self)} jets to train on "
                "have constituents with features that are not finite; leave them out"
            )
            raise UserError(message)
        scale = constituents.std(axis=0)
        return constituents.mean(axis=0), np.where(scale > 0, scale, 1.0)


def epoch_batches(
    sample: JetSample,
    batch_size: int,
    random: np.random.Generator,
    *,
    balance_regions: bool = True,
) -> Iterator[Batch]:
    """Shuffle a sample and go once through it.

    Batches differ in size by one jet at most. None has fewer than two jets, the least
    that batch-norm statistics need, if the sample has two and batch_size is at least
    four.

    Parameters
    ----------
    sample : JetSample
    batch_size : int
        Largest number of jets per batch; `TrainingConfig` takes no fewer than four.
    random : numpy.random.Generator
        Source of the order.
    balance_regions : bool
        As in `JetSample.balanced_weight`.

    Yields
    ------
    Batch
    """
    weight = sample.balanced_weight(balance_regions=balance_regions)
    order = random.permutation(len(sample))
    for chosen in np.array_split(order, -(-len(sample) // batch_size)):
        yield Batch(
            inputs=sample.inputs(chosen),
            label=torch.from_numpy(sample.label[chosen]).float(),
            weight=torch.from_numpy(weight[chosen]).float(),
        )
