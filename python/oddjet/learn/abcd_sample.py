"""Events that two ABCD scores are trained on, and batches of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch

from oddjet.runs.errors import UserError
from oddjet.stats.effective_events import effective_events

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

__all__ = ["AbcdSample", "EventTensors"]


@dataclass(frozen=True)
class AbcdSample:
    """Simulated events of signal and background.

    Attributes
    ----------
    features : float32, shape (events, features)
        What the networks see.
    is_signal : bool, shape (events,)
    weight : float64, shape (events,)
        Cross section times luminosity over generated weight, say; of any sign.
    variables : dict of name to float, shape (events,)
        What scores are made independent of (M_T, d_eta).
    planes : dict of name to bool, shape (events,)
        Parts in which the method must close (SP, VP).
    bin_of : int, shape (events,), optional
        Bin of each event for closure in bins; outside 0 ... num_bins - 1 it counts in
        none.
    num_bins : int
    source : int, shape (events,), optional
        Equal for copies of an event, such as several measurements of a generated one,
        which tell less than as many events; without, there are none.

    Raises
    ------
    UserError
        A column of another length, a value that is not finite, fewer than two events
        of a class or a class without positive total weight, or a variable called X
        or Y.
    """

    features: NDArray[np.float32]
    is_signal: NDArray[np.bool_]
    weight: NDArray[np.float64]
    variables: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    planes: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    bin_of: NDArray[np.int64] | None = None
    num_bins: int = 0
    source: NDArray[np.integer] | None = None

    def __post_init__(self) -> None:
        columns = {
            "features": self.features,
            "is_signal": self.is_signal,
            "weight": self.weight,
            **{f"the variable {name}": each for name, each in self.variables.items()},
            **{f"the plane {name}": each for name, each in self.planes.items()},
        }
        for name in ("bin_of", "source"):
            if (column := getattr(self, name)) is not None:
                columns[name] = column
        for name, column in columns.items():
            if len(column) != len(self.weight):
                message = (
                    f"ABCD training: {name} must have one row an event, "
                    f"{len(self.weight)}, got {len(column)}"
                )
                raise UserError(message)
            bad = ~np.isfinite(np.asarray(column, np.float64))
            if bad.any():
                row = int(np.argwhere(bad)[0][0])
                message = f"ABCD training: {name} of event {row} is not finite"
                raise UserError(message)
        for name in ("X", "Y"):
            if name in self.variables:
                message = f"ABCD training: no variable may be called {name}, a score"
                raise UserError(message)
        self._check_classes()

    def _check_classes(self) -> None:
        for name, chosen in (
            ("signal", self.is_signal),
            ("background", ~self.is_signal),
        ):
            total = float(self.weight[chosen].sum())
            if np.count_nonzero(chosen) < 2 or not total > 0:
                message = (
                    f"ABCD training needs {name} events of positive total weight, got "
                    f"{np.count_nonzero(chosen)} events of weight {total:g}"
                )
                raise UserError(message)

    def __len__(self) -> int:
        return len(self.weight)

    def effective_background(
        self, batch_events: int | None, inside: NDArray[np.bool_] | None = None
    ) -> float:
        """Effective background events of a batch; no more than the sample has.

        Parameters
        ----------
        batch_events : int, optional
            Size of the batch; by default the sample.
        inside : bool, shape (events,), optional
            The plane and bin in which they are counted; by default all.

        Returns
        -------
        float
            Copies of an event count as one.
        """
        here = ~self.is_signal if inside is None else ~self.is_signal & inside
        source = None if self.source is None else self.source[here]
        share = 1.0 if batch_events is None else min(batch_events / len(self), 1.0)
        return share * effective_events(self.weight[here], source)

    def moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of each feature; 1 for a constant one."""
        values = self.features.astype(np.float64)
        scale = values.std(axis=0)
        return values.mean(axis=0), np.where(scale > 0, scale, 1.0)

    def balanced_weight(self, signal_over_background: float) -> NDArray[np.float64]:
        """Scale the classes to a ratio of total weights, and the mean weight to 1."""
        balanced = self.weight.copy()
        share = signal_over_background / (1 + signal_over_background)
        for chosen, part in ((self.is_signal, share), (~self.is_signal, 1 - share)):
            balanced[chosen] *= part * len(self) / balanced[chosen].sum()
        return balanced


@dataclass(frozen=True)
class EventTensors:
    """A sample, or a batch of it, on a device.

    Attributes
    ----------
    features, label, balanced, weight, variables, planes, bin_of
        As in `AbcdSample`; `balanced` are the weights of the classification.
    """

    features: Tensor
    label: Tensor
    balanced: Tensor
    weight: Tensor
    variables: dict[str, Tensor]
    planes: dict[str, Tensor]
    bin_of: Tensor | None

    @classmethod
    def of(
        cls, sample: AbcdSample, signal_over_background: float, device: torch.device
    ) -> EventTensors:
        """Move a sample to a device."""

        def moved(column: NDArray[np.generic], dtype: torch.dtype) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(column)).to(device, dtype)

        single = torch.float32
        return cls(
            moved(sample.features, single),
            moved(sample.is_signal, single),
            moved(sample.balanced_weight(signal_over_background), single),
            moved(sample.weight, single),
            {name: moved(each, single) for name, each in sample.variables.items()},
            {name: moved(each, torch.bool) for name, each in sample.planes.items()},
            None if sample.bin_of is None else moved(sample.bin_of, torch.int64),
        )

    def __len__(self) -> int:
        return len(self.weight)

    def __getitem__(self, chosen: Tensor) -> EventTensors:
        """Select events by a mask or by indices."""
        return EventTensors(
            self.features[chosen],
            self.label[chosen],
            self.balanced[chosen],
            self.weight[chosen],
            {name: each[chosen] for name, each in self.variables.items()},
            {name: each[chosen] for name, each in self.planes.items()},
            None if self.bin_of is None else self.bin_of[chosen],
        )
