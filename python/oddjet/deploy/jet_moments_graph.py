"""High-level quantities of jets and a network on them as an ONNX graph.

The mathematics of `oddjet.learn.models.jet_moments`; see there for the definition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.deploy.graph_builder import GraphBuilder
from oddjet.deploy.graph_layers import dense_layers, one_logit
from oddjet.deploy.graph_scores import jet_score_graph

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from oddjet.deploy.calibration import CalibrationTable

__all__ = ["jet_moments_graph"]

FLOAT = 1  # TensorProto.DataType
HARDEST = 3


def jet_moments_graph(
    weights: Mapping[str, NDArray[np.floating]],
    columns: tuple[int, int, int],
    num_features: int,
    calibration: Sequence[CalibrationTable] | None = None,
) -> Any:
    """Build a graph that scores jets with a `JetMomentNetwork`.

    Parameters
    ----------
    weights : dict of str to array
        State of the network.
    columns : (int, int, int)
        Those of delta_rapidity, delta_azimuth and log_pt_ratio among the features.
    num_features : int
    calibration : sequence of one CalibrationTable, optional
        Without, the outputs are the raw ones.

    Returns
    -------
    onnx.GraphProto
        Inputs and outputs as those of `edge_conv_graph`; events and n are free.
    """
    graph = GraphBuilder()
    moments = _moments(graph, columns)
    x = graph.add("Sub", moments, graph.constant(weights["moment_mean"]))
    x = graph.add("Div", x, graph.constant(weights["moment_scale"]))
    logit = one_logit(graph, dense_layers(graph, x, weights, "dense"), weights)
    return jet_score_graph(graph, [[logit]], calibration, num_features=num_features)


def _moments(graph: GraphBuilder, columns: tuple[int, int, int]) -> str:
    """(events, moments), in the order of `MOMENTS`."""
    add, integers = graph.add, graph.integers
    real = add("Cast", add("Unsqueeze", "mask", integers(2)), to=FLOAT)
    is_real = add("Unsqueeze", "mask", integers(2))
    features = add("Where", is_real, "features", graph.float(0))
    rapidity, azimuth, log_ratio = (
        add("Gather", features, integers(column), axis=2) for column in columns
    )
    z = add("Mul", add("Exp", log_ratio), real)
    squares = [add("Mul", x, x) for x in (rapidity, azimuth)]
    radius = add("Sqrt", add("Add", *squares))
    parts = (real, z, radius, add("Sqrt", radius), *squares)
    stacked = add("Concat", *parts, add("Mul", rapidity, azimuth), axis=2)
    z_row = add("Transpose", z, perm=[0, 2, 1])
    sums = add("Squeeze", add("MatMul", z_row, stacked), integers(1))
    number = add("ReduceSum", real, integers(1), keepdims=0)
    root_of_number = add("Sqrt", number)
    # Zeros behind, so that a jet of one constituent has three.
    longer = add("Pad", z_row, integers(0, 0, 0, 0, 0, HARDEST))
    hardest, _ = graph.add_many(
        "TopK", longer, integers(HARDEST), outputs=2, axis=2, largest=1, sorted=1
    )
    leading = add("Squeeze", hardest, integers(1))
    correlations = _correlations(graph, rapidity, azimuth, z, real)
    return add("Concat", root_of_number, sums, leading, *correlations, axis=1)


def _correlations(
    graph: GraphBuilder, rapidity: str, azimuth: str, z: str, real: str
) -> list[str]:
    """Roots of e2 and e3 for an exponent of one, then of two: (events, 1) each."""
    add, integers = graph.add, graph.integers
    differences = []
    for x in (rapidity, azimuth):
        difference = add("Sub", x, add("Transpose", x, perm=[0, 2, 1]))
        differences.append(add("Mul", difference, difference))
    squared = add("Add", *differences)
    root = add("Sqrt", z)
    both = add("MatMul", root, add("Transpose", root, perm=[0, 2, 1]))
    # Summed by matrix products: those add in one order, however many jets there are,
    # and so do roots round. ReduceSum and Log do not.
    row = add("Transpose", real, perm=[0, 2, 1])
    roots = []
    for angle in (add("Sqrt", squared), squared):
        # sqrt(z_i z_j) R_ij: its square and its cube hold all pairs and triplets.
        matrix = add("Mul", both, angle)
        triplets = add("Mul", add("MatMul", matrix, matrix), matrix)
        for product, repeats in ((add("Mul", both, matrix), 2), (triplets, 6)):
            total = add("MatMul", add("MatMul", row, product), real)
            value = add("Sqrt", add("Mul", total, graph.float(1 / repeats)))
            value = add("Sqrt", value) if product == triplets else value
            roots.append(add("Squeeze", value, integers(1)))
    return roots
