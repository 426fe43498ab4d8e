"""LundNet as an ONNX graph, written node by node from plain arrays.

The same mathematics as `oddjet.learn.models.lund_net` with batch norm folded into the
linear maps; see there for the definition. The nodes of all jets are rows, and only
edges that exist are computed: there is no padding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.deploy.graph_builder import GraphBuilder
from oddjet.deploy.graph_layers import (
    activate,
    count_of,
    folded,
    linear,
    logit_map,
    scale_and_shift,
    under,
)
from oddjet.deploy.graph_scores import members_of, score_graph
from oddjet.deploy.tree_rows import TreeRows
from oddjet.features.lund_trees import MAX_NEIGHBOURS
from oddjet.runs.errors import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from oddjet.deploy.calibration import CalibrationTable
    from oddjet.deploy.graph_layers import Weights

__all__ = ["LundNetDesign", "bytes_per_node", "lund_net_graph"]


@dataclass(frozen=True)
class LundNetDesign:
    """What the weights do not say about a LundNet.

    Attributes
    ----------
    listens_to_center : bool
        Which end of an edge enters beside the difference: the node itself, or its
        neighbour.
    shortcut : bool
        Whether the input of a block is added to its output.
    """

    listens_to_center: bool = False
    shortcut: bool = True


def lund_net_graph(
    folds: Sequence[Weights | Sequence[Weights]],
    design: LundNetDesign,
    calibration: Sequence[CalibrationTable] | None = None,
) -> Any:
    """Build one graph that scores jets with the networks of all folds.

    Inputs `values` (nodes, variables) float32, `neighbours` (nodes, 3) int64 and
    `offsets` (jets + 1,) int64, as `oddjet.features.LundTrees` has them: neighbours
    as places within their jet, -1 for none; each jet has a node. Outputs `score`
    (jets,) and `fold_scores` (jets, folds), float32, `score` being the mean over
    folds. Nodes, edges and jets are free; there must be one jet.

    Parameters
    ----------
    folds : sequence of (dict of str to array, or sequence of them)
        State of each fold's `LundNet`, or of its networks: then the fold's raw output
        is the logit of the mean of their probabilities.
    design : LundNetDesign
    calibration : sequence of CalibrationTable, optional
        One a fold; without, the outputs are the raw logits.

    Returns
    -------
    onnx.GraphProto
    """
    helper = require("onnx.helper", extra="onnx")
    kind = require("onnx", extra="onnx").TensorProto
    networks = members_of(folds)
    variables = len(networks[0][0]["feature_mean"])
    graph = GraphBuilder()
    trees = TreeRows.of_inputs(graph, MAX_NEIGHBOURS)
    logits = [[_logit(one, design, trees) for one in members] for members in networks]
    shapes: dict[str, tuple[int, list[str | int]]] = {
        "values": (kind.FLOAT, ["nodes", variables]),
        "neighbours": (kind.INT64, ["nodes", MAX_NEIGHBOURS]),
        "offsets": (kind.INT64, ["jets_and_one"]),
    }
    return score_graph(
        graph,
        logits,
        calibration,
        rows="jets",
        inputs=[
            helper.make_tensor_value_info(name, *described)
            for name, described in shapes.items()
        ],
    )


def bytes_per_node(weights: Weights) -> int:
    """Give what a node takes of the widest array inside: two messages a node."""
    widths = [len(value) for name, value in weights.items() if ".norms." in name]
    return np.dtype(np.float32).itemsize * 2 * max(widths)


def _logit(weights: Weights, design: LundNetDesign, trees: TreeRows) -> str:
    """One network: (jets, 1)."""
    graph = trees.graph
    x, outputs = _normalised(graph, weights), []
    for block in range(count_of(weights, "blocks.{}.theta.weight")):
        x = _tree_conv(trees, x, under(weights, f"blocks.{block}."), design)
        outputs.append(x)
    together = (
        outputs[0] if len(outputs) == 1 else graph.add("Concat", *outputs, axis=1)
    )
    fused = linear(graph, together, weights["fusion.weight"], weights["fusion.bias"])
    fused = activate(graph, fused, 0.0)
    pooled = trees.mean_over_nodes(fused, len(weights["fusion.bias"]))
    # The batch norm of nodes acts on their mean alike, and enters the dense layer.
    factor, shift = scale_and_shift(weights, "fusion_norm.")
    dense = np.asarray(weights["dense.weight"], np.float64)
    bias = weights["dense.bias"] + dense @ shift
    hidden = activate(graph, linear(graph, pooled, dense * factor, bias), 0.0)
    last_weight, last_bias = logit_map(weights)
    if "logit_norm.weight" in weights:
        factor, shift = scale_and_shift(weights, "logit_norm.")
        last_weight = last_weight * factor[:, np.newaxis]
        last_bias = last_bias * factor + shift
    return linear(graph, hidden, last_weight, last_bias)


def _normalised(graph: GraphBuilder, weights: Weights) -> str:
    """Standardised variables through their batch norm: (nodes, variables)."""
    factor, shift = scale_and_shift(weights, "input_norm.")
    scale = factor / np.asarray(weights["feature_scale"], np.float64)

    def constant(value: NDArray[np.floating]) -> str:
        return graph.constant(value.astype(np.float32))

    # The mean goes first: some variables are many times as large as their spread.
    centred = graph.add("Sub", "values", constant(weights["feature_mean"]))
    return graph.add("Add", graph.add("Mul", centred, constant(scale)), constant(shift))


def _tree_conv(trees: TreeRows, x: str, weights: Weights, design: LundNetDesign) -> str:
    """One block: (nodes, inputs) -> (nodes, outputs)."""
    graph = trees.graph
    theta, bias = folded(weights, "theta.weight", "norms.0.")
    phi, _ = folded(weights, "phi.weight", "norms.0.")
    # theta (x_i - x_j) + phi (x_i or x_j), made once a node and not once an edge.
    at_receiver, at_source = theta, phi - theta
    if design.listens_to_center:
        at_receiver, at_source = theta + phi, -theta
    messages = trees.gather(
        linear(graph, x, at_receiver, bias), linear(graph, x, at_source)
    )
    messages = activate(graph, messages, 0.0)
    for layer in range(count_of(weights, "layers.{}.weight")):
        weight, bias = folded(weights, f"layers.{layer}.weight", f"norms.{layer + 1}.")
        messages = activate(graph, linear(graph, messages, weight, bias), 0.0)
    mean = trees.mean_over_neighbours(messages, len(bias))
    if not design.shortcut:
        return mean
    direct = x
    if "shortcut.0.weight" in weights:
        direct = linear(graph, x, *folded(weights, "shortcut.0.weight", "shortcut.1."))
    return activate(graph, graph.add("Add", mean, direct), 0.0)
