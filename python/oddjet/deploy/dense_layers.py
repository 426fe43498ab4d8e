"""Dense layers of trained networks as nodes of an ONNX graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from oddjet.deploy.graph_builder import GraphBuilder

    Weights = Mapping[str, NDArray[np.floating]]

__all__ = ["activate", "count", "dense_layers", "linear", "one_logit", "under"]


def linear(
    graph: GraphBuilder,
    x: str,
    weight: NDArray[np.floating],
    bias: NDArray[np.floating] | None = None,
) -> str:
    """Map (rows, inputs) to (rows, outputs); `weight` is (outputs, inputs)."""
    # The matrix as it is multiplied: transposed by the runtime, it is a tenth slower.
    inputs = [x, graph.constant(weight.T.astype(np.float32))]
    if bias is not None:
        inputs.append(graph.constant(bias.astype(np.float32)))
    return graph.add("Gemm", *inputs)


def activate(graph: GraphBuilder, x: str, slope: float) -> str:
    """Multiply by `slope` below zero; 0 is ReLU."""
    if slope == 0:
        return graph.add("Relu", x)
    return graph.add("LeakyRelu", x, alpha=slope)


def dense_layers(
    graph: GraphBuilder, x: str, weights: Weights, name: str, slope: float = 0.0
) -> str:
    """Apply the layers ``NAME.0``, ``NAME.1``, ... each with its activation."""
    for layer in range(count(weights, f"{name}.{{}}.weight")):
        dense = under(weights, f"{name}.{layer}.")
        x = activate(graph, linear(graph, x, dense["weight"], dense["bias"]), slope)
    return x


def one_logit(graph: GraphBuilder, x: str, weights: Weights) -> str:
    """Give the logit of class 1, also of a network with two classes: (rows, 1).

    The softmax of two outputs is the logistic function of their difference.
    """
    weight, bias = weights["output.weight"], weights["output.bias"]
    if len(weight) == 2:
        weight, bias = weight[1:] - weight[:1], bias[1:] - bias[:1]
    return linear(graph, x, weight, bias)


def under(weights: Weights, prefix: str) -> dict[str, NDArray[np.floating]]:
    """Give the weights whose names start with `prefix`, without it."""
    return {
        name.removeprefix(prefix): value
        for name, value in weights.items()
        if name.startswith(prefix)
    }


def count(weights: Weights, pattern: str) -> int:
    """Count how many of pattern.format(0), pattern.format(1), ... are there."""
    return next(i for i in range(len(weights) + 1) if pattern.format(i) not in weights)
