"""Layers of networks as nodes of an ONNX graph, and their weights as it has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from oddjet.deploy.graph_builder import GraphBuilder

Weights = Mapping[str, "NDArray[np.floating]"]

__all__ = [
    "BATCH_NORM_EPSILON",
    "Weights",
    "activate",
    "count_of",
    "dense_layers",
    "folded",
    "linear",
    "logit_map",
    "map_constants",
    "one_logit",
    "scale_and_shift",
    "under",
]

BATCH_NORM_EPSILON = 1e-5  # PyTorch's default, with which the networks are trained


def linear(
    graph: GraphBuilder,
    x: str,
    weight: NDArray[np.floating],
    bias: NDArray[np.floating] | None = None,
) -> str:
    """Map rows linearly: (rows, inputs) -> (rows, outputs)."""
    return graph.add("Gemm", x, *map_constants(graph, weight, bias))


def map_constants(
    graph: GraphBuilder,
    weight: NDArray[np.floating],
    bias: NDArray[np.floating] | None = None,
) -> list[str]:
    """Give the constants of a linear map: its matrix, and its bias if it has one."""
    # The matrix as it is multiplied: transposed by the runtime, it is a tenth slower.
    names = [graph.constant(weight.T.astype(np.float32))]
    if bias is not None:
        names.append(graph.constant(bias.astype(np.float32)))
    return names


def activate(graph: GraphBuilder, x: str, slope: float) -> str:
    """Apply ReLU, leaky below zero where there is a slope."""
    if slope == 0:
        return graph.add("Relu", x)
    return graph.add("LeakyRelu", x, alpha=slope)


def folded(
    weights: Weights, weight: str, norm: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fold a batch norm into the bias-free linear map before it, in double."""
    factor, shift = scale_and_shift(weights, norm)
    return weights[weight] * factor[:, np.newaxis], shift


def scale_and_shift(
    weights: Weights, norm: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Write a batch norm as factor x + shift, in double."""
    mean, variance, gain, shift = (
        np.asarray(weights[norm + name], np.float64)
        for name in ("running_mean", "running_var", "weight", "bias")
    )
    factor = gain / np.sqrt(variance + BATCH_NORM_EPSILON)
    return factor, shift - mean * factor


def under(weights: Weights, prefix: str) -> dict[str, NDArray[np.floating]]:
    """Take the weights under a prefix, without it."""
    return {
        name.removeprefix(prefix): value
        for name, value in weights.items()
        if name.startswith(prefix)
    }


def count_of(weights: Weights, pattern: str) -> int:
    """Count the names that a pattern gives for 0, 1, 2, ..."""
    return next(i for i in range(len(weights) + 1) if pattern.format(i) not in weights)


def dense_layers(
    graph: GraphBuilder, x: str, weights: Weights, name: str, slope: float = 0.0
) -> str:
    """Apply the layers ``NAME.0``, ``NAME.1``, ... each with its activation."""
    for layer in range(count_of(weights, f"{name}.{{}}.weight")):
        dense = under(weights, f"{name}.{layer}.")
        x = activate(graph, linear(graph, x, dense["weight"], dense["bias"]), slope)
    return x


def one_logit(graph: GraphBuilder, x: str, weights: Weights) -> str:
    """Give the logit of class 1, also of a network with two classes: (rows, 1)."""
    return linear(graph, x, *logit_map(weights))


def logit_map(weights: Weights) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Weight and bias of the logit of class 1, also of a network with two classes.

    The softmax of two outputs is the logistic function of their difference.
    """
    weight, bias = weights["output.weight"], weights["output.bias"]
    if len(weight) == 2:
        weight, bias = weight[1:] - weight[:1], bias[1:] - bias[:1]
    return weight, bias
