"""From the networks of all folds to one calibrated model file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.deploy.bundle import model_bytes, write_bundle
from oddjet.deploy.calibration import CalibrationTable
from oddjet.deploy.edge_conv_graph import (
    BATCH_NORM_EPSILON,
    EdgeConvDesign,
    bytes_per_constituent,
    edge_conv_graph,
)
from oddjet.deploy.runtime import JetSession
from oddjet.deploy.working_points import measured_working_points
from oddjet.learn.coordinates import coordinate_columns
from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.features import FeatureSpec
    from oddjet.learn.models.config import EdgeConvConfig

    Weights = Mapping[str, NDArray[np.floating]]

__all__ = ["ControlSample", "export_folds", "graph_weights"]

# Fractions of control events whose cuts every model names.
EFFICIENCIES = (0.1, 0.01, 0.001)


@dataclass(frozen=True)
class ControlSample:
    """Control events that calibrate the scores.

    Attributes
    ----------
    values : float32, shape (events, n, features)
    mask : bool, shape (events, n)
    weight : float64, shape (events,)
    fold : int64, shape (events,)
        Fold of each event; the network of that fold has not seen it. Events of the
        reserve (fold -1) calibrate nothing: they measure the working points.
    """

    values: NDArray[np.float32]
    mask: NDArray[np.bool_]
    weight: NDArray[np.float64]
    fold: NDArray[np.int64]


def export_folds(
    path: Path | str,
    folds: Sequence[Sequence[Weights]],
    *,
    network: EdgeConvConfig,
    spec: FeatureSpec,
    control: ControlSample,
    provenance: Mapping[str, object],
    threads: int | None = None,
) -> None:
    """Calibrate the networks of all folds and write them as one model file.

    Parameters
    ----------
    path : Path or str
        The model file.
    folds : sequence of sequences of dict of str to array
        `TrainedFold.weights` of the networks of each fold, in order; a fold's raw
        output is the logit of the mean of their probabilities.
    network : EdgeConvConfig
        The configuration they were trained with.
    spec : FeatureSpec
        The jets and features they were trained on.
    control : ControlSample
        All control events of the training.
    provenance : mapping
        Facts for the file; nested mappings allowed, no paths, hosts or dates.
    threads : int, optional
        Runs of ONNX Runtime at the same time while calibrating.

    Raises
    ------
    UserError
        A fold without control events to calibrate on.
    """
    design = EdgeConvDesign(
        neighbours=network.neighbours,
        slope=network.slope,
        coordinates=coordinate_columns(spec.features),
        slots=spec.num_constituents if network.padding == "faithful" else None,
    )
    plain = [[graph_weights(weights) for weights in fold] for fold in folds]
    width = bytes_per_constituent(plain[0][0], design)

    def session(tables: Sequence[CalibrationTable] | None) -> JetSession:
        # Calibrated on what the runtime gives, not PyTorch: the file measures itself.
        # On the processor, whatever else there is, so that a run can be repeated.
        model = model_bytes(edge_conv_graph(plain, design, tables))
        return JetSession(model, "cpu", threads, bytes_per_constituent=width)

    raw_session, tables = session(None), []
    for fold in range(len(plain)):
        own = (control.fold == fold) & control.mask.any(axis=1)
        _, raw = raw_session.run(control.values[own], control.mask[own])
        tables.append(CalibrationTable.from_control(raw[:, fold], control.weight[own]))
    reserve = control.fold == -1
    score, _ = session(tables).run(control.values[reserve], control.mask[reserve])
    write_bundle(
        path,
        edge_conv_graph(plain, design, tables),
        spec=spec,
        folds=len(folds),
        provenance=provenance,
        working_points=measured_working_points(
            EFFICIENCIES,
            score,
            control.weight[reserve],
            measured_on=f"{len(score)} control events that no fold was trained on",
        ),
        bytes_per_constituent=width,
    )


def graph_weights(weights: Weights) -> dict[str, NDArray[np.floating]]:
    """Write a network's state as the graph has it: without a batch norm of the inputs.

    At inference that is a shift and a scale, so this is an exact rewriting.

    Parameters
    ----------
    weights : dict of str to array
        State of an `EdgeConvNetwork`.

    Returns
    -------
    dict of str to array
        Without `input_norm`, which `feature_mean` and `feature_scale` take in.

    Raises
    ------
    UserError
        An input whose batch norm has learnt to ignore it (gain zero).
    """
    plain = {name: value for name, value in weights.items() if "input_norm" not in name}
    if "input_norm.weight" in weights:
        mean, variance, gain, shift = (
            np.asarray(weights[f"input_norm.{name}"], np.float64)
            for name in ("running_mean", "running_var", "weight", "bias")
        )
        if not np.all(gain):
            message = (
                "export: the batch norm of the features has a gain of exactly zero; "
                "set network.input_norm to false and train again"
            )
            raise UserError(message)
        # gain (x - mean) / sqrt(variance) + shift, of x standardised before.
        scale = np.sqrt(variance + BATCH_NORM_EPSILON) / gain
        outer = np.asarray(weights["feature_scale"], np.float64)
        centre = weights["feature_mean"] + outer * (mean - shift * scale)
        plain["feature_mean"] = centre.astype(np.float32)
        plain["feature_scale"] = (outer * scale).astype(np.float32)
    return plain
