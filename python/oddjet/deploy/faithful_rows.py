"""Slots of padded jets as nodes of an ONNX graph, the empty ones taking part.

The layout of `oddjet.learn.models.padded_jets`; see there for the definition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from oddjet.deploy.particle_rows import FLOAT, ParticleRows

if TYPE_CHECKING:
    from oddjet.deploy.graph_builder import GraphBuilder

__all__ = ["FaithfulRows"]

SHIFT = 999.0


@dataclass(frozen=True)
class FaithfulRows(ParticleRows):
    """A batch padded to a fixed number of slots: row = event * slots + position.

    Attributes are those of `ParticleRows`; `n` is the number of slots.
    """

    @classmethod
    def of_slots(cls, graph: GraphBuilder, k: int, slots: int) -> FaithfulRows:
        """Take the graph's inputs `features` and `mask`, of at most `slots` each."""
        add, integers = graph.add, graph.integers
        size = add("Shape", "mask")
        events = add("Slice", size, integers(0), integers(1))
        given = add("Slice", size, integers(1), integers(2))
        n = integers(slots)
        missing = add("Sub", n, given)
        real = add("Cast", "mask", to=FLOAT)
        real = add("Pad", real, add("Concat", integers(0, 0, 0), missing, axis=0))
        is_real = add("Unsqueeze", "mask", integers(2))
        features = add("Where", is_real, "features", graph.float(0))
        pads = add("Concat", integers(0, 0, 0, 0), missing, integers(0), axis=0)
        features = add("Pad", features, pads)
        return cls(graph, features, real, graph.float(slots), events, n, integers(k))

    def mean_over_neighbours(self, messages: str, width: int) -> str:
        """Average (rows * k, width) over all k neighbours, empty ones too."""
        by_slot = self._reshape(messages, self.rows, self.k, width)
        return self.graph.add("ReduceMean", by_slot, axes=[1], keepdims=0)

    def neighbours_in_plane(self, points: str) -> str:
        """Find the k nearest slots in two dimensions: (rows, k)."""
        return self._nearest(self._squared_distances(self._shifted(points)))

    def neighbours_in_space(self, points: str, mean: str) -> str:
        """Find the k nearest slots in many dimensions: (rows, k)."""
        return self._nearest(self._by_products(self._shifted(points), mean))

    def _shifted(self, points: str) -> str:
        """Put empty slots far from all others."""
        add, integers = self.graph.add, self.graph.integers
        shift = add("Mul", self._empty(), self.graph.float(SHIFT))
        return add("Add", points, add("Unsqueeze", shift, integers(2)))

    def _empty(self) -> str:
        return self.graph.add("Sub", self.graph.float(1), self.real)

    def _nearest(self, squared: str) -> str:
        """Of the k + 1 nearest the first is left out, as if it were the slot itself."""
        add, integers = self.graph.add, self.graph.integers
        squared = add("Where", self._at_one_point(), self.graph.float(0), squared)
        number = add("Add", self.k, integers(1))
        _, indices = self.graph.add_many(
            "TopK", squared, number, outputs=2, axis=2, largest=0, sorted=1
        )
        others = add("Slice", indices, integers(1), number, integers(2))
        return self._rows_of(others)

    def _at_one_point(self) -> str:
        """(events, n, n): True for a slot and itself, and for two empty slots."""
        add, integers = self.graph.add, self.graph.integers
        positions = self._range(self.n)
        row, column = (add("Unsqueeze", positions, integers(axis)) for axis in (1, 0))
        is_empty = add("Greater", self._empty(), self.graph.float(0.5))
        both = add(
            "And",
            add("Unsqueeze", is_empty, integers(2)),
            add("Unsqueeze", is_empty, integers(1)),
        )
        return add("Or", add("Equal", row, column), both)

    def _by_products(self, points: str, mean: str) -> str:
        """|a|^2 + |b|^2 - 2 a b about the mean of the jet, at least 0."""
        add, integers = self.graph.add, self.graph.integers
        centred = add("Sub", points, mean)
        norm = add("ReduceSum", add("Mul", centred, centred), integers(2), keepdims=1)
        both = add("Add", norm, add("Transpose", norm, perm=[0, 2, 1]))
        turned = add("Transpose", centred, perm=[0, 2, 1])
        scaled = add("Mul", centred, self.graph.float(-2))
        squared = add("Add", both, add("MatMul", scaled, turned))
        return add("Max", squared, self.graph.float(0))
