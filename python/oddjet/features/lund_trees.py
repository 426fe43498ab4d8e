"""Lund trees of many jets without padding: nodes, and who is next to whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import awkward as ak
import numpy as np

from oddjet.runs.errors import UserError
from oddjet.substructure import lund_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["MAX_NEIGHBOURS", "LundTrees", "TreeChoices"]

#: A node has a mother and two daughters at most.
MAX_NEIGHBOURS = 3


class TreeChoices(Protocol):
    """What decides a tree: options of `oddjet.lund_tree`, and the columns wanted."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of a node, in order."""

    @property
    def plane(self) -> str:
        """Full tree or primary plane."""

    @property
    def kt_min_gev(self) -> float:
        """Nodes below are left out [GeV]."""

    @property
    def psi(self) -> str:
        """Definition of psi."""

    @property
    def below_kt(self) -> str:
        """Where a tree goes on below."""

    @property
    def leaves(self) -> bool:
        """Whether ends of branches are nodes."""

    @property
    def logarithms(self) -> bool:
        """Whether variables are logarithms."""


@dataclass(frozen=True)
class LundTrees:
    """The Lund trees of a sample of jets.

    Attributes
    ----------
    values : float32, shape (nodes, variables)
        Of all jets, one after the other.
    neighbours : int64, shape (nodes, 3)
        Mother, harder and softer daughter as places within the jet; -1 for none.
    offsets : int64, shape (jets + 1,)
        Where the nodes of each jet begin. Each jet has a node.

    Examples
    --------
    >>> nodes = np.zeros((3, 2), np.float32)
    >>> next_to = np.array([[-1, 1, -1], [0, -1, -1], [-1, -1, -1]])
    >>> trees = LundTrees(nodes, next_to, np.array([0, 2, 3]))
    >>> trees[np.array([1, 0])].offsets, len(trees)
    (array([0, 1, 3]), 2)
    """

    values: NDArray[np.float32]
    neighbours: NDArray[np.int64]
    offsets: NDArray[np.int64]

    @classmethod
    def of(
        cls, jets: ak.Array, choices: TreeChoices, threads: int | None = None
    ) -> LundTrees:
        """Build the trees of jets.

        A jet without a node gets one of zeros, as in LundNet: it can be scored.

        Parameters
        ----------
        jets : awkward array, a list of jets
            With `constituents`, as `oddjet.cluster` returns them.
        choices : LundTreeConfig or LundSpec
        threads : int, optional
            For the kernel; never changes the result.

        Returns
        -------
        LundTrees

        Raises
        ------
        ValueError, UserError
            As `oddjet.lund_tree`; or jets that are lists of jets.
        """
        if jets.ndim > 1:
            message = "LundTrees: jets must be a list of jets; flatten those of events"
            raise UserError(message)
        trees = lund_tree(
            jets,
            plane=choices.plane,
            kt_min_gev=choices.kt_min_gev,
            psi=choices.psi,
            below_kt=choices.below_kt,
            leaves=choices.leaves,
            logarithms=choices.logarithms,
            empty="zeros",
            threads=threads,
        )
        counts = ak.num(trees.psi, axis=1).to_numpy().astype(np.int64)
        nodes = ak.flatten(trees, axis=1)
        columns = [nodes[name].to_numpy() for name in choices.names]
        neighbours = ak.to_numpy(nodes.neighbours).reshape(-1, MAX_NEIGHBOURS)
        return cls(
            np.stack(columns, axis=1).astype(np.float32),
            np.asarray(neighbours, np.int64),
            np.concatenate([[0], np.cumsum(counts)]),
        )

    @classmethod
    def concatenate(cls, parts: Sequence[LundTrees]) -> LundTrees:
        """Put the jets of several samples one after the other."""
        counts = np.concatenate([np.diff(part.offsets) for part in parts])
        return cls(
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.neighbours for part in parts]),
            np.concatenate([[0], np.cumsum(counts)]),
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, chosen: NDArray[np.int64]) -> LundTrees:
        """Take jets by their indices, in that order."""
        counts = np.diff(self.offsets)[chosen]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        starts = np.repeat(self.offsets[:-1][chosen] - offsets[:-1], counts)
        rows = np.arange(offsets[-1]) + starts
        return LundTrees(self.values[rows], self.neighbours[rows], offsets)

    def moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of each variable over nodes; 1 for a constant."""
        values = self.values.astype(np.float64)
        scale = values.std(axis=0)
        return values.mean(axis=0), np.where(scale > 0, scale, 1.0)
