"""Messages in eight bits: a faster model for processors, and what it costs.

Static quantisation: the scales are fixed on a sample of the user's. With scales taken
from each batch (dynamic quantisation) an event's score would move when another event
of its batch changes.
"""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.deploy.bundle import model_bytes, read_bundle, write_bundle
from oddjet.deploy.runtime import JetSession
from oddjet.features import LundSpec
from oddjet.runs.errors import UserError, require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["QuantisationReport", "WorkingPointChange", "quantise"]

ACTIVATIONS = {"Relu", "LeakyRelu"}
CALIBRATION_JETS = 200
# What a quantised model may change at a working point, and still be used for the other.
EFFICIENCY_CHANGE, IN_COMMON = 0.05, 0.95


@dataclass(frozen=True)
class WorkingPointChange:
    """What eight bits change at a working point, on the sample given.

    Attributes
    ----------
    name : str
    efficiency, quantised_efficiency : float
        Weighted fraction selected, before and after.
    in_common : float
        Of the weight that the model selects, the share that the quantised one does
        too; 1 where it selects nothing.
    """

    name: str
    efficiency: float
    quantised_efficiency: float
    in_common: float

    @property
    def acceptable(self) -> bool:
        """Whether the efficiency moves by 5 % at most, and 95 % are in common."""
        change = abs(self.quantised_efficiency - self.efficiency)
        is_close = change <= EFFICIENCY_CHANGE * self.efficiency
        return is_close and self.in_common >= IN_COMMON


@dataclass(frozen=True)
class QuantisationReport:
    """What eight bits change.

    Attributes
    ----------
    layers : int
        Matrix products that are quantised.
    largest_change, mean_change : float
        Of the score, in absolute value.
    working_points : tuple of WorkingPointChange
        Those of the model.
    """

    layers: int
    largest_change: float
    mean_change: float
    working_points: tuple[WorkingPointChange, ...]

    @property
    def acceptable(self) -> bool:
        """Whether it is at every working point."""
        return all(point.acceptable for point in self.working_points)


def quantise(
    model: Path | str,
    values: NDArray[np.float32],
    mask: NDArray[np.bool_],
    output: Path | str,
    *,
    weight: NDArray[np.floating] | None = None,
    anyway: bool = False,
) -> QuantisationReport:
    """Write a model whose messages are computed in eight bits, if it selects alike.

    The maps from edge to edge, where nearly all the time goes, are quantised; what is
    done once a particle or jet, and the calibration, stay as they are.

    Parameters
    ----------
    model : Path or str
        The model file.
    values : float32, shape (jets, n, features)
        A sample like that to be scored, from `Scorer.prepare`; the first hundreds fix
        the scales, the others are compared.
    mask : bool, shape (jets, n)
    output : Path or str
        The quantised model file.
    weight : float, shape (jets,), optional
    anyway : bool
        Write it also where a working point is not acceptable.

    Returns
    -------
    QuantisationReport

    Raises
    ------
    UserError
        Too few jets, a model of Lund trees or without messages, or a working point at
        which the efficiency moves by more than 5 % or less than 95 % are selected by
        both.
    """
    onnx = require("onnx", extra="onnx")
    bundle = read_bundle(model)
    if isinstance(bundle.spec, LundSpec):
        message = (
            f"{model} reads Lund trees; only networks on constituents are quantised"
        )
        raise UserError(message)
    some = np.flatnonzero(mask.any(axis=1))[:CALIBRATION_JETS]
    rest = np.setdiff1d(np.arange(len(mask)), some)
    if len(rest) < CALIBRATION_JETS:
        message = (
            f"quantising needs at least {2 * CALIBRATION_JETS} jets with constituents, "
            f"to fix scales and to compare, got {len(mask)}"
        )
        raise UserError(message)
    original = onnx.load_model_from_string(bundle.model)
    layers = _message_layers(original.graph)
    if not layers:
        message = f"{model} has no messages between particles to quantise"
        raise UserError(message)
    graph = _quantised(original, layers, values[some], mask[some])
    sessions = [
        JetSession(content, "cpu", bytes_per_constituent=bundle.bytes_per_constituent)
        for content in (bundle.model, model_bytes(graph))
    ]
    before, after = (s.run(values[rest], mask[rest])[0] for s in sessions)
    weights = np.ones(len(rest)) if weight is None else np.asarray(weight)[rest]
    change = np.abs(after - before)[np.isfinite(before)]
    report = QuantisationReport(
        layers=len(layers),
        largest_change=float(change.max()),
        mean_change=float(change.mean()),
        working_points=tuple(
            _change(name, before > point.threshold, after > point.threshold, weights)
            for name, point in bundle.working_points.items()
        ),
    )
    if not (report.acceptable or anyway):
        worst = next(p for p in report.working_points if not p.acceptable)
        message = (
            f"in eight bits {model} selects {worst.quantised_efficiency:.3g}, not "
            f"{worst.efficiency:.3g}, at {worst.name}, {worst.in_common:.1%} of it in "
            "common: keep the model as it is"
        )
        raise UserError(message)
    write_bundle(
        output,
        graph,
        spec=bundle.spec,
        folds=bundle.folds,
        provenance=bundle.provenance | {"precision": "int8", "origin": bundle.digest},
        working_points=bundle.working_points.values(),
        bytes_per_constituent=bundle.bytes_per_constituent,
    )
    return report


