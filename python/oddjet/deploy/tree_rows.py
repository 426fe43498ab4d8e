"""Trees of all jets as nodes of an ONNX graph: rows, edges and sums over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from oddjet.deploy.graph_builder import GraphBuilder

__all__ = ["TreeRows"]

FLOAT, INT64 = 1, 7  # TensorProto.DataType


@dataclass(frozen=True)
class TreeRows:
    """The nodes of all jets as rows of one matrix, and the edges between them.

    Sums are taken node by node and jet by jet in a fixed order, so that no bit of a
    jet depends on the others. Each jet has at least one node; there may be no edge.

    Attributes
    ----------
    graph : GraphBuilder
    receiver, source : str
        Rows of both ends of each edge: (edges,). The receiver listens.
    place : str
        Of each slot of a node, the edge in it; the number of edges where there is
        none: (nodes, slots).
    num_neighbours : str
        At least 1: (nodes, 1), float.
    jet : str
        Of each node: (nodes, 1).
    num_nodes : str
        Of each jet: (jets, 1), float.
    num_jets : str
        One integer.
    """

    graph: GraphBuilder
    receiver: str
    source: str
    place: str
    num_neighbours: str
    jet: str
    num_nodes: str
    num_jets: str

    @classmethod
    def of_inputs(cls, graph: GraphBuilder, slots: int) -> TreeRows:
        """Take the graph's inputs `neighbours` (nodes, slots) and `offsets`."""
        add, integers = graph.add, graph.integers
        first, last = integers(0), integers(np.iinfo(np.int64).max)
        begins = add("Slice", "offsets", first, integers(-1))
        ends = add("Slice", "offsets", integers(1), last)
        nodes = add("Slice", add("Shape", "neighbours"), first, integers(1))
        axis = graph.constant(np.array(0))
        jet = _jet_of_nodes(graph, begins, nodes, axis)
        begin = add("Unsqueeze", add("Gather", begins, jet, axis=0), integers(1))
        exists = add("GreaterOrEqual", "neighbours", integers(0))
        flat = add("Reshape", exists, integers(-1))
        edges = add("Squeeze", add("NonZero", flat), integers(0))
        rows = add("Reshape", add("Add", "neighbours", begin), integers(-1))
        counted = add("CumSum", add("Cast", flat, to=INT64), axis)
        place = add(
            "Where", flat, add("Sub", counted, integers(1)), add("Shape", edges)
        )
        number = add(
            "ReduceSum", add("Cast", exists, to=FLOAT), integers(1), keepdims=1
        )
        sizes = add("Unsqueeze", add("Sub", ends, begins), integers(1))
        return cls(
            graph,
            receiver=add("Div", edges, integers(slots)),
            source=add("Gather", rows, edges, axis=0),
            place=add("Reshape", place, integers(-1, slots)),
            num_neighbours=add("Max", number, graph.float(1)),
            jet=add("Unsqueeze", jet, integers(1)),
            num_nodes=add("Cast", sizes, to=FLOAT),
            num_jets=add("Shape", begins),
        )

    def gather(self, at_receiver: str, at_source: str) -> str:
        """Add the terms of both ends of each edge: (nodes, c) -> (edges, c)."""
        add = self.graph.add
        return add(
            "Add",
            add("Gather", at_receiver, self.receiver, axis=0),
            add("Gather", at_source, self.source, axis=0),
        )

    def mean_over_neighbours(self, messages: str, width: int) -> str:
        """Average over each node's edges: (edges, c) -> (nodes, c); zero for none."""
        add = self.graph.add
        nothing = self.graph.constant(np.zeros((1, width), np.float32))
        with_nothing = add("Concat", messages, nothing, axis=0)
        by_slot = add("Gather", with_nothing, self.place, axis=0)
        total = add("ReduceSum", by_slot, self.graph.integers(1), keepdims=0)
        return add("Div", total, self.num_neighbours)

    def mean_over_nodes(self, values: str, width: int) -> str:
        """Average over each jet: (nodes, c) -> (jets, c)."""
        add = self.graph.add
        shape = add("Concat", self.num_jets, self.graph.integers(width), axis=0)
        nothing = add(
            "ConstantOfShape", shape, value=self.graph.tensor(np.zeros(1, np.float32))
        )
        total = add("ScatterND", nothing, self.jet, values, reduction="add")
        return add("Div", total, self.num_nodes)


def _jet_of_nodes(graph: GraphBuilder, begins: str, nodes: str, axis: str) -> str:
    """Give the number of the jet of each node: jets that begin up to it, less 1."""
    add = graph.add
    ones = graph.tensor(np.ones(1, np.int64))
    marks = add(
        "ScatterElements",
        add("ConstantOfShape", nodes, value=graph.tensor(np.zeros(1, np.int64))),
        begins,
        add("ConstantOfShape", add("Shape", begins), value=ones),
        axis=0,
    )
    return add("Sub", add("CumSum", marks, axis), graph.integers(1))
