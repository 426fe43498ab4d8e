"""Slots of padded jets as nodes of an ONNX graph, the empty ones taking part.

The layout of `oddjet.learn.models.padded_jets`; see there for the definition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.deploy.particle_rows import FLOAT, Edges, ParticleRows

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
        return cls(graph, k, features, real, graph.float(slots), events, n)

    def edges(self, points: str, *, exact: bool) -> Edges:
        """Connect each slot to its k nearest; of k + 1 the first is left out."""
        add, integers = self.graph.add, self.graph.integers
        empty = add("Sub", self.graph.float(1), self.real)
        shift = add("Mul", empty, self.graph.float(SHIFT))
        points = add("Add", points, add("Unsqueeze", shift, integers(2)))
        squared = self._by_differences(points) if exact else self._by_products(points)
        squared = add("Where", self._at_one_point(empty), self.graph.float(0), squared)
        _, indices = self.graph.add_many(
            "TopK", squared, integers(self.k + 1), outputs=2, axis=2, largest=0,
            sorted=1,
        )  # fmt: skip
        neighbours = add(
            "Slice", indices, integers(1), integers(self.k + 1), integers(2)
        )
        first_rows = add("Mul", self._range(self.events), self.n)
        first_rows = add("Unsqueeze", first_rows, integers(1, 2))
        rows = add("Reshape", add("Add", neighbours, first_rows), integers(-1))
        share = self.graph.constant(np.full((1, self.k), 1 / self.k, np.float32))
        size = add("Concat", add("Mul", self.events, self.n), integers(1), axis=0)
        return Edges(rows, add("Expand", share, size))

    def _at_one_point(self, empty: str) -> str:
        """(events, n, n): True for a slot and itself, and for two empty slots."""
        add, integers = self.graph.add, self.graph.integers
        positions = self._range(self.n)
        row, column = (add("Unsqueeze", positions, integers(axis)) for axis in (1, 0))
        is_empty = add("Greater", empty, self.graph.float(0.5))
        both = add(
            "And",
            add("Unsqueeze", is_empty, integers(2)),
            add("Unsqueeze", is_empty, integers(1)),
        )
        return add("Or", add("Equal", row, column), both)

    def _by_products(self, points: str) -> str:
        """|a|^2 + |b|^2 - 2 a b about the mean of the jet's particles, at least 0."""
        add, integers = self.graph.add, self.graph.integers
        real = add("Unsqueeze", self.real, integers(2))
        total = add("ReduceSum", add("Mul", points, real), integers(1), keepdims=1)
        count = add("ReduceSum", self.real, integers(1), keepdims=1)
        count = add("Max", count, self.graph.float(1))
        mean = add("Div", total, add("Unsqueeze", count, integers(1)))
        centred = add("Sub", points, mean)
        norm = add("ReduceSum", add("Mul", centred, centred), integers(2), keepdims=1)
        both = add("Add", norm, add("Transpose", norm, perm=[0, 2, 1]))
        turned = add("Transpose", centred, perm=[0, 2, 1])
        scaled = add("Mul", centred, self.graph.float(-2))
        squared = add("Add", both, add("MatMul", scaled, turned))
        return add("Max", squared, self.graph.float(0))
