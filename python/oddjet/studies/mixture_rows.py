"""Which events make two mixtures of signal fraction f1 and 1 - f1, and what tests them.

Metodiev, Nachman, Thaler, arXiv:1708.02949.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

__all__ = ["MixtureRows", "drawn", "mixture_rows"]


@dataclass(frozen=True)
class MixtureRows:
    """Events of one training by process; no event is in two groups.

    Attributes
    ----------
    training : dict of process to (int64 array, int64 array)
        Of the mixture that is to score high, which has more signal, and of the other.
    pure : dict of process to int64 array
        The pure samples that test.
    mixtures : dict of process to (int64 array, int64 array)
        As `training`, to test.
    """

    training: dict[str, tuple[Rows, Rows]]
    pure: dict[str, Rows]
    mixtures: dict[str, tuple[Rows, Rows]]


def mixture_rows(
    sizes: Mapping[str, int],
    fraction: float,
    *,
    events: int,
    test_events: int,
    random: np.random.Generator,
) -> MixtureRows:
    """Draw what trains one network, and what tests it.

    Which mixture is to score high is fixed here, before any training: the one with
    more signal; at f1 = 1/2 the first.

    Parameters
    ----------
    sizes : mapping of process to int
        Events that there are of the signal and of the background, in this order.
    fraction : float
        f1.
    events, test_events : int
        Of each mixture that trains; of each mixture and of each pure sample that tests.
    random : numpy.random.Generator

    Returns
    -------
    MixtureRows

    Raises
    ------
    UserError
        A sample has too few events; it is said how many there are.

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> sizes = {"signal": 20, "background": 20}
    >>> found = mixture_rows(sizes, 0.2, events=10, test_events=5, random=random)
    >>> [len(rows) for rows in found.training["signal"]]
    [8, 2]
    """

    def shares(number: int) -> list[tuple[int, int]]:
        """Signal and background of the first mixture, and of the second."""
        signal = [round(part * number) for part in (fraction, 1 - fraction)]
        return [(each, number - each) for each in signal]

    high, low = (0, 1) if fraction >= 0.5 else (1, 0)
    trains, tests = shares(events), shares(test_events)
    found = MixtureRows({}, {}, {})
    for place, (name, size) in enumerate(sizes.items()):
        numbers = [each[place] for each in trains]
        numbers += [test_events, *(each[place] for each in tests)]
        if sum(numbers) > size:
            message = (
                f"the study needs {sum(numbers)} events of the {name} at f1 = "
                f"{fraction:g}, there are {size}; ask for fewer to train or to test,"
                " or give more files"
            )
            raise UserError(message)
        groups = drawn(size, numbers, random)
        found.training[name] = (groups[high], groups[low])
        found.pure[name] = groups[2]
        found.mixtures[name] = (groups[3 + high], groups[3 + low])
    return found


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
