"""The EdgeConv network as an ONNX graph, written node by node from plain arrays.

The same mathematics as `oddjet.learn.models.edge_conv` with batch norm folded into
the linear maps; see there for the definition. Particles are rows: the widest maps
are single matrix products, and ONNX Runtime fuses each with its activation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.deploy.edge_conv_text import edge_conv_text
from oddjet.deploy.faithful_rows import FaithfulRows
from oddjet.deploy.folded_edge_conv import EdgeConvDesign, FoldedNetwork
from oddjet.deploy.graph_builder import GraphBuilder
from oddjet.deploy.graph_layers import activate, linear
from oddjet.deploy.graph_scores import jet_score_graph, members_of
from oddjet.deploy.particle_rows import ParticleRows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oddjet.deploy.calibration import CalibrationTable
    from oddjet.deploy.folded_edge_conv import FoldedBlock, LinearMap
    from oddjet.deploy.graph_layers import Weights

__all__ = ["EdgeConvDesign", "bytes_per_constituent", "edge_conv_graph"]


def edge_conv_graph(
    folds: Sequence[Weights | Sequence[Weights]],
    design: EdgeConvDesign,
    calibration: Sequence[CalibrationTable] | None = None,
) -> Any:
    """Build one graph that scores jets with the networks of all folds.

    Inputs `features` (events, n, features) float32 and `mask` (events, n) bool;
    outputs `score` (events,) and `fold_scores` (events, folds), float32, `score`
    being the mean over folds. Events and n are free, zero included.

    Parameters
    ----------
    folds : sequence of (dict of str to array, or sequence of them)
        State of each fold's `EdgeConvNetwork`, or of its networks: then the fold's
        raw output is the logit of the mean of their probabilities. A network has one
        logit or two classes, of which the second is the signal region.
    design : EdgeConvDesign
    calibration : sequence of CalibrationTable, optional
        One a fold; without, the outputs are the raw logits.

    Returns
    -------
    onnx.GraphProto
    """
    networks = [
        [FoldedNetwork.of(weights) for weights in members]
        for members in members_of(folds)
    ]
    num_features = len(networks[0][0].mean)
    graph = GraphBuilder()
    particles = _particles(graph, design)
    first = particles.neighbours_in_plane(particles.columns(design.coordinates))
    logits = [
        [_logit(one, design, particles, first) for one in members]
        for members in networks
    ]
    if design.slots is None:
        graph.describe(edge_conv_text(graph, networks, design, calibration))
    return jet_score_graph(graph, logits, calibration, num_features=num_features)


def bytes_per_constituent(weights: Weights, design: EdgeConvDesign) -> int:
    """Give what a constituent takes of the widest array inside: its messages."""
    widths = [
        len(value)
        for name, value in weights.items()
        if ".layers." in name and name.endswith(".weight")
    ]
    return np.dtype(np.float32).itemsize * design.neighbours * max(widths)


def _particles(graph: GraphBuilder, design: EdgeConvDesign) -> ParticleRows:
    if design.slots is None:
        return ParticleRows.of_inputs(graph, design.neighbours)
    return FaithfulRows.of_slots(graph, design.neighbours, design.slots)


def _logit(
    network: FoldedNetwork, design: EdgeConvDesign, particles: ParticleRows, first: str
) -> str:
    """One fold's network: (events, 1)."""
    graph = particles.graph
    jets = graph.add(
        "Div",
        graph.add("Sub", particles.features, graph.constant(network.mean)),
        graph.constant(network.scale),
    )
    neighbours = first
    rows = particles.as_rows(jets, len(network.mean))
    pooled = [particles.mean(jets)]
    for block in network.blocks:
        if len(pooled) > 1:
            neighbours = particles.neighbours_in_space(jets, pooled[-1])
        rows = _edge_conv(particles, rows, neighbours, block, design.slope)
        jets = particles.as_jets(rows, block.shortcut.width)
        pooled.append(particles.mean(jets))
    together = graph.add("Concat", *pooled, axis=2)
    hidden = graph.add("Squeeze", together, graph.integers(1))
    for layer in network.dense:
        hidden = activate(graph, _mapped(graph, hidden, layer), design.slope)
    return _mapped(graph, hidden, network.output)


def _edge_conv(
    particles: ParticleRows, x: str, neighbours: str, block: FoldedBlock, slope: float
) -> str:
    """One block: (rows, inputs) -> (rows, outputs)."""
    graph = particles.graph
    center = _mapped(graph, x, block.center)
    center = graph.add("Unsqueeze", center, graph.integers(1))
    gathered = particles.gather(_mapped(graph, x, block.neighbour), neighbours)
    messages = activate(graph, graph.add("Add", gathered, center), slope)
    width = block.center.width
    messages = graph.add("Reshape", messages, graph.integers(-1, width))
    for layer in block.layers:
        messages = activate(graph, _mapped(graph, messages, layer), slope)
    mean = particles.mean_over_neighbours(messages, block.shortcut.width)
    shortcut = _mapped(graph, x, block.shortcut)
    return activate(graph, graph.add("Add", mean, shortcut), slope)


def _mapped(graph: GraphBuilder, x: str, one: LinearMap) -> str:
    return linear(graph, x, one.weight, one.bias)
