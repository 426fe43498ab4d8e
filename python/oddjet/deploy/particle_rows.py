"""Particles of padded jets as nodes of an ONNX graph: rows, neighbours, means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oddjet.deploy.graph_builder import GraphBuilder

__all__ = ["Edges", "ParticleRows"]

FLOAT = 1  # TensorProto.DataType


@dataclass(frozen=True)
class Edges:
    """Neighbours in the graph.

    Attributes
    ----------
    rows : str
        Row of the neighbour in each slot, (rows * k,).
    share : str
        Share of each slot in the mean over neighbours, (rows, k): 1 over their
        number, and 0 for a slot without a neighbour.
    """

    rows: str
    share: str


@dataclass(frozen=True)
class ParticleRows:
    """A padded batch whose particles are rows: row = event * n + position.

    All attributes but the first two name values of the graph.

    Attributes
    ----------
    graph : GraphBuilder
    k : int
        Neighbours per particle; short inputs are padded to n = k.
    features : str
        (events, n, features), zero where padded.
    real : str
        (events, n), 1 for a particle and 0 for padding.
    count : str
        (events, 1), number of particles, at least 1.
    events, n : str
        (1,) each, the sizes.
    """

    graph: GraphBuilder
    k: int
    features: str
    real: str
    count: str
    events: str
    n: str

    @classmethod
    def of_inputs(cls, graph: GraphBuilder, k: int) -> ParticleRows:
        """Take the graph's inputs `features` and `mask`."""
        add, integers = graph.add, graph.integers
        size = add("Shape", "mask")
        events = add("Slice", size, integers(0), integers(1))
        given = add("Slice", size, integers(1), integers(2))
        n = add("Max", given, integers(k))
        missing = add("Sub", n, given)
        real = add("Cast", "mask", to=FLOAT)
        real = add("Pad", real, add("Concat", integers(0, 0, 0), missing, axis=0))
        # Whatever stands in the padding must not meet arithmetic: NaN * 0 is NaN.
        is_real = add("Unsqueeze", "mask", integers(2))
        features = add("Where", is_real, "features", graph.float(0))
        pads = add("Concat", integers(0, 0, 0, 0), missing, integers(0), axis=0)
        features = add("Pad", features, pads)
        total = add("ReduceSum", real, integers(1), keepdims=1)
        count = add("Max", total, graph.float(1))
        return cls(graph, k, features, real, count, events, n)

    def columns(self, chosen: Sequence[int]) -> str:
        """Take columns of the features: (events, n, chosen)."""
        indices = self.graph.integers(*chosen)
        return self.graph.add("Gather", self.features, indices, axis=2)

    def as_rows(self, value: str, width: int) -> str:
        """Reshape (events, n, width) to (rows, width), also when there are none."""
        rows = self.graph.add("Mul", self.events, self.n)
        return self._reshape(value, rows, width)

    def as_jets(self, rows: str, width: int) -> str:
        """Reshape (rows, width) to (events, n, width), also when there are none."""
        return self._reshape(rows, self.events, self.n, width)

    def mean(self, rows: str, width: int) -> str:
        """Average over each jet's particles: (rows, width) -> (events, width)."""
        add, integers = self.graph.add, self.graph.integers
        # Rows of padding hold finite numbers that mean nothing: a product drops them.
        weights = add("Unsqueeze", self.real, integers(1))
        total = add("MatMul", weights, self.as_jets(rows, width))
        return add("Div", add("Squeeze", total, integers(1)), self.count)

    def edges(self, points: str, *, exact: bool) -> Edges:
        """Connect each particle to its k nearest of the same jet.

        Neither a particle itself nor padding is a neighbour; TopK gives equal
        distances to the lower index. `points` is (events, n, dimensions); `exact`
        and the arithmetic are those of `oddjet.learn.models.packed_jets`.
        """
        add, integers = self.graph.add, self.graph.integers
        squared = self._by_differences(points) if exact else self._by_products(points)
        infinity = self.graph.float(np.inf)
        allowed = add("Where", self._forbidden(), infinity, squared)
        distances, indices = self.graph.add_many(
            "TopK", allowed, integers(self.k), outputs=2, axis=2, largest=0, sorted=1
        )
        valid = add("Cast", add("Less", distances, infinity), to=FLOAT)
        number = add("ReduceSum", valid, integers(2), keepdims=1)
        share = add("Div", valid, add("Max", number, self.graph.float(1)))
        first_rows = add("Mul", self._range(self.events), self.n)
        first_rows = add("Unsqueeze", first_rows, integers(1, 2))
        rows = add("Reshape", add("Add", indices, first_rows), integers(-1))
        return Edges(rows, self.as_rows(share, self.k))

    def _forbidden(self) -> str:
        """(events, n, n): True where the second is the first, or padding."""
        add, integers = self.graph.add, self.graph.integers
        positions = self._range(self.n)
        row, column = (add("Unsqueeze", positions, integers(axis)) for axis in (1, 0))
        padding = add("Equal", self.real, self.graph.float(0))
        return add(
            "Or", add("Equal", row, column), add("Unsqueeze", padding, integers(1))
        )

    def _by_differences(self, points: str) -> str:
        add, integers = self.graph.add, self.graph.integers
        squares = []
        for column in range(2):
            index = self.graph.constant(np.array(column))
            coordinate = add("Gather", points, index, axis=2)
            row, other = (
                add("Unsqueeze", coordinate, integers(axis)) for axis in (2, 1)
            )
            difference = add("Sub", row, other)
            squares.append(add("Mul", difference, difference))
        return add("Add", *squares)

    def _by_products(self, points: str) -> str:
        """|a|^2 + |b|^2 - 2 a b about the mean of the jet's particles."""
        add, integers = self.graph.add, self.graph.integers
        real = add("Unsqueeze", self.real, integers(2))
        total = add("ReduceSum", add("Mul", points, real), integers(1), keepdims=1)
        mean = add("Div", total, add("Unsqueeze", self.count, integers(1)))
        centred = add("Mul", add("Sub", points, mean), real)
        norm = add("ReduceSum", add("Mul", centred, centred), integers(2), keepdims=1)
        both = add("Add", norm, add("Transpose", norm, perm=[0, 2, 1]))
        turned = add("Transpose", centred, perm=[0, 2, 1])
        scaled = add("Mul", centred, self.graph.float(-2))
        return add("Add", both, add("MatMul", scaled, turned))

    def _reshape(self, value: str, *shape: str | int) -> str:
        sizes = [
            size if isinstance(size, str) else self.graph.integers(size)
            for size in shape
        ]
        target = self.graph.add("Concat", *sizes, axis=0)
        # With allowzero, a size of 0 means 0, as it does for an empty batch.
        return self.graph.add("Reshape", value, target, allowzero=1)

    def _range(self, size: str) -> str:
        """0, 1, ... size - 1; Range wants scalars."""
        zero, one = (self.graph.constant(np.array(value)) for value in (0, 1))
        return self.graph.add("Range", zero, self.graph.add("Squeeze", size), one)
