"""Which rows of a common table each of many networks sees, step by step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oddjet.runs.errors import UserError
from oddjet.runs.seeds import derive_seed

__all__ = ["Member", "balanced_weights", "epoch_rows"]


@dataclass(frozen=True)
class Member:
    """One network of many: its rows and its seed.

    Attributes
    ----------
    training, validation : int64, shape (rows,)
        Rows of the common table.
    seed : int
        Of its first weights and the order of its rows.
    """

    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    seed: int


def balanced_weights(
    labels: NDArray[np.bool_], weights: NDArray[np.float64], where: str
) -> NDArray[np.float64]:
    """Scale weights so that both classes weigh half and the mean is one.

    Parameters
    ----------
    labels : bool, shape (rows,)
    weights : float64, shape (rows,)
        Negative ones are allowed as long as a class sums to more than 0.
    where : str
        Named in the message.

    Returns
    -------
    float64, shape (rows,)

    Raises
    ------
    UserError
        A class without rows or with a sum of weights that is not positive.
    """
    balanced = np.zeros(len(labels))
    for value, name in ((True, "data"), (False, "template")):
        chosen = labels == value
        total = float(np.sum(weights[chosen]))
        if not total > 0:
            message = (
                f"{where}: the weights of its {int(np.sum(chosen))} {name} events sum "
                f"to {total:g}; training needs a positive sum of both classes"
            )
            raise UserError(message)
        balanced[chosen] = weights[chosen] * len(labels) / (2 * total)
    return balanced


def epoch_rows(
    member: Member, epoch: int, batch_size: int, steps: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Shuffle the training rows of a member into the steps of an epoch.

    Depends on the member and the epoch alone, not on who else is trained.

    Parameters
    ----------
    member : Member
    epoch : int
    batch_size, steps : int
        Steps beyond the member's own are empty.

    Returns
    -------
    positions : int64, shape (steps, batch_size)
        Within `member.training`; 0 where not valid.
    valid : bool, shape (steps, batch_size)
    """
    random = np.random.default_rng(derive_seed(member.seed, "order", epoch))
    order = random.permutation(len(member.training))
    positions = np.zeros(steps * batch_size, np.int64)
    positions[: len(order)] = order
    valid = np.arange(steps * batch_size) < len(order)
    shape = (steps, batch_size)
    return positions.reshape(shape), valid.reshape(shape)
