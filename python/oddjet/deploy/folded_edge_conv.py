"""An EdgeConv network as it is scored: plain maps, with batch norm folded into them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.deploy.graph_layers import count_of, folded, logit_map, under

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from oddjet.deploy.graph_layers import Weights

__all__ = ["EdgeConvDesign", "FoldedBlock", "FoldedNetwork", "LinearMap"]


@dataclass(frozen=True)
class EdgeConvDesign:
    """What the weights do not say about an EdgeConv network.

    Attributes
    ----------
    neighbours : int
        Neighbours per particle.
    slope : float
        Slope of the activation below zero.
    coordinates : (int, int)
        Columns of the features in which particles are neighbours at first.
    slots : int, optional
        Constituents that jets are padded to if empty slots take part as in
        ParticleNet for Keras; None: padding takes part in nothing.
    """

    neighbours: int
    slope: float
    coordinates: tuple[int, int]
    slots: int | None = None


@dataclass(frozen=True)
class LinearMap:
    """A map of rows, y = x weight^T + bias.

    Attributes
    ----------
    weight : float, shape (outputs, inputs)
    bias : float, shape (outputs,), optional
    """

    weight: NDArray[np.floating]
    bias: NDArray[np.floating] | None = None

    @property
    def width(self) -> int:
        """Outputs."""
        return len(self.weight)


@dataclass(frozen=True)
class FoldedBlock:
    """One EdgeConv block.

    Attributes
    ----------
    center, neighbour : LinearMap
        The first layer of the messages, of [x_i, x_j - x_i], as terms of both ends:
        computed once a particle and not once an edge.
    layers : list of LinearMap
        The others.
    shortcut : LinearMap
    """

    center: LinearMap
    neighbour: LinearMap
    layers: list[LinearMap]
    shortcut: LinearMap

    @classmethod
    def of(cls, weights: Weights) -> FoldedBlock:
        """Take the weights of one block, without their prefix."""
        weight, bias = folded(weights, "layers.0.weight", "norms.0.")
        w_center, w_difference = np.split(weight, 2, axis=1)
        count = count_of(weights, "layers.{}.weight")
        return cls(
            LinearMap(w_center - w_difference, bias),
            LinearMap(w_difference),
            [
                LinearMap(*folded(weights, f"layers.{i}.weight", f"norms.{i}."))
                for i in range(1, count)
            ],
            LinearMap(*folded(weights, "shortcut.weight", "shortcut_norm.")),
        )

    @property
    def maps(self) -> list[LinearMap]:
        """All of them, in the order of the description of a graph."""
        return [self.center, self.neighbour, *self.layers, self.shortcut]


@dataclass(frozen=True)
class FoldedNetwork:
    """One network.

    Attributes
    ----------
    mean, scale : float, shape (features,)
    blocks : list of FoldedBlock
    dense : list of LinearMap
        Each with an activation.
    output : LinearMap
        To the logit of class 1.
    """

    mean: NDArray[np.floating]
    scale: NDArray[np.floating]
    blocks: list[FoldedBlock]
    dense: list[LinearMap]
    output: LinearMap

    @classmethod
    def of(cls, weights: Weights) -> FoldedNetwork:
        """Take the state of an `EdgeConvNetwork`."""
        return cls(
            weights["feature_mean"],
            weights["feature_scale"],
            [
                FoldedBlock.of(under(weights, f"blocks.{i}."))
                for i in range(count_of(weights, "blocks.{}.shortcut.weight"))
            ],
            [
                LinearMap(weights[f"dense.{i}.weight"], weights[f"dense.{i}.bias"])
                for i in range(count_of(weights, "dense.{}.weight"))
            ],
            LinearMap(*logit_map(weights)),
        )

    @property
    def maps(self) -> list[LinearMap]:
        """All of them, in the order of the description of a graph."""
        blocks = [one for block in self.blocks for one in block.maps]
        return [*blocks, *self.dense, self.output]
