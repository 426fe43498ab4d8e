"""SPANet as the classifier of a study: four jets an event, a training at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.runs.seeds import derive_seed
from oddjet.select.dihiggs import (
    JET_VARIABLES,
    MIN_DELTA_R_PAIRING,
    PAIRINGS,
    TRUE_PAIRING,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from oddjet.learn.classifier_config import FittingConfig
    from oddjet.learn.models.spanet_config import SpanetConfig
    from oddjet.learn.network_fitting import FittedNetwork
    from oddjet.searches.event_table import EventTable
    from oddjet.studies.training_sets import TrainingSet

__all__ = [
    "SPANET_INPUTS",
    "SpanetTrained",
    "pairing_accuracies",
    "pairing_numbers",
    "train_spanets",
]

#: Columns that it reads: pT, eta, phi, mass of each jet, then the tags.
SPANET_INPUTS = (*JET_VARIABLES, *(f"tag_{place}" for place in range(1, 5)))
#: Pairs by the number of the pairing; what is not known is the last, -1.
_PAIRS = np.array([*PAIRINGS, ((-1, -1), (-1, -1))])


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
        from oddjet.learn.spanet_training import JetInputs

        inputs = JetInputs(features, self.config.relative_momenta)
        return self.networks[member].logits(inputs)

    def pairings(self, member: int, features: NDArray[np.float32]) -> NDArray[np.int64]:
        """Give the number of the pairing that a network chooses, shape (events,)."""
        from oddjet.learn.spanet_training import JetInputs, pairs_of

        inputs = JetInputs(features, self.config.relative_momenta)
        return pairing_numbers(pairs_of(self.networks[member], inputs))


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
    from oddjet.learn.spanet_training import JetInputs, fit_spanet

    networks = []
    for each, seed, validates in zip(sets, seeds, validations, strict=True):
        member = Member(
            np.flatnonzero(~validates),
            np.flatnonzero(validates),
            derive_seed(seed, "network"),
        )
        fitted = fit_spanet(
            config,
            JetInputs(each.features, config.relative_momenta),
            each.label,
            each.weights,
            member=member,
            config=fitting,
            true_pairs=None if each.pairing is None else _PAIRS[each.pairing],
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
    found = {
        "pairing": trained.pairings(member, signal.features(names)),
        "pairing_min_delta_r": signal.columns[MIN_DELTA_R_PAIRING],
    }
    return {
        name: float(np.sum(signal.weights[known & (pairing == true)])) / total
        for name, pairing in found.items()
    }


def pairing_numbers(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the numbers of pairings of four jets, their places in `PAIRINGS`.

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
