"""The end that all graphs of models share: calibrated scores under their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oddjet.deploy.calibration_graph import calibrate
from oddjet.runs.errors import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oddjet.deploy.calibration import CalibrationTable
    from oddjet.deploy.graph_builder import GraphBuilder

__all__ = ["graph_of_scores"]


def graph_of_scores(
    graph: GraphBuilder,
    logits: Sequence[str],
    calibration: Sequence[CalibrationTable] | None,
    *,
    num_features: int,
) -> Any:
    """Finish a graph of the inputs `features` and `mask`.

    Parameters
    ----------
    graph : GraphBuilder
    logits : sequence of str
        Raw output of each fold, (events, 1).
    calibration : sequence of CalibrationTable, optional
        One a fold; without, the scores are the raw outputs.
    num_features : int

    Returns
    -------
    onnx.GraphProto
        Outputs `score` (events,), the mean over folds, and `fold_scores` (events,
        folds), both float32.
    """
    helper = require("onnx.helper", extra="onnx")
    kind = require("onnx", extra="onnx").TensorProto
    raw = logits[0] if len(logits) == 1 else graph.add("Concat", *logits, axis=1)
    scores = calibrate(graph, raw, calibration) if calibration else raw
    graph.name_output(scores, "fold_scores")
    mean = graph.add("ReduceMean", "fold_scores", axes=[1], keepdims=0)
    graph.name_output(mean, "score")
    shape = ["events", "constituents"]
    return graph.build(
        "oddjet",
        inputs=[
            helper.make_tensor_value_info(
                "features", kind.FLOAT, [*shape, num_features]
            ),
            helper.make_tensor_value_info("mask", kind.BOOL, shape),
        ],
        outputs=[
            helper.make_tensor_value_info("score", kind.FLOAT, ["events"]),
            helper.make_tensor_value_info(
                "fold_scores", kind.FLOAT, ["events", len(logits)]
            ),
        ],
    )
