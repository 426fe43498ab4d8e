"""Which matrix products of a graph have edges as rows: nearly all of its time."""

from __future__ import annotations

from typing import Any

__all__ = ["ACTIVATIONS", "message_layers"]

ACTIVATIONS = {"Relu", "LeakyRelu"}


def message_layers(graph: Any) -> list[str]:
    """Name the products, in the order of the graph.

    Parameters
    ----------
    graph : onnx.GraphProto
        As `edge_conv_graph` builds it.

    Returns
    -------
    list of str
        Names of Gemm nodes; none for a network without messages.
    """
    makers = {output: node for node in graph.node for output in node.output}

    def maker(node: Any) -> Any:
        return makers.get(node.input[0])

    names = []
    for node in graph.node:
        start = maker(node) if node.op_type == "Gemm" else None
        while start is not None and start.op_type in {*ACTIVATIONS, "Gemm"}:
            start = maker(start)
        # The first layer's messages are made row by row, activated and flattened.
        if start is not None and start.op_type == "Reshape":
            activation = maker(start)
            if activation is not None and activation.op_type in ACTIVATIONS:
                names.append(str(node.name))
    return names
