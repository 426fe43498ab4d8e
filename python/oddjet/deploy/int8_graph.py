"""Messages in eight bits, for processors.

Static quantisation: the scales are fixed on a sample of the user's. With scales taken
from each batch (dynamic quantisation) an event's score would move when another event
of its batch changes.
"""

from __future__ import annotations

import logging
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oddjet.runs.errors import require

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["int8_graph"]


def int8_graph(
    model: Any,
    layers: Sequence[str],
    values: NDArray[np.float32],
    mask: NDArray[np.bool_],
) -> Any:
    """Quantise some matrix products of a model.

    Parameters
    ----------
    model : onnx.ModelProto
    layers : sequence of str
        Names of Gemm nodes, from `message_layers`.
    values : float32, shape (jets, n, features)
        Jets that fix the scales: a value beyond theirs is cut off.
    mask : bool, shape (jets, n)
        True for the first constituents of each.

    Returns
    -------
    onnx.GraphProto
        Weights in eight bits with a scale for each output, activations with one scale;
        all other nodes as they were.
    """
    quantization = require("onnxruntime.quantization", extra="onnx")
    onnx = require("onnx", extra="onnx")
    with tempfile.TemporaryDirectory() as name, _quiet():
        plain, made = Path(name) / "plain.onnx", Path(name) / "int8.onnx"
        plain.write_bytes(model.SerializeToString())
        quantization.quantize_static(
            plain,
            made,
            _reader(values, mask),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=["Gemm"],
            nodes_to_quantize=list(layers),
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )
        graph = onnx.load(made).graph
    graph.ClearField("doc_string")  # describes the network in full precision
    return _in_one_form(graph)


def _reader(values: NDArray[np.float32], mask: NDArray[np.bool_]) -> Any:
    """Give one jet after the other to ONNX Runtime, without padding."""
    quantization = require("onnxruntime.quantization", extra="onnx")

    class Jets(quantization.CalibrationDataReader):  # type: ignore[name-defined,misc]
        def __init__(self) -> None:
            self._feeds = iter(
                {"features": values[i : i + 1, :n], "mask": mask[i : i + 1, :n]}
                for i, n in enumerate(mask.sum(axis=1))
            )

        def get_next(self) -> Mapping[str, NDArray[Any]] | None:
            return next(self._feeds, None)

    return Jets()


def _in_one_form(graph: Any) -> Any:
    """Write constants as the digest of a model file reads them."""
    numpy_helper = require("onnx.numpy_helper", extra="onnx")
    constants = [
        numpy_helper.from_array(numpy_helper.to_array(constant), constant.name)
        for constant in graph.initializer
    ]
    del graph.initializer[:]
    graph.initializer.extend(constants)
    return graph


@contextmanager
def _quiet() -> Iterator[None]:
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # the advice of the quantiser is for other models
    try:
        yield
    finally:
        root.setLevel(level)
