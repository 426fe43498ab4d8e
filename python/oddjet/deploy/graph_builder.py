"""Write an ONNX graph as if it were arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.runs.errors import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["GraphBuilder"]


class GraphBuilder:
    """Collects nodes and constants; names follow from the order of the calls.

    So the same calls give the same bytes. Values are passed around by name, and
    whoever asks for the same node or constant twice gets the one that is there.
    """

    def __init__(self) -> None:
        self._helper = require("onnx.helper", extra="onnx")
        self._from_array = require("onnx.numpy_helper", extra="onnx").from_array
        self._nodes: list[Any] = []
        self._outputs: dict[str, list[str]] = {}
        self._constants: dict[tuple[str, tuple[int, ...], bytes], Any] = {}
        self._description: str | None = None

    def constant(self, value: NDArray[Any]) -> str:
        """Add a constant, once however often it is asked for; its type is kept."""
        array = np.asarray(value, order="C")
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            name = f"constant_{len(self._constants)}"
            self._constants[key] = self._from_array(array, name)
        return str(self._constants[key].name)

    def integers(self, *values: int) -> str:
        """Add a constant list of int64, as shapes and axes are."""
        return self.constant(np.array(values, np.int64))

    def float(self, value: float) -> str:
        """Add a constant float32 scalar."""
        return self.constant(np.array(value, np.float32))

    def tensor(self, value: NDArray[Any]) -> Any:
        """Make a TensorProto, as attributes such as a fill value are."""
        return self._from_array(np.asarray(value))

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output and return the name of that output."""
        return self.add_many(operator, *inputs, outputs=1, **attributes)[0]

    def add_many(
        self, operator: str, *inputs: str, outputs: int, **attributes: Any
    ) -> list[str]:
        """Add a node with several outputs and return their names."""
        asked = repr((operator, inputs, outputs, attributes))
        if asked not in self._outputs:
            stem = f"{operator.lower()}_{len(self._nodes)}"
            names = [f"{stem}_{i}" for i in range(outputs)] if outputs > 1 else [stem]
            self._nodes.append(
                self._helper.make_node(operator, inputs, names, stem, **attributes)
            )
            self._outputs[asked] = names
        return self._outputs[asked]

    def name_output(self, value: str, name: str) -> None:
        """Give a value the name under which the graph returns it."""
        self._nodes.append(self._helper.make_node("Identity", [value], [name], name))

    def describe(self, text: str) -> None:
        """Say in the graph what it computes, for who reads no nodes."""
        self._description = text

    def build(self, name: str, inputs: Sequence[Any], outputs: Sequence[Any]) -> Any:
        """Make the GraphProto; inputs and outputs are ValueInfoProtos."""
        constants = list(self._constants.values())
        return self._helper.make_graph(
            self._nodes, name, inputs, outputs, constants, self._description
        )
