"""Messages in half precision, for GPUs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.deploy.message_layers import ACTIVATIONS
from oddjet.runs.errors import require

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["half_graph"]

FLOAT, HALF = 1, 10  # TensorProto.DataType


def half_graph(model: Any, layers: Sequence[str]) -> Any:
    """Compute some matrix products of a model, and their activations, in float16.

    Who is whose neighbour, means, what is done once a particle or jet and the
    calibration stay in single precision.

    Parameters
    ----------
    model : onnx.ModelProto
    layers : sequence of str
        Names of Gemm nodes, from `message_layers`.

    Returns
    -------
    onnx.GraphProto
    """
    onnx = require("onnx", extra="onnx")
    graph = onnx.GraphProto()
    graph.CopyFrom(model.graph)
    del graph.node[:]
    graph.ClearField("doc_string")  # describes the network in full precision
    rewriting = _Rewriting(graph)
    for node in model.graph.node:
        rewriting.take(node, in_half=node.name in set(layers))
    return graph


class _Rewriting:
    """The nodes so far, and which values are in half precision."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph
        self._helper = require("onnx.helper", extra="onnx")
        self._numpy = require("onnx.numpy_helper", extra="onnx")
        self._constants = {constant.name: constant for constant in graph.initializer}
        self._halves: set[str] = set()
        self._other: dict[str, str] = {}  # the same value in the other precision

    def take(self, node: Any, *, in_half: bool) -> None:
        """Append a node; values get a cast where they change precision."""
        taken = type(node)()
        taken.CopyFrom(node)
        stays = node.op_type in ACTIVATIONS and node.input[0] in self._halves
        wanted = in_half or stays
        for place, name in enumerate(node.input):
            if wanted and name not in self._halves:
                taken.input[place] = self._half(name)
            elif not wanted and name in self._halves:
                taken.input[place] = self._cast(name, FLOAT)
        self._graph.node.append(taken)
        if wanted:
            self._halves.update(node.output)

    def _half(self, name: str) -> str:
        if name not in self._constants:
            return self._cast(name, HALF)
        if name not in self._other:
            value = self._numpy.to_array(self._constants[name]).astype(np.float16)
            self._other[name] = f"{name}_half"
            constant = self._numpy.from_array(value, self._other[name])
            self._graph.initializer.append(constant)
        return self._other[name]

    def _cast(self, name: str, kind: int) -> str:
        if name not in self._other:
            self._other[name] = f"{name}_{'half' if kind == HALF else 'float'}"
            self._graph.node.append(
                self._helper.make_node("Cast", [name], [self._other[name]], to=kind)
            )
        return self._other[name]
