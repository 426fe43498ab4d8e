"""SPANet, trained as a classifier of events with four jets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch

from oddjet.learn.models.spanet import Spanet, chosen_pairs, pairing_loss
from oddjet.learn.network_fitting import fit_network, outputs_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from oddjet.learn.classifier_config import FittingConfig
    from oddjet.learn.member_batches import Member
    from oddjet.learn.models.spanet import SpanetOutput
    from oddjet.learn.models.spanet_config import SpanetConfig
    from oddjet.learn.network_fitting import FittedNetwork

__all__ = ["JetInputs", "fit_spanet", "pairs_of"]

JETS = 4


@dataclass(frozen=True)
class JetInputs:
    """What SPANet is called with, from a table of four jets.

    pT and mass enter as logarithms, as in the settings of hh -> 4b that SPANet comes
    with; with `relative`, as shares of the sum of pT first.

    Attributes
    ----------
    table : float32, shape (events, 20)
        pT, eta, phi, mass of each jet, then the four tags.
    relative : bool
    """

    table: NDArray[np.float32]
    relative: bool

    def __len__(self) -> int:
        """Count the events."""
        return len(self.table)

    def values(self) -> NDArray[np.float32]:
        """Give log pT, eta, phi, log(1 + mass), tag, shape (events, 4, 5)."""
        jets = self.table[:, : 4 * JETS].reshape(-1, JETS, 4)
        pt, mass = jets[..., 0], jets[..., 3]
        if self.relative:
            total = np.maximum(pt.sum(axis=1, keepdims=True), 1e-6)
            # In per mille, so that the mass is not lost beside the 1.
            pt, mass = 1e3 * pt / total, 1e3 * mass / total
        columns = [
            # A smeared pT may be zero.
            np.log(np.maximum(pt, 1e-3)), jets[..., 1], jets[..., 2],
            np.log1p(np.maximum(mass, 0)), self.table[:, 4 * JETS :],
        ]  # fmt: skip
        return np.stack(columns, axis=2).astype(np.float32)

    def tensors(self, rows: NDArray[np.int64]) -> tuple[Tensor, ...]:
        """Give the jets of some events and that all four are there."""
        part = JetInputs(self.table[rows], self.relative)
        return torch.from_numpy(part.values()), torch.ones(len(rows), JETS).bool()


def fit_spanet(
    network: SpanetConfig,
    inputs: JetInputs,
    label: NDArray[np.bool_],
    weights: NDArray[np.float64],
    *,
    member: Member,
    config: FittingConfig,
    true_pairs: NDArray[np.int64] | None = None,
) -> FittedNetwork:
    """Train SPANet to tell two classes, and to pair jets if it is told to.

    Parameters
    ----------
    network : SpanetConfig
    inputs : JetInputs
    label, weights, member, config
        As for `fit_network`.
    true_pairs : int64, shape (events, 2, 2), optional
        Truth, -1 where it is not known; read only if `assignment_weight` is not 0.

    Returns
    -------
    FittedNetwork

    Raises
    ------
    UserError
        As `fit_network`.
    """
    further = None
    if network.assignment_weight > 0 and true_pairs is not None:
        further = partial(_assignment_loss, true_pairs, network.assignment_weight)
    return fit_network(
        partial(_network, network, inputs.values()[member.training]),
        inputs,
        label,
        weights,
        member=member,
        config=config,
        further_loss=further,
    )


def pairs_of(fitted: FittedNetwork, inputs: JetInputs) -> NDArray[np.int64]:
    """Give the pairs that a network chooses, shape (events, 2, 2)."""
    parts = [
        chosen_pairs(output.log_pairs).numpy()
        for _, output in outputs_of(fitted.network, inputs)
    ]
    return np.concatenate([np.zeros((0, 2, 2), np.int64), *parts])


def _network(config: SpanetConfig, values: NDArray[np.float32]) -> Spanet:
    network = Spanet(values.shape[2], config)
    flat = values.reshape(-1, values.shape[2]).astype(np.float64)
    deviation = flat.std(axis=0)
    network.standardise(
        torch.from_numpy(flat.mean(axis=0)).float(),
        # All four jets are tagged in a four-tag selection: a constant.
        torch.from_numpy(np.where(deviation > 0, deviation, 1.0)).float(),
    )
    return network


def _assignment_loss(
    true_pairs: NDArray[np.int64],
    weight: float,
    output: SpanetOutput,
    rows: NDArray[np.int64],
) -> Tensor:
    true = torch.from_numpy(true_pairs[rows])
    return weight * pairing_loss(output.log_pairs, true)
