"""Particles of padded jets as nodes of an ONNX graph: rows, neighbours, means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oddjet.deploy.graph_builder import GraphBuilder

__all__ = ["ParticleRows"]

FLOAT, BOOL = 1, 9  # TensorProto.DataType


@dataclass(frozen=True)
class ParticleRows:
    """A padded batch whose particles are rows: row = event * n + position.

    All attributes but the first name values of the graph.

    Attributes
    ----------
    graph : GraphBuilder
    features : str
        (events, n, features), zero where padded; n is at least 1.
    real : str
        (events, n), 1 for a particle and 0 for padding.
    count : str
        (events, 1), number of particles, at least 1.
    events, n, k : str
        (1,) each: the sizes, and the neighbours of a particle. A jet of n slots has
        no more than n - 1 neighbours to offer, so that short jets pay for no more.
    """

    graph: GraphBuilder
    features: str
    real: str
    count: str
    events: str
    n: str
    k: str

    @classmethod
    def of_inputs(cls, graph: GraphBuilder, most_neighbours: int) -> ParticleRows:
        """Take the graph's inputs `features` and `mask`."""
        add, integers = graph.add, graph.integers
        size = add("Shape", "mask")
        events = add("Slice", size, integers(0), integers(1))
        given = add("Slice", size, integers(1), integers(2))
        n = add("Max", given, integers(1))
        others = add("Max", add("Sub", n, integers(1)), integers(1))
        k = add("Min", others, integers(most_neighbours))
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
        return cls(graph, features, real, count, events, n, k)

    @property
    def rows(self) -> str:
        """The number of rows, (1,)."""
        return self.graph.add("Mul", self.events, self.n)

    def columns(self, chosen: Sequence[int]) -> str:
        """Take columns of the features: (events, n, chosen)."""
        indices = self.graph.integers(*chosen)
        return self.graph.add("Gather", self.features, indices, axis=2)

    def as_rows(self, value: str, width: int) -> str:
        """Reshape (events, n, width) to (rows, width), also when there are none."""
        return self._reshape(value, self.rows, width)

    def as_jets(self, rows: str, width: int) -> str:
        """Reshape (rows, width) to (events, n, width), also when there are none."""
        return self._reshape(rows, self.events, self.n, width)

    def mean(self, jets: str) -> str:
        """Average over each jet's particles: (events, n, width) -> (events, 1, width).

        Rows of padding hold finite numbers that mean nothing: a product drops them.
        """
        add, integers = self.graph.add, self.graph.integers
        weights = add("Unsqueeze", add("Div", self.real, self.count), integers(1))
        return add("MatMul", weights, jets)

    def gather(self, rows: str, neighbours: str) -> str:
        """Take rows at neighbours: (rows, width) -> (rows, k, width)."""
        return self.graph.add("Gather", rows, neighbours, axis=0)

    def mean_over_neighbours(self, messages: str, width: int) -> str:
        """Average (rows * k, width) over the neighbours that exist: (rows, width).

        A particle of a jet of m has min(k, m - 1); they come first, nearest first, so
        all the particles of a jet share their weights. Zero for m = 1.
        """
        add, integers = self.graph.add, self.graph.integers
        by_slot = self._reshape(messages, self.rows, self.k, width)
        mean = add("MatMul", self._shares(), by_slot)
        return add("Squeeze", mean, integers(1))

    def _shares(self) -> str:
        """(rows, 1, k): what each slot weighs in the mean over neighbours."""
        add, integers = self.graph.add, self.graph.integers
        slots = add("Cast", self._range(self.k), to=FLOAT)
        others = add("Sub", self.count, self.graph.float(1))
        taken = add("Cast", add("Less", slots, others), to=FLOAT)
        number = add("Min", others, add("Cast", self.k, to=FLOAT))
        shares = add("Div", taken, add("Max", number, self.graph.float(1)))
        one = integers(1)
        each = add("Concat", one, self.n, one, axis=0)
        expanded = add("Expand", add("Unsqueeze", shares, one), each)
        return self._reshape(expanded, self.rows, 1, self.k)

    def neighbours_in_plane(self, points: str) -> str:
        """Find the k nearest of the same jet in two dimensions: (rows, k).

        Neither a particle itself nor padding is a neighbour, but in slots beyond
        those that exist; TopK gives equal distances to the lower index. Differences
        are squared and summed, as in `oddjet.learn.models.packed_jets`, so that equal
        distances are equal in floating point. `points` is (events, n, 2).
        """
        add, integers = self.graph.add, self.graph.integers
        penalties = add("Unsqueeze", self._out_of_reach(), integers(1))
        distances = add("Sub", self._squared_distances(points), self._not_itself())
        return self._best(add("Sub", distances, penalties), largest=0)

    def neighbours_in_space(self, points: str, mean: str) -> str:
        """Find the k nearest of the same jet in many dimensions: (rows, k).

        By a matrix product: of all b, that with the largest a.b - b.b/2 is nearest to
        a. About the `mean` of the jet (events, 1, width), where the cancellation is
        smallest; rules as above. `points` is (events, n, width).
        """
        add, integers = self.graph.add, self.graph.integers
        centred = add("Sub", points, mean)
        squared = add("ReduceSumSquare", centred, axes=[2], keepdims=0)
        halved = add("Mul", squared, self.graph.float(-0.5))
        offset = add("Unsqueeze", add("Add", halved, self._out_of_reach()), integers(1))
        products = add("MatMul", centred, add("Transpose", centred, perm=[0, 2, 1]))
        nearness = add("Add", products, add("Add", offset, self._not_itself()))
        return self._best(nearness, largest=1)

    def _squared_distances(self, points: str) -> str:
        """By differences in two dimensions: (events, n, n)."""
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

    def _best(self, values: str, *, largest: int) -> str:
        """Rows of the k best of (events, n, n) along the last axis: (rows, k)."""
        _, indices = self.graph.add_many(
            "TopK", values, self.k, outputs=2, axis=2, largest=largest, sorted=1
        )
        return self._rows_of(indices)

    def _rows_of(self, indices: str) -> str:
        """Positions in each jet (events, n, k) as rows of the batch: (rows, k)."""
        add, integers = self.graph.add, self.graph.integers
        first_rows = add("Mul", self._range(self.events), self.n)
        first_rows = add("Unsqueeze", first_rows, integers(1, 2))
        return self._reshape(add("Add", indices, first_rows), self.rows, self.k)

    def _not_itself(self) -> str:
        """(n, n): -infinity on the diagonal, else 0."""
        add, integers = self.graph.add, self.graph.integers
        positions = self._range(self.n)
        row, column = (add("Unsqueeze", positions, integers(axis)) for axis in (1, 0))
        nowhere, here = self.graph.float(-np.inf), self.graph.float(0)
        return add("Where", add("Equal", row, column), nowhere, here)

    def _out_of_reach(self) -> str:
        """(events, n): -infinity for padding, else 0."""
        nowhere, here = self.graph.float(-np.inf), self.graph.float(0)
        is_real = self.graph.add("Cast", self.real, to=BOOL)
        return self.graph.add("Where", is_real, here, nowhere)

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