def _message_layers(graph: Any) -> list[str]:
    """Name the matrix products whose rows are edges."""
    makers = {output: node for node in graph.node for output in node.output}

    def maker(node: Any) -> Any:
        return makers.get(node.input[0])

    names = []
    for node in graph.node:
        start = maker(node) if node.op_type == "Gemm" else None
        while start is not None and start.op_type in {*ACTIVATIONS, "Gemm"}:
            start = maker(start)
        # The first layer's messages are made row by row, activated and flattened.
        if start is not None and start.op_type == "Reshape":
            activation = maker(start)
            if activation is not None and activation.op_type in ACTIVATIONS:
                names.append(str(node.name))
    return names


def _quantised(
    model: Any,
    layers: list[str],
    values: NDArray[np.float32],
    mask: NDArray[np.bool_],
) -> Any:
    quantization = require("onnxruntime.quantization", extra="onnx")
    numpy_helper = require("onnx.numpy_helper", extra="onnx")
    onnx = require("onnx", extra="onnx")

    class Jets(quantization.CalibrationDataReader):  # type: ignore[name-defined,misc]
        """Gives one jet after the other, without padding."""

        def __init__(self) -> None:
            counts = mask.sum(axis=1)
            self._feeds = iter(
                {"features": values[i : i + 1, :n], "mask": mask[i : i + 1, :n]}
                for i, n in enumerate(counts)
            )

        def get_next(self) -> Mapping[str, NDArray[Any]] | None:
            return next(self._feeds, None)

    with tempfile.TemporaryDirectory() as name:
        plain, made = Path(name) / "plain.onnx", Path(name) / "int8.onnx"
        plain.write_bytes(model.SerializeToString())
        root = logging.getLogger()
        level = root.level
        root.setLevel(logging.ERROR)  # its advice is for other models
        try:
            quantization.quantize_static(
                plain,
                made,
                Jets(),
                quant_format=quantization.QuantFormat.QDQ,
                op_types_to_quantize=["Gemm"],
                nodes_to_quantize=layers,
                per_channel=True,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
            )
        finally:
            root.setLevel(level)
        graph = onnx.load(made).graph
    # In one form, which is that of the digest.
    constants = [
        numpy_helper.from_array(numpy_helper.to_array(constant), constant.name)
        for constant in graph.initializer
    ]
    del graph.initializer[:]
    graph.initializer.extend(constants)
    return graph


def _change(
    name: str,
    before: NDArray[np.bool_],
    after: NDArray[np.bool_],
    weight: NDArray[np.floating],
) -> WorkingPointChange:
    selected = float(weight[before].sum())
    both = float(weight[before & after].sum())
    total = float(weight.sum())
    return WorkingPointChange(
        name=name,
        efficiency=selected / total,
        quantised_efficiency=float(weight[after].sum()) / total,
        in_common=both / selected if selected else 1.0,
    )
