"""Calibration tables as nodes of an ONNX graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oddjet.deploy.calibration import CalibrationTable
    from oddjet.deploy.graph_builder import GraphBuilder

__all__ = ["calibrate", "calibration_constants"]

FLOAT, INT64, DOUBLE = 1, 7, 11  # TensorProto.DataType


def calibrate(graph: GraphBuilder, raw: str, tables: Sequence[CalibrationTable]) -> str:
    """Apply each fold's table to its own column of raw outputs.

    In double precision, as in `CalibrationTable`, so that rounding does not swap
    neighbouring outputs; the result is rounded once.

    Parameters
    ----------
    graph : GraphBuilder
    raw : str
        Value of shape (events, folds), float32.
    tables : sequence of CalibrationTable
        One a fold.

    Returns
    -------
    str
        Value of shape (events, folds), float32.
    """
    add = graph.add
    knots, *lines = calibration_constants(graph, tables)
    x = add("Cast", raw, to=DOUBLE)
    one_more_axis = add("Unsqueeze", x, graph.integers(2))
    reached = add("GreaterOrEqual", one_more_axis, knots)
    steps = add("Cast", reached, to=INT64)
    segment = add("ReduceSum", steps, graph.integers(2), keepdims=0)
    most_lines = 1 + max(len(table.raw) for table in tables)
    first_line = graph.constant(np.arange(len(tables)) * most_lines)
    line = add("Add", segment, first_line)
    anchor, value, slope = (add("Gather", part, line, axis=0) for part in lines)
    rise = add("Mul", slope, add("Sub", x, anchor))
    return add("Cast", add("Add", value, rise), to=FLOAT)


def calibration_constants(
    graph: GraphBuilder, tables: Sequence[CalibrationTable]
) -> list[str]:
    """Give the constants of the tables: float64.

    Returns
    -------
    list of str
        Knots (folds, m); anchor, value and slope of the lines, (folds * (m + 1),) each.
    """
    knots, lines = _stacked(tables)
    return [graph.constant(part) for part in (knots, *lines.reshape(3, -1))]


def _stacked(tables: Sequence[CalibrationTable]) -> tuple[np.ndarray, np.ndarray]:
    """Knots (folds, m), and (anchor, value, slope) of lines (3, folds, m + 1).

    Folds with fewer knots are filled up with knots at infinity, never reached.
    """
    size = max(len(table.raw) for table in tables)
    knots = np.full((len(tables), size), np.inf)
    lines = np.zeros((3, len(tables), size + 1))
    for fold, table in enumerate(tables):
        used = len(table.raw)
        start = np.maximum(np.arange(used + 1) - 1, 0)
        knots[fold, :used] = table.raw
        lines[:, fold, : used + 1] = table.raw[start], table.value[start], table.slope
    return knots, lines
