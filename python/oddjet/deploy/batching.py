"""Which jets are scored together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["EQUAL_LENGTHS", "FULL_BUCKETS", "BatchPolicy", "Run"]


@dataclass(frozen=True)
class Run:
    """One run of a model.

    Attributes
    ----------
    jets : int64, shape (jets,)
        Indices of the jets.
    length : int
        Constituents that the input has room for.
    rows : int
        Jets that it has room for; those beyond `jets` stay empty.
    """

    jets: NDArray[np.int64]
    length: int
    rows: int


@dataclass(frozen=True)
class BatchPolicy:
    """How jets are put together to runs of a model.

    Attributes
    ----------
    most_rows : int
        Jets of a run at most.
    activation_bytes : int
        What the widest array of numbers inside the network may take, if one jet alone
        does not take more.
    length_step : int
        Jets whose numbers of constituents agree after rounding up to a multiple of
        this share a run. With 1 nothing is ever padded.
    full : bool
        Fill every run up with empty jets, so that equal lengths mean equal shapes.

    Raises
    ------
    UserError
        A number below 1.

    Examples
    --------
    >>> import numpy as np
    >>> runs = EQUAL_LENGTHS.runs(np.array([3, 2, 3]), bytes_per_constituent=1)
    >>> [(run.jets.tolist(), run.length) for run in runs]
    [([1], 2), ([0, 2], 3)]
    """

    most_rows: int
    activation_bytes: int
    length_step: int
    full: bool

    def __post_init__(self) -> None:
        """Refuse what would never score a jet."""
        for name in ("most_rows", "activation_bytes", "length_step"):
            if getattr(self, name) < 1:
                message = f"BatchPolicy: {name} must be >= 1, got {getattr(self, name)}"
                raise UserError(message)

    def runs(
        self, counts: NDArray[np.integer], *, bytes_per_constituent: int
    ) -> Iterator[Run]:
        """Put jets together, by length and then in their order.

        Parameters
        ----------
        counts : int, shape (jets,)
            Constituents of each jet; jets without any are in no run.
        bytes_per_constituent : int
            What a constituent takes of the widest array inside the network.

        Yields
        ------
        Run
        """
        lengths = -(-counts // self.length_step) * self.length_step
        order = np.argsort(lengths, kind="stable")
        order = order[np.count_nonzero(lengths == 0) :]
        found, first = np.unique(lengths[order], return_index=True)
        ends = np.append(first, len(order))[1:]
        for length, begin, end in zip(found, first, ends, strict=True):
            jets = order[begin:end]
            rows = self.activation_bytes // (int(length) * bytes_per_constituent)
            rows = min(max(rows, 1), self.most_rows)
            for start in range(0, len(jets), rows):
                some = jets[start : start + rows]
                yield Run(some, int(length), rows if self.full else len(some))


#: For processors. The activations of a run stay in the second level of cache: larger
#: runs wait for memory, and smaller ones for the runtime's work between operators
#: (`bench/bench_deploy.py`).
EQUAL_LENGTHS = BatchPolicy(
    most_rows=64, activation_bytes=1 << 19, length_step=1, full=False
)
#: For accelerators, which want much work at once and few different shapes.
FULL_BUCKETS = BatchPolicy(
    most_rows=256, activation_bytes=1 << 30, length_step=8, full=True
)
