"""SPANet as the classifier of a study: four jets an event, a training at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from oddjet.runs.seeds import derive_seed
from oddjet.select.dihiggs import JET_VARIABLES, MIN_DELTA_R_PAIRING, TRUE_PAIRING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from oddjet.learn.classifier_config import FittingConfig
    from oddjet.learn.models.spanet import Spanet, SpanetOutput
    from oddjet.learn.models.spanet_config import SpanetConfig
    from oddjet.learn.network_fitting import FittedNetwork
    from oddjet.searches.event_table import EventTable
    from oddjet.studies.classifiers import TrainingSet

__all__ = [
    "SPANET_INPUTS",
    "SpanetTrained",
    "pairing_accuracies",
    "pairing_numbers",
    "train_spanets",
]

#: Columns that it reads: pT, eta, phi, mass of each jet, then the tags.
SPANET_INPUTS = (*JET_VARIABLES, *(f"tag_{place}" for place in range(1, 5)))
_JETS = 4


@dataclass(frozen=True)
class JetInputs:
    """What SPANet is called with, from a table of `SPANET_INPUTS`.

    pT and mass enter as logarithms, as in hh -> 4b of arXiv:2106.03898; with
    `relative`, as shares of the sum of pT first.
    """

    table: NDArray[np.float32]
    relative: bool

    def __len__(self) -> int:
        """Count the events."""
        return len(self.table)

    def values(self) -> NDArray[np.float32]:
        """Give log pT, eta, phi, log(1 + mass), tag, shape (events, 4, 5)."""
        jets = self.table[:, : 4 * _JETS].reshape(-1, _JETS, 4)
        pt, mass = jets[..., 0], jets[..., 3]
        if self.relative:
            total = np.maximum(pt.sum(axis=1, keepdims=True), 1e-6)
            # In per mille, so that the mass is not lost beside the 1.
            pt, mass = 1e3 * pt / total, 1e3 * mass / total
        columns = [
            np.log(np.maximum(pt, 1e-3)), jets[..., 1], jets[..., 2],
            np.log1p(np.maximum(mass, 0)), self.table[:, 4 * _JETS :],
        ]  # fmt: skip
        return np.stack(columns, axis=2).astype(np.float32)

    def tensors(self, rows: NDArray[np.int64]) -> tuple[Tensor, ...]:
        """Give the jets of some events and that all four are there."""
        import torch

        part = JetInputs(self.table[rows], self.relative)
        return torch.from_numpy(part.values()), torch.ones(len(rows), _JETS).bool()


@dataclass(frozen=True)
class SpanetTrained:
    """Trained networks.

    Attributes
    ----------
    networks : tuple of FittedNetwork
        One a set.
    config : SpanetConfig
    """

    networks: tuple[FittedNetwork, ...]
    config: SpanetConfig

    def score(self, member: int, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give the logits of one network, shape (events,)."""
        return self.networks[member].logits(self._inputs(features))

    def pairings(self, member: int, features: NDArray[np.float32]) -> NDArray[np.int64]:
        """Give the number of the pairing that a network chooses, shape (events,)."""
        from oddjet.learn.models.spanet import chosen_pairs
        from oddjet.learn.network_fitting import outputs_of

        network = self.networks[member].network
        chosen = [
            chosen_pairs(output.log_pairs).numpy()
            for _, output in outputs_of(network, self._inputs(features))
        ]
        return pairing_numbers(np.concatenate(chosen))

    def _inputs(self, features: NDArray[np.float32]) -> JetInputs:
        return JetInputs(features, self.config.relative_momenta)


def train_spanets(
    sets: Sequence[TrainingSet],
    config: SpanetConfig,
    fitting: FittingConfig,
    *,
    seeds: Sequence[int],
    validations: Sequence[NDArray[np.bool_]],
) -> SpanetTrained:
    """Train a network on each set.

    Parameters
    ----------
    sets : sequence of TrainingSet
        With features `SPANET_INPUTS`; `pairing` is read only if the weight of the
        assignment is not zero.
    config : SpanetConfig
    fitting : FittingConfig
    seeds : sequence of int
    validations : sequence of bool arrays
        Of each set: what decides when to stop.

    Returns
    -------
    SpanetTrained
    """
    from oddjet.learn.member_batches import Member
    from oddjet.learn.network_fitting import fit_network

    networks = []
    for each, seed, validates in zip(sets, seeds, validations, strict=True):
        inputs = JetInputs(each.features, config.relative_momenta)
        member = Member(
            np.flatnonzero(~validates),
            np.flatnonzero(validates),
            derive_seed(seed, "network"),
        )
        further = None
        if config.assignment_weight > 0 and each.pairing is not None:
            further = partial(_assignment_loss, each.pairing, config.assignment_weight)
        fitted = fit_network(
            partial(_network, config, inputs.values()[member.training]),
            inputs,
            each.label,
            each.weights,
            member=member,
            config=fitting,
            further_loss=further,
        )
        networks.append(fitted)
    return SpanetTrained(tuple(networks), config)


def pairing_accuracies(
    trained: SpanetTrained, member: int, signal: EventTable, names: Sequence[str]
) -> dict[str, float]:
    """Measure how often the true pairs are chosen, where they are known.

    Parameters
    ----------
    trained : SpanetTrained
    member : int
    signal : EventTable
        With `TRUE_PAIRING` and, to compare, `MIN_DELTA_R_PAIRING`.
    names : sequence of str
        Columns of the inputs.

    Returns
    -------
    dict of name to float
        Shares of the weight of events whose quarks have a jet each; NaN without any.
    """
    true = signal.columns[TRUE_PAIRING]
    known = true >= 0
    total = float(np.sum(signal.weights[known]))
    if not total > 0:
        return {"pairing": math.nan, "pairing_min_delta_r": math.nan}
    chosen = trained.pairings(member, signal.features(names))
    found = {
        "pairing": chosen,
        "pairing_min_delta_r": signal.columns[MIN_DELTA_R_PAIRING],
    }
    return {
        name: float(np.sum(signal.weights[known & (pairing == true)])) / total
        for name, pairing in found.items()
    }


def pairing_numbers(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the numbers of pairings of four jets: 0 is 01|23, 1 is 02|13, 2 is 03|12.

    Parameters
    ----------
    pairs : int64, shape (events, 2, 2)
        Jets of each resonance; negative ones give -1.

    Returns
    -------
    int64, shape (events,)

    Examples
    --------
    >>> pairing_numbers(np.array([[[0, 1], [2, 3]], [[1, 2], [3, 0]]])).tolist()
    [0, 2]
    """
    holds_first = (pairs == 0).any(axis=2)
    partner = pairs.max(axis=2)[np.arange(len(pairs)), holds_first.argmax(axis=1)]
    number: NDArray[np.int64] = np.where((pairs >= 0).all(axis=(1, 2)), partner - 1, -1)
    return number


def _network(config: SpanetConfig, values: NDArray[np.float32]) -> Spanet:
    import torch

    from oddjet.learn.models.spanet import Spanet

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
    pairing: NDArray[np.int64],
    weight: float,
    output: SpanetOutput,
    rows: NDArray[np.int64],
) -> Tensor:
    import torch

    from oddjet.learn.models.spanet import pairing_loss

    ways = np.array(
        [[[0, 1], [2, 3]], [[0, 2], [1, 3]], [[0, 3], [1, 2]], [[-1, -1], [-1, -1]]]
    )
    true = torch.from_numpy(ways[pairing[rows]])
    return weight * pairing_loss(output.log_pairs, true)
