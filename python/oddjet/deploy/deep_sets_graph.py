"""Deep Sets as an ONNX graph, written node by node from plain arrays.

The mathematics of `oddjet.learn.models.deep_sets`; see there for the definition. It
has few nodes, because a single jet pays for each of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oddjet.deploy.graph_builder import GraphBuilder
from oddjet.deploy.graph_layers import count_of, dense_layers, one_logit
from oddjet.deploy.graph_scores import jet_score_graph

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from oddjet.deploy.calibration import CalibrationTable

__all__ = ["deep_sets_graph"]

FLOAT = 1  # TensorProto.DataType


def deep_sets_graph(
    weights: Mapping[str, NDArray[np.floating]],
    calibration: Sequence[CalibrationTable] | None = None,
) -> Any:
    """Build a graph that scores jets with a `DeepSets` network.

    Parameters
    ----------
    weights : dict of str to array
        State of the network.
    calibration : sequence of one CalibrationTable, optional
        Without, the outputs are the raw ones.

    Returns
    -------
    onnx.GraphProto
        Inputs and outputs as those of `edge_conv_graph`; events and n are free.
    """
    graph = GraphBuilder()
    add, integers = graph.add, graph.integers
    num_features = len(weights["feature_mean"])
    # Whatever stands in the padding must not meet arithmetic: NaN * 0 is NaN.
    is_real = add("Unsqueeze", "mask", integers(2))
    jets = add("Where", is_real, "features", graph.float(0))
    x = add("Reshape", jets, integers(-1, num_features))
    x = add("Sub", x, graph.constant(weights["feature_mean"]))
    x = add("Div", x, graph.constant(weights["feature_scale"]))
    x = dense_layers(graph, x, weights, "particle")
    last = count_of(weights, "particle.{}.weight") - 1
    width = len(weights[f"particle.{last}.weight"])
    shape = add("Concat", add("Shape", "mask"), integers(width), axis=0)
    x = add("Reshape", x, shape, allowzero=1)
    real = add("Cast", "mask", to=FLOAT)
    total = add("ReduceSum", real, integers(1), keepdims=1)
    number = add("Max", total, graph.float(1))
    shares = add("Unsqueeze", add("Div", real, number), integers(1))
    mean = add("Squeeze", add("MatMul", shares, x), integers(1))
    pooled = add("Concat", mean, add("Sqrt", total), axis=1)
    hidden = dense_layers(graph, pooled, weights, "dense")
    logit = one_logit(graph, hidden, weights)
    return jet_score_graph(graph, [[logit]], calibration, num_features=num_features)
