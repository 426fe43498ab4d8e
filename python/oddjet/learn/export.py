"""From the networks of all folds to one calibrated model file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.deploy.bundle import model_bytes, write_bundle
from oddjet.deploy.calibration import CalibrationTable
from oddjet.deploy.edge_conv_graph import (
    EdgeConvDesign,
    bytes_per_constituent,
    edge_conv_graph,
)
from oddjet.deploy.graph_layers import BATCH_NORM_EPSILON
from oddjet.deploy.lund_net_graph import (
    LundNetDesign,
    bytes_per_node,
    lund_net_graph,
)
from oddjet.deploy.runtime import JetSession
from oddjet.deploy.tree_runtime import TreeSession
from oddjet.deploy.working_points import measured_working_points
from oddjet.learn.coordinates import coordinate_columns
from oddjet.learn.folds import RESERVE
from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.deploy.graph_layers import Weights
    from oddjet.features import FeatureSpec, LundSpec
    from oddjet.learn.lund_sample import LundSample
    from oddjet.learn.models.config import EdgeConvConfig
    from oddjet.learn.models.lund_config import LundNetConfig

    #: From a mask of control events to their scores, mean and of each fold.
    Runner = Callable[
        [NDArray[np.bool_]], tuple[NDArray[np.float32], NDArray[np.float32]]
    ]

__all__ = ["ControlSample", "export_folds", "export_lund_folds", "graph_weights"]

# Fractions of control events whose cuts every model names.
EFFICIENCIES = (0.1, 0.01, 0.001)
# Of control events that have no score, among their folds.
_NOT_SCORED = -3


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

    def runner(model: bytes) -> Runner:
        # On the processor, whatever else there is, so that a run can be repeated.
        session = JetSession(model, "cpu", threads, bytes_per_constituent=width)
        return lambda chosen: session.run(control.values[chosen], control.mask[chosen])

    filled = control.mask.any(axis=1) | (control.fold == RESERVE)
    _write_calibrated(
        path,
        lambda tables: edge_conv_graph(plain, design, tables),
        runner,
        folds=len(plain),
        fold_of_control=np.where(filled, control.fold, _NOT_SCORED),
        weight=control.weight,
        spec=spec,
        provenance=provenance,
        width=width,
        control="control events",
    )


def export_lund_folds(
    path: Path | str,
    folds: Sequence[Sequence[Weights]],
    *,
    network: LundNetConfig,
    spec: LundSpec,
    background: LundSample,
    fold: NDArray[np.int64],
    provenance: Mapping[str, object],
    threads: int | None = None,
) -> None:
    """Calibrate the LundNets of all folds and write them as one model file.

    Parameters
    ----------
    path : Path or str
        The model file.
    folds : sequence of sequences of dict of str to array
        `TrainedFold.weights` of the networks of each fold, in order.
    network : LundNetConfig
        The configuration they were trained with.
    spec : LundSpec
        The jets, and trees like those of `network.tree`, that they were trained on.
    background : LundSample
        Jets that calibrate the scores, those of the background: a score of 2 means
        that one background jet in a hundred has a higher one. Signal is left out.
    fold : int64, shape (jets,)
        Fold of each of these jets, as in `ControlSample`.
    provenance, threads
        As in `export_folds`.

    Raises
    ------
    UserError
        A fold without background jets to calibrate on, or a spec of other trees.
    """
    _require_same_trees(network, spec)
    design = LundNetDesign(network.listens_to == "center", network.shortcut)
    width = bytes_per_node(folds[0][0])

    def runner(model: bytes) -> Runner:
        session = TreeSession(model, "cpu", threads, bytes_per_node=width)
        return lambda chosen: session.run(background.trees[np.flatnonzero(chosen)])

    _write_calibrated(
        path,
        lambda tables: lund_net_graph(folds, design, tables),
        runner,
        folds=len(folds),
        fold_of_control=np.where(background.is_signal, _NOT_SCORED, fold),
        weight=background.weight,
        spec=spec,
        provenance=provenance,
        width=width,
        control="background jets",
    )


def _require_same_trees(network: LundNetConfig, spec: LundSpec) -> None:
    names = ("names", "plane", "kt_min_gev", "psi", "below_kt", "leaves")
    for name in names:
        learnt, said = getattr(network.tree, name), getattr(spec, name)
        if learnt != said:
            message = (
                f"export: the network was trained on trees with {name} {learnt}, the "
                f"spec says {said}; make it with network.tree.spec(...)"
            )
            raise UserError(message)


def _write_calibrated(
    path: Path | str,
    graph: Callable[[Sequence[CalibrationTable] | None], Any],
    runner: Callable[[bytes], Runner],
    *,
    folds: int,
    fold_of_control: NDArray[np.int64],
    weight: NDArray[np.float64],
    spec: FeatureSpec | LundSpec,
    provenance: Mapping[str, object],
    width: int,
    control: str,
) -> None:
    """Calibrate each fold on its own control events, measure the reserve, write."""
    # Calibrated on what the runtime gives, not PyTorch: the file measures itself.
    raw_scores, tables = runner(model_bytes(graph(None))), []
    for fold in range(folds):
        own = fold_of_control == fold
        _, raw = raw_scores(own)
        tables.append(CalibrationTable.from_control(raw[:, fold], weight[own]))
    reserve = fold_of_control == RESERVE
    score, _ = runner(model_bytes(graph(tables)))(reserve)
    write_bundle(
        path,
        graph(tables),
        spec=spec,
        folds=folds,
        provenance=provenance,
        working_points=measured_working_points(
            EFFICIENCIES,
            score,
            weight[reserve],
            measured_on=f"{len(score)} {control} that no fold was trained on",
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
