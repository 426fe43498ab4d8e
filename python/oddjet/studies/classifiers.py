"""Trainings on tables that each draw for themselves, judged by their members."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from oddjet.runs.seeds import derive_seed
from oddjet.select.dihiggs import TRUE_PAIRING
from oddjet.studies.augmentation import augmented_training
from oddjet.studies.spanet_classifier import SpanetTrained, train_spanets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from oddjet.learn.batched_training import TrainedMembers
    from oddjet.learn.classifier_config import ClassifierConfig
    from oddjet.learn.models.spanet_config import SpanetConfig
    from oddjet.searches.event_table import EventTable
    from oddjet.studies.augmentation import AugmentationConfig

__all__ = [
    "Copies",
    "Trained",
    "TrainingSet",
    "drawn",
    "set_of_table",
    "train_repeats",
]

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
    pairing : int64, shape (events,), optional
        Truth: `TRUE_PAIRING`, for SPANet with a weight of the assignment.
    """

    features: NDArray[np.float32]
    label: NDArray[np.bool_]
    weights: NDArray[np.float64]
    validation: NDArray[np.bool_] | None = None
    pairing: NDArray[np.int64] | None = None


class Trained(Protocol):
    """Networks, one a set."""

    def score(self, member: int, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give the logits of one network, shape (events,)."""


@dataclass(frozen=True)
class MlpTrained:
    """Networks that were trained as one batched model."""

    members: TrainedMembers

    def score(self, member: int, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give the logits of one network, shape (events,)."""
        own = slice(member, member + 1)
        alone = replace(
            self.members,
            weights=tuple(weight[own] for weight in self.members.weights),
            biases=tuple(bias[own] for bias in self.members.biases),
            mean=self.members.mean[own],
            scale=self.members.scale[own],
        )
        scored: NDArray[np.float32] = alone.logits(features)[0]
        return scored


@dataclass(frozen=True)
class Copies:
    """How the events of a set that train are copied.

    Attributes
    ----------
    how : AugmentationConfig
    objects : tuple of str
        Suffixes of the columns that change.
    """

    how: AugmentationConfig
    objects: tuple[str, ...]


def set_of_table(
    table: EventTable,
    label: NDArray[np.bool_],
    names: Sequence[str],
    *,
    seed: int,
    copies: Copies | None = None,
) -> TrainingSet:
    """Split a table into what trains and what validates, then copy what trains.

    Parameters
    ----------
    table : EventTable
        Without copies.
    label : bool, shape (events,)
    names : sequence of str
        Columns that become features.
    seed : int
        Of the split, which does not depend on `copies`.
    copies : Copies, optional

    Returns
    -------
    TrainingSet
        The events of the table, then copies of those that train.
    """
    random = np.random.default_rng(derive_seed(seed, "validation"))
    validates = random.random(len(table)) < VALIDATION
    whole, source = table, np.arange(len(table))
    if copies is not None:
        made, of = augmented_training(
            table, validates, copies.how, copies.objects, seed=derive_seed(seed, "copy")
        )
        whole = type(table).concatenate([table, made])
        source = np.concatenate([source, of])
        validates = np.concatenate([validates, np.zeros(len(made), np.bool_)])
    pairing = whole.columns.get(TRUE_PAIRING)
    return TrainingSet(
        whole.features(names),
        label[source],
        whole.weights,
        validates,
        None if pairing is None else pairing.astype(np.int64),
    )


def train_repeats(
    sets: Sequence[TrainingSet],
    config: ClassifierConfig,
    *,
    seed: int,
    spanet: SpanetConfig | None = None,
) -> MlpTrained | SpanetTrained:
    """Train a network on each set.

    Parameters
    ----------
    sets : sequence of TrainingSet
    config : ClassifierConfig
    seed : int
        Of first weights, splits and orders, which differ between the sets.
    spanet : SpanetConfig, optional
        Train SPANet in place of the MLP of `config`, which says how.

    Returns
    -------
    Trained
        A member a set.

    Raises
    ------
    UserError
        As `oddjet.learn.batched_training.train_members`.
    """
    seeds = [derive_seed(seed, "member", number) for number in range(len(sets))]
    validations = []
    for each, own in zip(sets, seeds, strict=True):
        validation = each.validation
        if validation is None:
            random = np.random.default_rng(derive_seed(own, "validation"))
            validation = random.random(len(each.label)) < VALIDATION
        validations.append(validation)
    if spanet is not None:
        return train_spanets(sets, spanet, config, seeds=seeds, validations=validations)
    return _train_mlps(sets, config, seeds, validations)


def _train_mlps(
    sets: Sequence[TrainingSet],
    config: ClassifierConfig,
    seeds: Sequence[int],
    validations: Sequence[NDArray[np.bool_]],
) -> MlpTrained:
    from oddjet.learn.batched_training import train_members
    from oddjet.learn.member_batches import Member

    members, start = [], 0
    for own, validation in zip(seeds, validations, strict=True):
        rows = start + np.arange(len(validation))
        members.append(Member(rows[~validation], rows[validation], own))
        start += len(rows)
    return MlpTrained(
        train_members(
            np.concatenate([each.features for each in sets]),
            np.concatenate([each.label for each in sets]),
            members,
            config,
            weights=np.concatenate([each.weights for each in sets]),
        )
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
