"""The fat jets of selected events as Lund trees, for a study of LundNet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import awkward as ak
import numpy as np

from oddjet.features import LundTrees

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.events import Events
    from oddjet.features.lund_trees import TreeChoices
    from oddjet.select.svj import SvjSelection

__all__ = ["LundJets"]

#: Jets of an event.
PER_EVENT = 2
_IDS = ("file", "entry", "run", "lumi", "event")


@dataclass(frozen=True)
class LundJets:
    """Two jets of each selected event: J0, J1, J0, J1, ...

    Attributes
    ----------
    trees : LundTrees
    weight : float64, shape (jets,)
        Of the event.
    in_signal_plane : bool, shape (jets,)
    ids : dict of int64 or uint64 arrays, shape (jets,)
        Source of the event: file, entry and, where known, run, lumi, event.
    """

    trees: LundTrees
    weight: NDArray[np.float64]
    in_signal_plane: NDArray[np.bool_]
    ids: dict[str, NDArray[np.integer]]

    def __len__(self) -> int:
        return len(self.weight)

    @classmethod
    def of(
        cls, events: Events, selection: SvjSelection, choices: TreeChoices
    ) -> LundJets:
        """Build the trees of the jets that a selection has found."""
        chosen = events[selection.mask]
        ids = {
            name: np.repeat(np.asarray(chosen.id[name]), PER_EVENT)
            for name in _IDS
            if name in chosen.id.fields
        }
        return cls(
            LundTrees.of(ak.flatten(selection.fat_jets, axis=1), choices),
            np.repeat(np.asarray(chosen.weight, np.float64), PER_EVENT),
            np.repeat(selection.in_signal_plane, PER_EVENT),
            ids,
        )

    @classmethod
    def concatenate(cls, parts: Sequence[LundJets]) -> LundJets:
        """Put jets one after the other; ids that not all have are left out."""
        names = [name for name in _IDS if all(name in part.ids for part in parts)]
        return cls(
            LundTrees.concatenate([part.trees for part in parts]),
            np.concatenate([part.weight for part in parts]),
            np.concatenate([part.in_signal_plane for part in parts]),
            {
                name: np.concatenate([part.ids[name] for part in parts])
                for name in names
            },
        )

    def write(self, path: Path) -> None:
        """Write one file of arrays."""
        np.savez(
            path,
            allow_pickle=False,
            values=self.trees.values,
            neighbours=self.trees.neighbours,
            offsets=self.trees.offsets,
            weight=self.weight,
            in_signal_plane=self.in_signal_plane,
            **{f"id_{name}": column for name, column in self.ids.items()},
        )

    @classmethod
    def read(cls, path: Path) -> LundJets:
        """Read what `write` wrote."""
        with np.load(path) as columns:
            trees = (columns[name] for name in ("values", "neighbours", "offsets"))
            return cls(
                LundTrees(*trees),
                columns["weight"],
                columns["in_signal_plane"],
                {n: columns[f"id_{n}"] for n in _IDS if f"id_{n}" in columns},
            )
