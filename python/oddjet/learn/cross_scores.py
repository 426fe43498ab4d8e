"""Scores of jets by networks that may not have seen them, all in memory.

For studies, which train many networks and deploy none: the order of the scores within
a fold, and so every count, is that of a model file up to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import special

from oddjet.learn.coordinates import coordinate_columns
from oddjet.learn.fold_training import train_fold
from oddjet.learn.models.edge_conv import EdgeConvNetwork

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.learn.batches import TrainingSample
    from oddjet.learn.config import TrainingConfig
    from oddjet.learn.models.config import EdgeConvConfig

__all__ = ["CrossScores", "cross_scores"]

_BATCH = 512


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
    sample: TrainingSample,
    fold_of_jet: NDArray[np.int64],
    *,
    network: EdgeConvConfig,
    training: TrainingConfig,
    features: Sequence[str],
    seed: int,
    checkpoints: Path | None = None,
    on_network: Callable[[], None] = lambda: None,
) -> CrossScores:
    """Train the networks of all folds and score each jet by those of its fold.

    Parameters
    ----------
    sample : TrainingSample
    fold_of_jet : int64, shape (jets,)
        As `oddjet.learn.folds.training_folds` gives it.
    network, training, features, seed, checkpoints
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
    filled = sample.mask.any(axis=1)
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
                checkpoints=checkpoints,
            )
            losses.append(trained.loss)
            logit = _logits(
                trained.weights,
                sample,
                own,
                network=network,
                training=training,
                features=features,
            )
            signal += 1 / (1 + np.exp(-logit))
            control += 1 / (1 + np.exp(logit))
            on_network()
        score[own] = np.log(signal) - np.log(control)
    return CrossScores(score, tuple(losses))


def _logits(
    weights: dict[str, NDArray[np.float32]],
    sample: TrainingSample,
    chosen: NDArray[np.int64],
    *,
    network: EdgeConvConfig,
    training: TrainingConfig,
    features: Sequence[str],
) -> NDArray[np.float64]:
    """Evaluate one network, in batches of jets of like size."""
    model = EdgeConvNetwork(
        network,
        len(features),
        coordinate_columns(features),
        slots=sample.values.shape[1],
    )
    state = {name: torch.from_numpy(value) for name, value in weights.items()}
    model.load_state_dict(state, strict=False)
    model.to(training.device).eval()
    counts = sample.mask[chosen].sum(axis=1)
    order = np.argsort(counts, kind="stable")
    result = np.empty(len(chosen))
    threads = torch.get_num_threads()
    torch.set_num_threads(training.threads)
    try:
        with torch.no_grad():
            for start in range(0, len(order), _BATCH):
                rows = order[start : start + _BATCH]
                length = max(1, int(counts[rows].max()))
                jets = chosen[rows]
                values = torch.from_numpy(sample.values[jets, :length])
                mask = torch.from_numpy(sample.mask[jets, :length])
                logit = model(values.to(training.device), mask.to(training.device))
                result[rows] = logit.double().cpu().numpy()
    finally:
        torch.set_num_threads(threads)
    return result
