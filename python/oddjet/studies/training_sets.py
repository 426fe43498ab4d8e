"""What networks are trained on: events with labels, split before they are copied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.runs.seeds import derive_seed
from oddjet.select.dihiggs import TRUE_PAIRING
from oddjet.studies.augmentation import augmented_training

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from oddjet.searches.event_table import EventTable
    from oddjet.studies.augmentation import AugmentationConfig

__all__ = ["VALIDATION", "Copies", "TrainingSet", "set_of_table"]

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
