"""The classifiers of a search by their configuration: small networks, or trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from oddjet.learn.batched_training import TrainedMembers, train_members
from oddjet.learn.boosted_trees import TREES, TrainedTrees, train_trees
from oddjet.learn.classifier_config import TreesConfig

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike

    from oddjet.learn.classifier_config import ClassifierConfig
    from oddjet.learn.member_batches import Member

__all__ = ["load_classifiers", "train_classifiers"]

Trained = TrainedMembers | TrainedTrees


def train_classifiers(
    features: ArrayLike,
    labels: ArrayLike,
    members: Sequence[Member],
    config: ClassifierConfig | TreesConfig,
    *,
    weights: ArrayLike | None = None,
) -> Trained:
    """Train what tells data from template.

    Parameters
    ----------
    features, labels, members, weights
        As `oddjet.learn.batched_training.train_members`.
    config : ClassifierConfig or TreesConfig
        Its class says which.

    Returns
    -------
    TrainedMembers or TrainedTrees
        Both score with `logits`, are cut with a slice, and kept with `save`.

    Raises
    ------
    UserError
        As `train_members` and `oddjet.learn.boosted_trees.train_trees`.
    """
    if isinstance(config, TreesConfig):
        return train_trees(features, labels, members, config, weights=weights)
    return train_members(features, labels, members, config, weights=weights)


def load_classifiers(path: Path) -> Trained:
    """Read what the `save` of either wrote.

    Parameters
    ----------
    path : Path

    Returns
    -------
    TrainedMembers or TrainedTrees
    """
    with np.load(path) as stored:
        holds_trees = TREES in stored.files
    return TrainedTrees.load(path) if holds_trees else TrainedMembers.load(path)
