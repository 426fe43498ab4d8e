"""Gradient-boosted trees with bagging, where a search would take networks.

Trees lose little to features that say nothing, of which networks learn the noise. Many
on random halves of the events, averaged, are smooth where one is not.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.learn.member_batches import Member, balanced_weights
from oddjet.runs.errors import UserError, require
from oddjet.runs.seeds import derive_seed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from oddjet.learn.classifier_config import TreesConfig

__all__ = ["TREES", "TrainedTrees", "train_trees"]

#: Name of the trees in the archive that `TrainedTrees.save` writes.
TREES = "trees"


@dataclass(frozen=True)
class TrainedTrees:
    """Trained bags of trees.

    Attributes
    ----------
    bags : tuple of tuple
        For each member its scikit-learn classifiers.
    threads : int
    """

    bags: tuple[tuple[Any, ...], ...]
    threads: int

    def __len__(self) -> int:
        """Count the members."""
        return len(self.bags)

    def __getitem__(self, chosen: slice) -> TrainedTrees:
        """Take some members."""
        return TrainedTrees(self.bags[chosen], self.threads)

    def logits(self, features: ArrayLike) -> NDArray[np.float32]:
        """Score events with every member.

        Parameters
        ----------
        features : float, shape (events, features)

        Returns
        -------
        float32, shape (members, events)
            The logit of the mean probability of its trees.
        """
        table = np.asarray(features, np.float32)
        scored = np.empty((len(self.bags), len(table)), np.float32)
        with _threads(self.threads):
            for row, bag in zip(scored, self.bags, strict=True):
                odds = [one.decision_function(table) for one in bag]
                mean = np.mean(1 / (1 + np.exp(-np.array(odds))), axis=0)
                row[:] = np.log(mean / (1 - mean))
        return scored

    def save(self, path: Path) -> None:
        """Write them, as a NumPy archive around a pickle: read your own only."""
        content = pickle.dumps((self.bags, self.threads), protocol=5)
        stored: dict[str, Any] = {TREES: np.frombuffer(content, np.uint8)}
        np.savez(path, **stored)

    @classmethod
    def load(cls, path: Path) -> TrainedTrees:
        """Read what `save` wrote, with the scikit-learn that wrote it."""
        with np.load(path) as stored:
            return cls(*pickle.loads(stored[TREES].tobytes()))


def train_trees(
    features: ArrayLike,
    labels: ArrayLike,
    members: Sequence[Member],
    config: TreesConfig,
    *,
    weights: ArrayLike | None = None,
) -> TrainedTrees:
    """Train bags of trees that tell data from template.

    Each of a bag's classifiers learns from a random part of the member's training
    events, both classes balanced, and stops by the member's validation events: copies
    of an event stay on the side of their fold.

    Parameters
    ----------
    features, labels, members, weights
        As `oddjet.learn.batched_training.train_members`; no negative weights.
    config : TreesConfig

    Returns
    -------
    TrainedTrees
        The same for the same arguments and version of scikit-learn.

    Raises
    ------
    UserError
        A feature or weight that is not finite or a negative weight (its row is named),
        or a class without weight.
    MissingExtra
        scikit-learn is not installed.

    References
    ----------
    Finke et al., arXiv:2309.13111.
    """
    table = np.asarray(features, np.float32)
    label = np.asarray(labels, np.bool_)
    weight = np.ones(len(label)) if weights is None else np.asarray(weights, np.float64)
    _check(table, weight)
    with _threads(config.threads):
        bags = tuple(
            tuple(
                _fit(table, label, weight, member=member, config=config, number=number)
                for number in range(config.bagged)
            )
            for member in members
        )
    return TrainedTrees(bags, config.threads)


def _check(table: NDArray[np.float32], weight: NDArray[np.float64]) -> None:
    bad = ~(np.isfinite(table).all(axis=1) & np.isfinite(weight))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        message = f"training: a feature or the weight of row {row} is not finite"
        raise UserError(message)
    if np.any(weight < 0):
        row = int(np.flatnonzero(weight < 0)[0])
        message = (
            f"training: trees take no negative weights, and row {row} has "
            f"{weight[row]:g}; take networks (learner: networks)"
        )
        raise UserError(message)


def _fit(
    table: NDArray[np.float32],
    label: NDArray[np.bool_],
    weight: NDArray[np.float64],
    *,
    member: Member,
    config: TreesConfig,
    number: int,
) -> Any:
    """Fit the classifier of a number in the bag of a member."""
    ensemble = require("sklearn.ensemble", extra="train")
    random = np.random.default_rng(derive_seed(member.seed, "bag", number))
    size = max(1, round(config.share * len(member.training)))
    rows = np.sort(random.choice(member.training, size, replace=False))
    held = member.validation
    trees = ensemble.HistGradientBoostingClassifier(
        learning_rate=config.learning_rate,
        max_iter=config.iterations,
        max_leaf_nodes=config.leaves,
        max_bins=config.bins,
        early_stopping=True,
        n_iter_no_change=config.patience,
        random_state=derive_seed(member.seed, "trees", number) % 2**32,
    )
    return trees.fit(
        table[rows],
        label[rows],
        sample_weight=balanced_weights(label[rows], weight[rows], "training"),
        X_val=table[held],
        y_val=label[held],
        sample_weight_val=balanced_weights(label[held], weight[held], "validation"),
    )


def _threads(number: int) -> Any:
    """Limit the threads of scikit-learn, which takes all cores otherwise."""
    limits = require("threadpoolctl", extra="train").threadpool_limits
    return limits(limits=number, user_api="openmp")
