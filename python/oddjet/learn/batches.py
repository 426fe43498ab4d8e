"""Jets of two regions as a training sample, and its batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from torch import Tensor

__all__ = ["Batch", "TrainingSample", "epoch_batches"]


@dataclass(frozen=True)
class Batch:
    """Jets of one optimiser step.

    Attributes
    ----------
    values : float32, shape (jets, n, features)
    mask : bool, shape (jets, n)
    label : float32, shape (jets,)
        1 for the signal region, 0 for the control region.
    weight : float32, shape (jets,)
    """

    values: Tensor
    mask: Tensor
    label: Tensor
    weight: Tensor

    def to(self, device: torch.device) -> Batch:
        """Move the jets to a device."""
        return Batch(
            self.values.to(device),
            self.mask.to(device),
            self.label.to(device),
            self.weight.to(device),
        )


@dataclass(frozen=True)
class TrainingSample:
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

    values: NDArray[np.float32]
    mask: NDArray[np.bool_]
    in_signal_region: NDArray[np.bool_]
    weight: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.weight)

    def __getitem__(self, chosen: NDArray[np.bool_]) -> TrainingSample:
        """Select jets by a mask or by indices."""
        return TrainingSample(
            self.values[chosen],
            self.mask[chosen],
            self.in_signal_region[chosen],
            self.weight[chosen],
        )

    def balanced_weight(self, *, balance_regions: bool = True) -> NDArray[np.float64]:
        """Scale the weights so that both regions sum to half the number of jets.

        Parameters
        ----------
        balance_regions : bool
            False: scale all weights alike, to sum to the number of jets.

        Raises
        ------
        UserError
            A region that is empty or whose weights do not sum to more than zero.
        """
        totals = {}
        for name, region in {
            "signal": self.in_signal_region,
            "control": ~self.in_signal_region,
        }.items():
            total = self.weight[region].sum()
            if not total > 0:
                message = (
                    f"training needs {name} region events of positive total weight, "
                    f"got {np.count_nonzero(region)} events of weight {total:g}; "
                    "check the files and the selection of that region"
                )
                raise UserError(message)
            totals[name] = total
        if not balance_regions:
            alike: NDArray[np.float64] = self.weight * (
                len(self) / sum(totals.values())
            )
            return alike
        total = np.where(self.in_signal_region, totals["signal"], totals["control"])
        balanced: NDArray[np.float64] = self.weight * (len(self) / (2 * total))
        return balanced

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
    sample: TrainingSample,
    batch_size: int,
    random: np.random.Generator,
    *,
    balance_regions: bool = True,
) -> Iterator[Batch]:
    """Shuffle a sample and go once through it.

    Batches differ in size by one jet at most and are cut to the longest jet they
    hold. None has fewer than two jets, the least that batch-norm statistics need, if
    the sample has two and batch_size is at least four.

    Parameters
    ----------
    sample : TrainingSample
    batch_size : int
        Largest number of jets per batch; `TrainingConfig` takes no fewer than four.
    random : numpy.random.Generator
        Source of the order.
    balance_regions : bool
        As in `TrainingSample.balanced_weight`.

    Yields
    ------
    Batch
    """
    weight = sample.balanced_weight(balance_regions=balance_regions)
    order = random.permutation(len(sample))
    for chosen in np.array_split(order, -(-len(sample) // batch_size)):
        mask = sample.mask[chosen]
        length = 1 + np.flatnonzero(mask.any(axis=0)).max(initial=0)
        yield Batch(
            values=torch.from_numpy(sample.values[chosen, :length]),
            mask=torch.from_numpy(mask[:, :length]),
            label=torch.from_numpy(sample.in_signal_region[chosen]).float(),
            weight=torch.from_numpy(weight[chosen]).float(),
        )
