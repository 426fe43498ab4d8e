"""Events that were copied and changed before a study could split them.

A copy that kept the id of its source is found by that. One with an id of its own is
found by what the change left alone: smeared directions leave every pT to the last bit,
smeared momenta every direction, a rotation both pT and mass, and whatever was done to
jets or candidates, their masses.

Different events may agree, too, where quantities are stored coarsely. Then others
agree nearly, and far more of them: pairs that are equal in everything are compared
with pairs that are within a few of the values that the sample has. Nothing else is
assumed of the sample, not even that its quantities are independent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binom

from oddjet.events.source_hash import mixed
from oddjet.searches.event_table import refuse_copies

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["refuse_equal_columns", "refuse_equal_rows"]

#: A sample of different events is refused once in so many at most.
_LARGEST_P = 1e-6
#: Pairs within so many values of each other, and the largest share of them that is
#: equal among different events: what it would be if all quantities followed from one
#: is the inverse of the number, and values may be uneven.
_NEAR = ((20, 1 / 4), (200, 1 / 20))


def refuse_equal_columns(
    columns: Mapping[str, NDArray[np.float64]],
    groups: Sequence[Sequence[str]],
    where: str,
) -> None:
    """Refuse events that agree in all quantities of a group to the last bit.

    Sound, not complete. Ten copied events are enough where quantities are fine; where
    they are coarse, more are needed; what a copy has changed altogether is not found.
    Events with a whole number, or with one value twice, are left out: that is what
    jets have by default.

    Parameters
    ----------
    columns : mapping of str to float64, shape (events,)
    groups : sequence of sequence of str
        A group of which one quantity is absent is left out.
    where : str
        What the sample holds, for the message.

    Raises
    ------
    UserError
        There are copies.
    """
    for group in groups:
        if not group or any(name not in columns for name in group):
            continue
        values = np.stack([columns[name] for name in group], axis=1)
        refuse_equal_rows(np.asarray(values, np.float64), where)


def refuse_equal_rows(values: NDArray[np.float64], where: str) -> None:
    """Refuse events whose quantities are those of other events, to the last bit.

    Parameters
    ----------
    values : float64, shape (events, quantities)
    where : str
        What the sample holds, for the message.

    Raises
    ------
    UserError
        As `refuse_equal_columns`.
    """
    meant = values[_meant(values)]
    if _are_copied(meant):
        refuse_copies(_marks(meant.view(np.uint64)), where)


def _meant(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark the rows of finite numbers, none of them whole and none there twice."""
    ordered = np.sort(values, axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    fine = np.isfinite(values) & (values != np.round(values))
    found: NDArray[np.bool_] = ~twice & fine.all(axis=1)
    return found


def _are_copied(values: NDArray[np.float64]) -> bool:
    """Say whether more rows are equal than different events could have."""
    equal = _pairs(values.view(np.uint64))
    if not equal:
        return False
    places = np.stack(
        [np.unique(column, return_inverse=True)[1] for column in values.T], axis=1
    ).astype(np.uint64)
    return any(
        binom.sf(equal - 1, _pairs(places // np.uint64(width)), share) < _LARGEST_P
        for width, share in _NEAR
    )


def _pairs(rows: NDArray[np.uint64]) -> int:
    """Count the pairs of equal rows."""
    counts = np.unique(_marks(rows), return_counts=True)[1]
    return int(np.sum(counts * (counts - 1)) // 2)


def _marks(rows: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Give a number of each row, equal for equal rows."""
    mark = np.zeros(len(rows), np.uint64)
    for column in rows.T:
        mark = mixed(mark ^ column)
    return mark
