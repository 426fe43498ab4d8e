"""Scores of jets by networks that may not have seen them, all in memory.

For studies, which train many networks and deploy none: the order of the scores within
a fold, and so every count, is that of a model file up to rounding.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import special

from oddjet.learn.evaluation import logits_of
from oddjet.learn.fold_training import train_fold
from oddjet.learn.models.networks import trained_network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.learn.batches import JetSample
    from oddjet.learn.config import TrainingConfig
    from oddjet.learn.models.networks import NetworkConfig

__all__ = ["CrossScores", "cross_scores"]


@dataclass(frozen=True)
class CrossScores:
    """Scores and how they came about.

    Attributes
    ----------
    score : float64, shape (jets,)
        Mean probability of the signal region, as its logit; comparable within a fold.
        NaN for jets that no network scores: the reserve, what only trains, and jets
        without constituents.
    losses : tuple of tuple of float
        Training loss of each epoch, for each network.
    """

    score: NDArray[np.float64]
    losses: tuple[tuple[float, ...], ...]

    @property
    def probability(self) -> NDArray[np.float64]:
        """Mean probability of the signal region, in [0, 1]."""
        mean: NDArray[np.float64] = special.expit(self.score)
        return mean


def cross_scores(
    sample: JetSample,
    fold_of_jet: NDArray[np.int64],
    *,
    network: NetworkConfig,
    training: TrainingConfig,
    features: Sequence[str],
    seed: int,
    validates: NDArray[np.bool_] | None = None,
    checkpoints: Path | None = None,
    on_network: Callable[[], None] = lambda: None,
) -> CrossScores:
    """Train the networks of all folds and score each jet by those of its fold.

    Parameters
    ----------
    sample : JetSample
    fold_of_jet : int64, shape (jets,)
        As `oddjet.learn.folds.training_folds` gives it.
    network, training, features, seed, validates, checkpoints
        As for `oddjet.learn.fold_training.train_fold`.
    on_network : callable, optional
        Called after each training.

    Returns
    -------
    CrossScores

    Raises
    ------
    UserError
        As `train_fold`.
    """
    score = np.full(len(sample), np.nan)
    losses = []
    filled = sample.sizes() > 0
    for fold in range(training.num_scored_folds):
        own = np.flatnonzero((fold_of_jet == fold) & filled)
        signal, control = np.zeros(len(own)), np.zeros(len(own))
        for member in range(training.networks):
            trained = train_fold(
                sample,
                fold_of_jet,
                fold,
                network=network,
                training=training,
                features=features,
                seed=seed,
                member=member,
                validates=validates,
                checkpoints=checkpoints,
            )
            losses.append(trained.loss)
            model = trained_network(network, sample, features, trained.weights)
            with _threads(training.threads):
                logit = logits_of(model.to(training.device), sample, own)
            signal += 1 / (1 + np.exp(-logit))
            control += 1 / (1 + np.exp(logit))
            on_network()
        score[own] = np.log(signal) - np.log(control)
    return CrossScores(score, tuple(losses))


@contextmanager
def _threads(threads: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
