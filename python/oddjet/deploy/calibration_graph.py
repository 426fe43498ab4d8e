"""Calibration tables as nodes of an ONNX graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.deploy.calibration import CalibrationTable
from oddjet.runs.errors import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oddjet.deploy.graph_builder import GraphBuilder

__all__ = [
    "calibrate",
    "calibration_constants",
    "calibration_in",
    "replace_calibration",
]

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


def calibration_in(graph: Any) -> tuple[str, list[CalibrationTable]] | None:
    """Find what `calibrate` added to a graph.

    Parameters
    ----------
    graph : onnx.GraphProto

    Returns
    -------
    tuple of str and list of CalibrationTable, or None
        The raw outputs (events, folds), and the table of each fold; None in a graph
        without calibration.
    """
    parts = _parts(graph)
    if parts is None:
        return None
    raw, places = parts
    knots, _, value, slope = (_constant(graph, *place) for place in places)
    value, slope = (line.reshape(len(knots), -1) for line in (value, slope))
    tables = []
    for fold, row in enumerate(knots):
        used = int(np.isfinite(row).sum())
        tables.append(
            CalibrationTable(
                row[:used], value[fold, 1 : used + 1], slope[fold, : used + 1]
            )
        )
    return raw, tables


def replace_calibration(graph: Any, tables: Sequence[CalibrationTable]) -> None:
    """Put other tables in the place of those that `calibration_in` finds."""
    numpy_helper = require("onnx.numpy_helper", extra="onnx")
    parts = _parts(graph)
    if parts is None:
        message = "replace_calibration: the graph has no calibration"
        raise ValueError(message)
    knots, lines = _stacked(tables)
    # The lines of a fold start where they did, so that places in them stay right.
    size = len(_constant(graph, *parts[1][1])) // len(knots) - 1 - knots.shape[1]
    knots = np.pad(knots, ((0, 0), (0, size)), constant_values=np.inf)
    lines = np.pad(lines, ((0, 0), (0, 0), (0, size)))
    for (node, place), value in zip(
        parts[1], (knots, *lines.reshape(3, -1)), strict=True
    ):
        name = f"{node.input[place]}_replaced"
        node.input[place] = name
        graph.initializer.append(numpy_helper.from_array(value, name))


def _parts(graph: Any) -> tuple[str, list[tuple[Any, int]]] | None:
    """Name the raw outputs, and node and place of knots, anchor, value and slope."""
    casts = [
        node
        for node in graph.node
        if node.op_type == "Cast" and node.attribute[0].i == DOUBLE
    ]
    if not casts:
        return None
    constants = {c.name for c in graph.initializer if c.data_type == DOUBLE}
    reached = [node for node in graph.node if node.op_type == "GreaterOrEqual"]
    lines = [
        (node, 0)
        for node in graph.node
        if node.op_type == "Gather" and node.input[0] in constants
    ]
    return casts[0].input[0], [(reached[-1], 1), *lines]


def _constant(graph: Any, node: Any, place: int) -> np.ndarray:
    numpy_helper = require("onnx.numpy_helper", extra="onnx")
    named = {constant.name: constant for constant in graph.initializer}
    return np.asarray(numpy_helper.to_array(named[node.input[place]]))


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
