"""Trainings on tables that each draw for themselves, judged by their members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from oddjet.runs.seeds import derive_seed
from oddjet.studies.spanet_classifier import SpanetTrained, train_spanets
from oddjet.studies.training_sets import VALIDATION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from oddjet.learn.batched_training import TrainedMembers
    from oddjet.learn.classifier_config import ClassifierConfig
    from oddjet.learn.models.spanet_config import SpanetConfig
    from oddjet.studies.training_sets import TrainingSet

__all__ = ["Trained", "train_repeats"]


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
        alone = self.members[member : member + 1]
        scored: NDArray[np.float32] = alone.logits(features)[0]
        return scored


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

    # Several networks on the same events share the rows.
    starts: dict[int, int] = {}
    used: list[TrainingSet] = []
    members, size = [], 0
    for each, own, validation in zip(sets, seeds, validations, strict=True):
        if id(each) not in starts:
            starts[id(each)] = size
            used.append(each)
            size += len(each.label)
        rows = starts[id(each)] + np.arange(len(validation))
        members.append(Member(rows[~validation], rows[validation], own))
    return MlpTrained(
        train_members(
            np.concatenate([each.features for each in used]),
            np.concatenate([each.label for each in used]),
            members,
            config,
            weights=np.concatenate([each.weights for each in used]),
        )
    )
