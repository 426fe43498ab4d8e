"""Networks on the quantities of an event as one ONNX graph, from plain arrays.

The same mathematics as `oddjet.learn.models.event_network`, with batch norm folded
into the first linear map; see there for the definition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.deploy.graph_builder import GraphBuilder
from oddjet.deploy.graph_layers import activate, folded, linear
from oddjet.runs.errors import require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oddjet.deploy.graph_layers import Weights

__all__ = ["bytes_per_event", "event_network_graph"]


def event_network_graph(networks: Mapping[str, Weights]) -> Any:
    """Build one graph that scores events with several networks.

    Input `features` (events, columns), float32. An output (events,), float32, for
    each network, of its name and in [0, 1]. Events are free; there must be one.

    Parameters
    ----------
    networks : mapping of str to (dict of str to array)
        States of `EventNetwork`s on the same columns; each standardises them itself.

    Returns
    -------
    onnx.GraphProto
    """
    helper = require("onnx.helper", extra="onnx")
    kind = require("onnx", extra="onnx").TensorProto
    columns = {len(weights["feature_mean"]) for weights in networks.values()}
    (num_columns,) = columns
    graph = GraphBuilder()
    for name, weights in networks.items():
        score = graph.add("Sigmoid", _logit(graph, weights))
        graph.name_output(graph.add("Squeeze", score, graph.integers(1)), name)
    features = helper.make_tensor_value_info(
        "features", kind.FLOAT, ["events", num_columns]
    )
    outputs = [
        helper.make_tensor_value_info(name, kind.FLOAT, ["events"]) for name in networks
    ]
    return graph.build("oddjet", inputs=[features], outputs=outputs)


def bytes_per_event(weights: Weights) -> int:
    """Give what an event takes of the widest array inside."""
    widths = [value.shape[0] for value in weights.values() if value.ndim == 2]
    return int(np.dtype(np.float32).itemsize * max(widths))


def _logit(graph: GraphBuilder, weights: Weights) -> str:
    """One network: (events, 1)."""
    # As in training: centred before it is scaled, in single precision.
    mean, scale = (
        graph.constant(np.asarray(weights[f"feature_{name}"], np.float32))
        for name in ("mean", "scale")
    )
    x = graph.add("Div", graph.add("Sub", "features", mean), scale)
    first, *later = _linear_maps(weights)
    x = linear(graph, x, *folded(weights, f"{first}.weight", "layers.1."))
    for place in later:
        x = activate(graph, x, 0.0)
        x = linear(graph, x, weights[f"{place}.weight"], weights[f"{place}.bias"])
    return x


def _linear_maps(weights: Weights) -> list[str]:
    """Name the linear maps in order: those of two dimensions among the layers."""
    places = [
        int(name.split(".")[1])
        for name, value in weights.items()
        if name.startswith("layers.") and value.ndim == 2
    ]
    return [f"layers.{place}" for place in sorted(places)]
