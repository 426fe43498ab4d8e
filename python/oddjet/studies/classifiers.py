"""Many trainings on tables that each draw for themselves, as one batched model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.runs.seeds import derive_seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from oddjet.learn.batched_training import TrainedMembers
    from oddjet.learn.classifier_config import ClassifierConfig

__all__ = ["TrainingSet", "drawn", "train_repeats"]

#: Part of the training events that decides when to stop.
VALIDATION = 0.2


@dataclass(frozen=True)
class TrainingSet:
    """What one network is trained on.

    Attributes
    ----------
    features : float32, shape (events, features)
    label : bool, shape (events,)
        True for the class that is to score high.
    weights : float64, shape (events,)
    validation : bool, shape (events,), optional
        Events that decide when to stop; by default a fifth at random. Whoever
        augments says it here, so that the copies of an event stay on its side.
    """

    features: NDArray[np.float32]
    label: NDArray[np.bool_]
    weights: NDArray[np.float64]
    validation: NDArray[np.bool_] | None = None


def train_repeats(
    sets: Sequence[TrainingSet], config: ClassifierConfig, *, seed: int
) -> TrainedMembers:
    """Train a network on each set.

    Parameters
    ----------
    sets : sequence of TrainingSet
    config : ClassifierConfig
    seed : int
        Of first weights, splits and orders, which differ between the sets.

    Returns
    -------
    TrainedMembers
        A member a set.

    Raises
    ------
    UserError
        As `oddjet.learn.batched_training.train_members`.
    """
    from oddjet.learn.batched_training import train_members
    from oddjet.learn.member_batches import Member

    members, start = [], 0
    for number, each in enumerate(sets):
        own = derive_seed(seed, "member", number)
        validation = each.validation
        if validation is None:
            random = np.random.default_rng(derive_seed(own, "validation"))
            validation = random.random(len(each.label)) < VALIDATION
        rows = start + np.arange(len(each.label))
        members.append(Member(rows[~validation], rows[validation], own))
        start += len(rows)
    return train_members(
        np.concatenate([each.features for each in sets]),
        np.concatenate([each.label for each in sets]),
        members,
        config,
        weights=np.concatenate([each.weights for each in sets]),
    )


def drawn(
    size: int, numbers: Sequence[int], random: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Draw disjoint groups of events.

    Parameters
    ----------
    size : int
        Events that there are, at least the sum of `numbers`.
    numbers : sequence of int
        Events of each group.
    random : numpy.random.Generator

    Returns
    -------
    list of int64 arrays
    """
    order = random.permutation(size)[: sum(numbers)]
    return np.split(order, np.cumsum(numbers)[:-1])
