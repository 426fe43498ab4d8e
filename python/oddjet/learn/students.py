"""Students by their shape: the network to train, and its graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from oddjet.deploy.deep_sets_graph import deep_sets_graph
from oddjet.deploy.edge_conv_graph import (
    EdgeConvDesign,
    bytes_per_constituent,
    edge_conv_graph,
)
from oddjet.deploy.jet_moments_graph import jet_moments_graph
from oddjet.learn.coordinates import coordinate_columns
from oddjet.learn.models.config import EdgeConvConfig
from oddjet.learn.models.deep_sets import DeepSets, deviation
from oddjet.learn.models.edge_conv import EdgeConvNetwork
from oddjet.learn.models.jet_moments import JetMomentNetwork, moment_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from oddjet.deploy.calibration import CalibrationTable
    from oddjet.features import FeatureSpec
    from oddjet.learn.student_config import StudentShape

    Weights = Mapping[str, NDArray[np.floating]]

__all__ = ["standardise", "student_bytes", "student_graph", "student_network"]


def student_network(shape: StudentShape, spec: FeatureSpec) -> nn.Module:
    """Make an untrained student, with weights of PyTorch's generator.

    Called with (values, mask) it gives one number a jet.

    Raises
    ------
    UserError
        The features lack what the student is made of.
    """
    if shape.kind == "mlp":
        return JetMomentNetwork(moment_columns(spec.features), shape.dense)
    if shape.kind == "deep_sets":
        return DeepSets(len(spec.features), shape.particle, shape.dense)
    config = EdgeConvConfig(
        blocks=shape.blocks,
        neighbours=shape.neighbours,
        dense=shape.dense,
        dropout=0.0,
    )
    columns = coordinate_columns(spec.features)
    return EdgeConvNetwork(config, len(spec.features), columns)


def standardise(network: nn.Module, values: Tensor, mask: Tensor) -> None:
    """Take some jets, (jets, n, features) and (jets, n), as the scale of inputs."""
    if isinstance(network, EdgeConvNetwork):
        rows = values[mask]
        network.standardise(rows.mean(dim=0), deviation(rows))
    elif isinstance(network, DeepSets | JetMomentNetwork):
        network.standardise(values, mask)


def student_graph(
    shape: StudentShape,
    weights: Weights,
    spec: FeatureSpec,
    calibration: Sequence[CalibrationTable] | None = None,
) -> Any:
    """Build the graph of a trained student; its scores are raw without a table."""
    if shape.kind == "mlp":
        columns = moment_columns(spec.features)
        return jet_moments_graph(weights, columns, len(spec.features), calibration)
    if shape.kind == "deep_sets":
        return deep_sets_graph(weights, calibration)
    return edge_conv_graph([weights], _design(shape, spec), calibration)


def student_bytes(shape: StudentShape, weights: Weights, spec: FeatureSpec) -> int:
    """Give what a constituent takes of the widest array inside the graph."""
    if shape.kind == "lite":
        return bytes_per_constituent(weights, _design(shape, spec))
    # The matrices of correlations have a row a constituent.
    widest = max(*shape.particle, 1) if shape.particle else spec.num_constituents
    return torch.finfo(torch.float32).bits // 8 * widest


def _design(shape: StudentShape, spec: FeatureSpec) -> EdgeConvDesign:
    return EdgeConvDesign(
        neighbours=shape.neighbours,
        slope=0.0,
        coordinates=coordinate_columns(spec.features),
    )
