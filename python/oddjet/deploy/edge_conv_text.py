"""What an EdgeConv graph computes, as text in the graph: what oddjet's kernel reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oddjet.deploy.calibration_graph import calibration_constants
from oddjet.deploy.graph_layers import map_constants
from oddjet.runs.key_values import key_value_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oddjet.deploy.calibration import CalibrationTable
    from oddjet.deploy.folded_edge_conv import EdgeConvDesign, FoldedNetwork
    from oddjet.deploy.graph_builder import GraphBuilder

__all__ = ["edge_conv_text"]


def edge_conv_text(
    graph: GraphBuilder,
    folds: Sequence[Sequence[FoldedNetwork]],
    design: EdgeConvDesign,
    calibration: Sequence[CalibrationTable] | None,
) -> str:
    """Describe a graph by its constants, in the order in which they are used.

    Parameters
    ----------
    graph : GraphBuilder
        Has the constants, or gets them.
    folds : sequence of sequences of FoldedNetwork
        All of one shape.
    design : EdgeConvDesign
    calibration : sequence of CalibrationTable, optional

    Returns
    -------
    str
        `key = value` lines that begin with ``kind = edge_conv``, which
        `oddjet::edge_conv_model` reads.
    """
    first = folds[0][0]
    facts: dict[str, object] = {
        "kind": "edge_conv",
        "num_features": len(first.mean),
        "neighbours": design.neighbours,
        "slope": design.slope,
        "coordinates": design.coordinates,
        "layers": [1 + len(block.layers) for block in first.blocks],
        "dense": len(first.dense),
        "networks": [len(members) for members in folds],
    }
    for i, members in enumerate(folds):
        for j, network in enumerate(members):
            facts[f"fold_{i}.network_{j}"] = _constants(graph, network)
    if calibration:
        facts["calibration"] = calibration_constants(graph, calibration)
    return key_value_text(facts)


def _constants(graph: GraphBuilder, network: FoldedNetwork) -> list[str]:
    names = [graph.constant(network.mean), graph.constant(network.scale)]
    for one in network.maps:
        names += map_constants(graph, one.weight, one.bias)
    return names
