"""Jets of different sizes without their padding, and neighbours within each jet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "Edges",
    "PackedJets",
    "distances_by_differences",
    "distances_by_products",
]


@dataclass(frozen=True)
class Edges:
    """Neighbours of each particle: what it listens to.

    Attributes
    ----------
    neighbours : int64, shape (edges,)
        Packed index of the neighbour, for the valid slots only, particle by particle.
    slots : int64, shape (edges,), or None
        Position of each edge in the (particles * k) slots; None if all are valid.
    counts : int64, shape (particles,)
        Neighbours of each particle: fewer than k in a jet of n <= k particles.
    k : int
    """

    neighbours: Tensor
    slots: Tensor | None
    counts: Tensor
    k: int

    def to(self, device: torch.device) -> Edges:
        """Move the graph to a device."""
        slots = None if self.slots is None else self.slots.to(device)
        neighbours, counts = self.neighbours.to(device), self.counts.to(device)
        return Edges(neighbours, slots, counts, self.k)

    def gather(self, center: Tensor, neighbour: Tensor) -> Tensor:
        """Add the terms of both ends of each edge: (particles, c) -> (edges, c)."""
        at_neighbour = neighbour.index_select(0, self.neighbours)
        if self.slots is None:
            by_particle = at_neighbour.view(len(center), self.k, center.shape[1])
            return (by_particle + center[:, None, :]).flatten(0, 1)
        particles = self.slots.div(self.k, rounding_mode="floor")
        return center.index_select(0, particles) + at_neighbour

    def mean(self, messages: Tensor) -> Tensor:
        """Average over each particle's neighbours: (edges, c) -> (particles, c).

        A particle without neighbours gets zero.
        """
        width = messages.shape[1]
        if self.slots is not None:
            empty = messages.new_zeros(len(self.counts) * self.k, width)
            messages = empty.index_copy(0, self.slots, messages)
        total = messages.view(-1, self.k, width).sum(dim=1)
        return total / self.counts.clamp(min=1)[:, None]


@dataclass(frozen=True)
class PackedJets:
    """Where the real particles of a padded batch are.

    Only real particles are computed with: padding costs nothing and cannot enter
    batch-norm statistics, neighbours or means.

    Attributes
    ----------
    mask : bool, shape (jets, n)
    counts : int64, shape (jets,)
        Real particles per jet; zero is allowed.
    jet, position : int64, shape (particles,)
        Jet of each real particle and its position among the n.
    """

    mask: Tensor
    counts: Tensor
    jet: Tensor
    position: Tensor

    @classmethod
    def of(cls, mask: Tensor) -> PackedJets:
        """Find the real particles of a batch."""
        jet, position = mask.nonzero(as_tuple=True)
        return cls(mask, mask.sum(dim=1), jet, position)

    def pack(self, padded: Tensor) -> Tensor:
        """Take the real particles: (jets, n, c) -> (particles, c)."""
        return padded[self.jet, self.position]

    def unpack(self, packed: Tensor) -> Tensor:
        """Put them back among zeros: (particles, c) -> (jets, n, c)."""
        padded = packed.new_zeros(*self.mask.shape, packed.shape[1])
        padded[self.jet, self.position] = packed
        return padded

    def mean(self, packed: Tensor) -> Tensor:
        """Average over each jet: (particles, c) -> (jets, c); zero for an empty jet."""
        # "unsafe": skip the check that counts are not negative, which fails without
        # jets.
        total = torch.segment_reduce(packed, "sum", lengths=self.counts, unsafe=True)
        return total / self.counts.clamp(min=1)[:, None]

    @torch.no_grad()
    def edges(self, points: Tensor, *, k: int, exact: bool) -> Edges:
        """Connect each particle to its k nearest particles of the same jet.

        A particle is never its own neighbour; equal distances go to the lower
        index. The choice of neighbours has no gradient.

        Parameters
        ----------
        points : Tensor, shape (particles, dimensions)
        k : int
        exact : bool
            True for a few dimensions: differences are squared and summed, so equal
            distances are equal in floating point. False: by scalar products, which
            stays affordable in many dimensions.
        """
        padded = self.unpack(points)
        missing = max(k - padded.shape[1], 0)
        padded = torch.nn.functional.pad(padded, (0, 0, 0, missing))
        mask = torch.nn.functional.pad(self.mask, (0, missing))
        if exact:
            squared = distances_by_differences(padded)
        else:
            squared = distances_by_products(padded, mask)
        squared = squared.masked_fill(~mask[:, None, :], torch.inf)
        squared.diagonal(dim1=1, dim2=2).fill_(torch.inf)
        # A stable sort, because topk leaves the order of equal distances open.
        distances, indices = squared.sort(dim=2, stable=True)
        valid = self.pack(distances[..., :k]) < torch.inf
        # From a position among the padded to a row among the packed.
        row = mask.flatten().cumsum(0) - 1
        packed = row[self.pack(indices[..., :k]) + self.jet[:, None] * mask.shape[1]]
        slots = None if bool(valid.all()) else valid.flatten().nonzero()[:, 0]
        neighbours = packed.flatten() if slots is None else packed.flatten()[slots]
        return Edges(neighbours, slots, valid.sum(dim=1), k)


def distances_by_differences(points: Tensor) -> Tensor:
    """Squared distances (jets, n, n), summed over dimensions in their order."""
    total = points.new_zeros(())
    for coordinate in points.unbind(dim=2):
        difference = coordinate[:, :, None] - coordinate[:, None, :]
        total = total + difference * difference
    return total


def distances_by_products(points: Tensor, mask: Tensor) -> Tensor:
    """Squared distances (jets, n, n) as |a|^2 + |b|^2 - 2 a b.

    About the mean of the jet's real particles, where the cancellation is smallest.
    """
    real = mask[:, :, None]
    total = (points * real).sum(dim=1, keepdim=True)
    centred = points - total / real.sum(dim=1, keepdim=True).clamp(min=1)
    norm = (centred * centred).sum(dim=2)
    both = norm[:, :, None] + norm[:, None, :]
    return torch.baddbmm(both, centred, centred.transpose(1, 2), alpha=-2)
