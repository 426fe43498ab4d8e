"""From the logits of all networks to the outputs that every model has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from oddjet.deploy.calibration_graph import calibrate
from oddjet.runs.errors import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oddjet.deploy.calibration import CalibrationTable
    from oddjet.deploy.graph_builder import GraphBuilder
    from oddjet.deploy.graph_layers import Weights

__all__ = ["jet_score_graph", "members_of", "score_graph"]


def members_of(folds: Sequence[Weights | Sequence[Weights]]) -> list[list[Weights]]:
    """Give the networks of each fold, of which there may be one or several."""
    return [[fold] if isinstance(fold, Mapping) else list(fold) for fold in folds]


def score_graph(
    graph: GraphBuilder,
    logits: Sequence[Sequence[str]],
    calibration: Sequence[CalibrationTable] | None,
    *,
    rows: str,
    inputs: Sequence[Any],
) -> Any:
    """Finish a graph: `score`, the mean over folds, and `fold_scores`.

    Parameters
    ----------
    graph : GraphBuilder
    logits : sequence of sequences of str
        Values of shape (rows, 1), of the networks of each fold.
    calibration : sequence of CalibrationTable, optional
        One a fold; without, the outputs are the raw logits.
    rows : str
        What a row is: name of the free dimension of the outputs.
    inputs : sequence of onnx.ValueInfoProto

    Returns
    -------
    onnx.GraphProto
        Outputs of shape (rows,) and (rows, folds), float32.
    """
    helper = require("onnx.helper", extra="onnx")
    kind = require("onnx", extra="onnx").TensorProto
    means = [_mean_logit(graph, members) for members in logits]
    raw = means[0] if len(means) == 1 else graph.add("Concat", *means, axis=1)
    scores = calibrate(graph, raw, calibration) if calibration else raw
    graph.name_output(scores, "fold_scores")
    mean = graph.add("ReduceMean", "fold_scores", axes=[1], keepdims=0)
    graph.name_output(mean, "score")
    shapes = {"score": [rows], "fold_scores": [rows, len(means)]}
    outputs = [
        helper.make_tensor_value_info(name, kind.FLOAT, shape)
        for name, shape in shapes.items()
    ]
    return graph.build("oddjet", inputs=inputs, outputs=outputs)


def jet_score_graph(
    graph: GraphBuilder,
    logits: Sequence[Sequence[str]],
    calibration: Sequence[CalibrationTable] | None,
    *,
    num_features: int,
) -> Any:
    """Finish a graph of the inputs `features` and `mask`, as `score_graph` does.

    Parameters
    ----------
    graph, logits, calibration
        As for `score_graph`.
    num_features : int
        Of a constituent.

    Returns
    -------
    onnx.GraphProto
    """
    helper = require("onnx.helper", extra="onnx")
    kind = require("onnx", extra="onnx").TensorProto
    shape = ["events", "constituents"]
    features = helper.make_tensor_value_info(
        "features", kind.FLOAT, [*shape, num_features]
    )
    mask = helper.make_tensor_value_info("mask", kind.BOOL, shape)
    return score_graph(
        graph, logits, calibration, rows="events", inputs=[features, mask]
    )


def _mean_logit(graph: GraphBuilder, logits: Sequence[str]) -> str:
    """Give the logit of the mean probability of several networks: (events, 1).

    log sum p - log sum (1 - p), which keeps its digits where the p are nearly one.
    """
    if len(logits) == 1:
        return logits[0]
    z = graph.add("Concat", *logits, axis=1)
    sums = [
        graph.add("ReduceSum", graph.add("Sigmoid", x), graph.integers(1), keepdims=1)
        for x in (z, graph.add("Neg", z))
    ]
    signal, control = (
        graph.add("Log", graph.add("Max", total, graph.float(1e-37))) for total in sums
    )
    return graph.add("Sub", signal, control)
