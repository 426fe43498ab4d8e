"""Lund trees of many jets without padding: nodes, who is next to whom, batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import awkward as ak
import numpy as np
import torch

from oddjet.learn.models.packed_jets import Edges
from oddjet.runs.errors import UserError
from oddjet.substructure import lund_tree

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from oddjet.learn.models.lund_config import LundTreeConfig

__all__ = ["LundBatch", "LundTrees"]

#: A node has a mother and two daughters at most.
_MAX_NEIGHBOURS = 3


@dataclass(frozen=True)
class LundBatch:
    """Trees as a network reads them.

    Attributes
    ----------
    values : float32 Tensor, shape (nodes, variables)
    edges : Edges
        Of each node to its mother and daughters.
    counts : int64 Tensor, shape (jets,)
        Nodes of each jet, at least one.
    """

    values: Tensor
    edges: Edges
    counts: Tensor

    def mean(self, nodes: Tensor) -> Tensor:
        """Average over the nodes of each jet: (nodes, c) -> (jets, c)."""
        total = torch.segment_reduce(nodes, "sum", lengths=self.counts, unsafe=True)
        return total / self.counts[:, None]


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
        cls, jets: ak.Array, config: LundTreeConfig, threads: int | None = None
    ) -> LundTrees:
        """Build the trees of jets.

        A jet without a node gets one of zeros, as in LundNet: it can be scored.

        Parameters
        ----------
        jets : awkward array, a list of jets
            With `constituents`, as `oddjet.cluster` returns them.
        config : LundTreeConfig
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
            plane=config.plane,
            kt_min_gev=config.kt_min_gev,
            psi=config.psi,
            below_kt=config.below_kt,
            leaves=config.leaves,
            logarithms=config.logarithms,
            empty="zeros",
            threads=threads,
        )
        counts = ak.num(trees.psi, axis=1).to_numpy().astype(np.int64)
        nodes = ak.flatten(trees, axis=1)
        columns = [nodes[name].to_numpy() for name in config.names]
        neighbours = ak.to_numpy(nodes.neighbours).reshape(-1, _MAX_NEIGHBOURS)
        return cls(
            np.stack(columns, axis=1).astype(np.float32),
            np.asarray(neighbours, np.int64),
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

    def batch(self) -> LundBatch:
        """Give all trees as tensors."""
        counts = np.diff(self.offsets)
        first = np.repeat(self.offsets[:-1] - self.offsets[0], counts)
        exists = self.neighbours >= 0
        packed = (self.neighbours + first[:, None])[exists]
        slots = np.flatnonzero(exists.ravel())
        edges = Edges(
            neighbours=torch.from_numpy(packed),
            slots=torch.from_numpy(slots),
            counts=torch.from_numpy(exists.sum(axis=1)),
            k=_MAX_NEIGHBOURS,
        )
        return LundBatch(torch.from_numpy(self.values), edges, torch.from_numpy(counts))
