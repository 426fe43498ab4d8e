"""A faster model of less precision, and what that costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from oddjet.deploy.bundle import model_bytes, read_bundle, rewrite_bundle
from oddjet.deploy.half_graph import half_graph
from oddjet.deploy.int8_graph import int8_graph
from oddjet.deploy.matched_logits import match_calibration, match_logits
from oddjet.deploy.message_layers import message_layers
from oddjet.deploy.precision_report import PrecisionReport, compare_scores
from oddjet.deploy.providers import CPU
from oddjet.deploy.runtime import JetSession
from oddjet.features import FeatureSpec
from oddjet.runs.errors import UserError, require

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.deploy.bundle import Bundle

__all__ = ["Precision", "reduce_precision", "require_fitting_provider"]

Precision = Literal["fp32", "int8", "fp16"]
CALIBRATION_JETS = 200
# Jets that bring the logits back to where they were, if there are so many to spare.
MATCHING_JETS = 10_000


def reduce_precision(
    model: Path | str,
    values: NDArray[np.float32],
    mask: NDArray[np.bool_],
    output: Path | str,
    *,
    precision: Precision = "int8",
    provider: str = CPU,
    weight: NDArray[np.floating] | None = None,
    is_signal: NDArray[np.bool_] | None = None,
    threads: int | None = None,
    anyway: bool = False,
) -> PrecisionReport:
    """Write a model whose messages are computed in fewer bits, if it selects alike.

    The maps from edge to edge, where nearly all the time goes, are changed; what is
    done once a particle or jet, and the calibration, stay as they are.

    Parameters
    ----------
    model : Path or str
        The model file.
    values : float32, shape (jets, n, features)
        A sample like that to be scored, from `Scorer.prepare`; the first hundreds fix
        the scales of int8, up to 10,000 more (a quarter) its outputs, and the others
        are compared.
    mask : bool, shape (jets, n)
    output : Path or str
        The model file in reduced precision.
    precision : "int8" or "fp16"
        For processors, and for GPUs.
    provider : str
        Execution provider of ONNX Runtime that compares.
    weight : float, shape (jets,), optional
    is_signal : bool, shape (jets,), optional
        Labels, for the AUC; efficiencies are then those of the background.
    threads : int, optional
        As for `Scorer`.
    anyway : bool
        Write it also where a working point is not acceptable.

    Returns
    -------
    PrecisionReport

    Raises
    ------
    UserError
        Too few jets, a model that reads no constituents or has no messages, or a
        working point at which the efficiency moves by more than 5 % or less than 95 %
        are selected by both.
    """
    bundle = read_bundle(model)
    original = require("onnx", extra="onnx").load_model_from_string(bundle.model)
    layers = _layers_to_reduce(model, bundle, original, precision)
    some, matching, rest = _split(mask, precision)
    graph: Any
    if precision == "int8":
        graph = int8_graph(original, layers, values[some], mask[some])
        for match in (match_logits, match_calibration):
            match(original, graph, bundle, values[matching], mask[matching])
    else:
        graph = half_graph(original, layers)
    width = bundle.bytes_per_constituent
    before, after = (
        JetSession(content, provider, threads, bytes_per_constituent=width).run(
            values[rest], mask[rest]
        )[0]
        for content in (bundle.model, model_bytes(graph))
    )
    report = compare_scores(
        before,
        after,
        bundle.working_points.values(),
        precision=precision,
        layers=len(layers),
        weight=None if weight is None else np.asarray(weight)[rest],
        is_signal=None if is_signal is None else is_signal[rest],
    )
    if report.unacceptable and not anyway:
        message = (
            f"in {precision} {model} would select others: {report.unacceptable[0]}; "
            "keep the model as it is"
        )
        raise UserError(message)
    about = {"precision": precision, "origin": bundle.digest}
    rewrite_bundle(output, graph, bundle, provenance=bundle.provenance | about)
    return report


def _layers_to_reduce(
    model: Path | str, bundle: Bundle, original: Any, precision: str
) -> list[str]:
    """Find the maps from edge to edge, or say why there are none."""
    if not isinstance(bundle.spec, FeatureSpec):
        message = (
            f"{model} reads no constituents; {precision} is for networks on "
            "constituents"
        )
        raise UserError(message)
    layers = message_layers(original.graph)
    if not layers:
        message = f"{model} has no messages between particles, which {precision} is for"
        raise UserError(message)
    return layers


def _split(
    mask: NDArray[np.bool_], precision: str
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Choose jets that fix scales, those and more that fix logits, and the rest.

    Empty ones do nothing.
    """
    usable = np.flatnonzero(mask.any(axis=1))
    spare = max(len(usable) - 2 * CALIBRATION_JETS, 0)
    matching = CALIBRATION_JETS + min(MATCHING_JETS, spare // 4)
    rest = usable[matching:]
    if len(rest) < CALIBRATION_JETS:
        message = (
            f"{precision} needs at least {2 * CALIBRATION_JETS} jets with "
            f"constituents, to fix scales and to compare, got {len(usable)}"
        )
        raise UserError(message)
    return usable[:CALIBRATION_JETS], usable[:matching], rest


def require_fitting_provider(precision: Precision, provider: str) -> None:
    """Refuse a precision that is slower than fp32 on what computes.

    Raises
    ------
    UserError
        int8 on a GPU, or fp16 on a processor.
    """
    if precision == "int8" and provider != CPU:
        message = f"int8 is for the CPU, and {provider} runs; ask for cpu or for fp16"
        raise UserError(message)
    if precision == "fp16" and provider == CPU:
        message = (
            "fp16 is for a GPU, and a processor would be slower with it; ask for the "
            "provider cuda, or for int8"
        )
        raise UserError(message)
