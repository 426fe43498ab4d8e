"""Jets as Lund trees to learn from, and the batches that LundNet reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch

from oddjet.features.lund_trees import MAX_NEIGHBOURS
from oddjet.learn.batches import JetSample
from oddjet.learn.models.packed_jets import Edges
from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from oddjet.features.lund_trees import LundTrees

__all__ = ["LundBatch", "LundSample"]


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

    @classmethod
    def of(cls, trees: LundTrees) -> LundBatch:
        """Give all trees as tensors."""
        counts = np.diff(trees.offsets)
        first = np.repeat(trees.offsets[:-1] - trees.offsets[0], counts)
        exists = trees.neighbours >= 0
        packed = (trees.neighbours + first[:, None])[exists]
        slots = np.flatnonzero(exists.ravel())
        edges = Edges(
            neighbours=torch.from_numpy(packed),
            slots=torch.from_numpy(slots),
            counts=torch.from_numpy(exists.sum(axis=1)),
            k=MAX_NEIGHBOURS,
        )
        values = torch.from_numpy(trees.values)
        return cls(values, edges, torch.from_numpy(counts))

    def to(self, device: torch.device) -> LundBatch:
        """Move the trees to a device."""
        edges, counts = self.edges.to(device), self.counts.to(device)
        return LundBatch(self.values.to(device), edges, counts)

    def mean(self, nodes: Tensor) -> Tensor:
        """Average over the nodes of each jet: (nodes, c) -> (jets, c)."""
        # In float32 whatever the precision of the products: there are many nodes.
        nodes = nodes.float()
        total = torch.segment_reduce(nodes, "sum", lengths=self.counts, unsafe=True)
        return total / self.counts[:, None]


@dataclass(frozen=True)
class LundSample(JetSample):
    """Jets of known origin, to tell signal from background.

    Attributes
    ----------
    trees : LundTrees
        One a jet.
    is_signal : bool, shape (jets,)
        The label: from the process that was simulated.
    weight : float64, shape (jets,)
        Event weights, also negative ones. Jets of one event share its weight.
    """

    classes: ClassVar[tuple[str, str]] = ("signal", "background")

    trees: LundTrees
    is_signal: NDArray[np.bool_]
    weight: NDArray[np.float64]

    @property
    def label(self) -> NDArray[np.bool_]:
        """The origin."""
        return self.is_signal

    def __getitem__(
        self, chosen: NDArray[np.bool_] | NDArray[np.integer]
    ) -> LundSample:
        """Select jets by a mask or by indices."""
        rows = np.arange(len(self))[chosen]
        return LundSample(self.trees[rows], self.is_signal[rows], self.weight[rows])

    def inputs(self, chosen: NDArray[np.integer]) -> tuple[LundBatch]:
        """Give the trees of some jets, one after the other."""
        return (LundBatch.of(self.trees[np.asarray(chosen, np.int64)]),)

    def sizes(self) -> NDArray[np.integer]:
        """Count the nodes of each jet: at least one."""
        counts: NDArray[np.integer] = np.diff(self.trees.offsets)
        return counts

    def columns(self) -> tuple[NDArray[np.generic], ...]:
        """Trees, labels and weights."""
        trees = (self.trees.values, self.trees.neighbours, self.trees.offsets)
        return (*trees, self.is_signal, self.weight)

    def moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of each variable over all nodes.

        Raises
        ------
        UserError
            Fewer than two jets.
        """
        if len(self) < 2:
            message = f"training needs at least two jets, got {len(self)}"
            raise UserError(message)
        return self.trees.moments()
