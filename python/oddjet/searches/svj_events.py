"""The selected events of all processes as one table, split into three parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["PARTS", "PLANES", "SvjEvents", "part_of"]

#: What an event is for: the index in `SvjEvents.part`.
PARTS = ("train", "scan", "test")
PLANES = ("SP", "VP")
_PART_SALT = np.uint64(0x6F64646A65740006)


def part_of(
    source: NDArray[np.uint64], *, train: float, scan: float
) -> NDArray[np.int8]:
    """Assign events to `PARTS` by a hash of their source, so that copies stay together.

    Parameters
    ----------
    source : uint64, shape (events,)
        As in `EventTable`: a hash already, which this mixes once more.
    train, scan : float
        Shares.

    Returns
    -------
    int8, shape (events,)
    """
    mixed = (source ^ _PART_SALT) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    uniform = (mixed >> np.uint64(11)) * 2.0**-53
    part: NDArray[np.int8] = np.digitize(uniform, [train, train + scan]).astype(np.int8)
    return part


@dataclass(frozen=True)
class SvjEvents:
    """Events with what the networks see of them.

    Attributes
    ----------
    names : tuple of str
        Processes: backgrounds, then points of the signal.
    num_backgrounds : int
        How many of them are background.
    process : int16, shape (events,)
        Index in `names`.
    weight : float64, shape (events,)
        Expected events; of data 1.
    features : float32, shape (events, features)
    mass, delta_eta : float64, shape (events,)
        M_T [GeV] and the distance of the jets.
    in_signal_plane : bool, shape (events,)
    part : int8, shape (events,)
        Index in `PARTS`.
    source : uint64, shape (events,)
        Equal for copies of an event.
    """

    names: tuple[str, ...]
    num_backgrounds: int
    process: NDArray[np.int16]
    weight: NDArray[np.float64]
    features: NDArray[np.float32]
    mass: NDArray[np.float64]
    delta_eta: NDArray[np.float64]
    in_signal_plane: NDArray[np.bool_]
    part: NDArray[np.int8]
    source: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.weight)

    @property
    def is_signal(self) -> NDArray[np.bool_]:
        """Whether each event is of a signal."""
        signal: NDArray[np.bool_] = self.process >= self.num_backgrounds
        return signal

    @property
    def backgrounds(self) -> tuple[str, ...]:
        """Names of the backgrounds."""
        return self.names[: self.num_backgrounds]

    @property
    def signals(self) -> tuple[str, ...]:
        """Names of the points of the signal."""
        return self.names[self.num_backgrounds :]

    def of(self, name: str) -> NDArray[np.bool_]:
        """Choose the events of a process."""
        chosen: NDArray[np.bool_] = self.process == self.names.index(name)
        return chosen

    def whole_weight(self, part: str) -> NDArray[np.float64]:
        """Weights of a part such that it stands for all events of each process.

        Parameters
        ----------
        part : str
            Of `PARTS`.

        Returns
        -------
        float64, shape (events,)
            Zero outside the part.

        Raises
        ------
        UserError
            A background whose weights do not sum to more than zero in the part or in
            total, although it has events.
        """
        inside = self.part == PARTS.index(part)
        weight = np.zeros(len(self))
        for i, name in enumerate(self.names):
            own = self.process == i
            total, here = self.weight[own].sum(), self.weight[own & inside].sum()
            if not own.any() or (i >= self.num_backgrounds and not here > 0):
                continue
            if not (total > 0 and here > 0):
                message = (
                    f"the weights of {name} sum to {here:g} in the part of the events"
                    f" to {part} and to {total:g} in all: give more events, or"
                    " another split"
                )
                raise UserError(message)
            weight[own & inside] = self.weight[own & inside] * (total / here)
        return weight

    def write(self, path: Path) -> None:
        """Write one file of arrays."""
        columns = {k: v for k, v in vars(self).items() if k != "names"}
        np.savez(path, allow_pickle=False, names=np.array(self.names), **columns)

    @classmethod
    def read(cls, path: Path) -> SvjEvents:
        """Read what `write` wrote."""
        with np.load(path) as stored:
            columns = {name: stored[name] for name in stored.files}
        names: Sequence[str] = columns.pop("names").tolist()
        number = int(columns.pop("num_backgrounds"))
        return cls(tuple(names), number, **columns)
