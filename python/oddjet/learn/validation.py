"""Which epoch of a training was the best."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.learn.evaluation import logits_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from oddjet.learn.batches import JetSample
    from oddjet.learn.weight_average import WeightAverage

__all__ = ["Validation"]


class Validation:
    """Keeps the weights of the epoch with the best accuracy on jets set aside.

    Parameters
    ----------
    sample : JetSample
        Jets that are not trained on.
    balance_regions : bool
        As in `JetSample.balanced_weight`: whether both classes count the same.

    Attributes
    ----------
    accuracies : list of float
        After each epoch: the share of weight whose logit has the right sign.

    Raises
    ------
    UserError
        A class without jets of positive total weight.
    """

    def __init__(self, sample: JetSample, *, balance_regions: bool = True) -> None:
        weight = sample.balanced_weight(balance_regions=balance_regions)
        self._sample = sample
        self._weight = weight / weight.sum()
        self._best: dict[str, Tensor] = {}
        self.accuracies: list[float] = []

    def after_epoch(self, network: nn.Module, average: WeightAverage) -> None:
        """Measure the network as it would be if training ended here."""
        candidate = copy.deepcopy(network)
        average.load_into(candidate)
        logits = logits_of(candidate, self._sample, np.arange(len(self._sample)))
        accuracy = float(self._weight[(logits > 0) == self._sample.label].sum())
        if accuracy > max(self.accuracies, default=-np.inf):
            self._best = candidate.state_dict()
        self.accuracies.append(accuracy)

    def columns(self) -> tuple[NDArray[np.generic], ...]:
        """Everything in the sample, for a digest."""
        return self._sample.columns()

    def load_into(self, network: nn.Module) -> None:
        """Replace the network's weights by those of the best epoch, the first of it."""
        network.load_state_dict(self._best)

    def state_dict(self) -> dict[str, Any]:
        """Give the accuracies and the best weights."""
        return {"accuracies": list(self.accuracies), "best": dict(self._best)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from such a state."""
        self.accuracies = list(state["accuracies"])
        self._best = dict(state["best"])
