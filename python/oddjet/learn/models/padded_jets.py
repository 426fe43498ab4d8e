"""Jets with their padding, which takes part as it does in ParticleNet for Keras.

For comparison with published numbers. `PackedJets` is the better choice: here, what
a network says of a jet depends on how many empty slots stand behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from oddjet.learn.models.packed_jets import (
    Edges,
    distances_by_differences,
    distances_by_products,
)

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["SHIFT", "PaddedJets"]

#: Added to every coordinate of an empty slot, which puts it far from all particles.
SHIFT = 999.0


@dataclass(frozen=True)
class PaddedJets:
    """Slots of a padded batch, all of which are computed with.

    Empty slots hold zeros, enter batch-norm statistics, are neighbours of the
    particles of jets with too few others, and dilute the mean over a jet, for which
    they are zeroed again.

    Attributes
    ----------
    mask : bool, shape (jets, slots)
        True for a particle.
    """

    mask: Tensor

    def pack(self, padded: Tensor) -> Tensor:
        """Take all slots, zeros where empty: (jets, slots, c) -> (rows, c)."""
        return padded.masked_fill(~self.mask[:, :, None], 0).flatten(0, 1)

    def mean(self, packed: Tensor) -> Tensor:
        """Average over all slots of each jet: (rows, c) -> (jets, c)."""
        padded = packed.view(*self.mask.shape, packed.shape[1])
        return (padded * self.mask[:, :, None]).mean(dim=1)

    @torch.no_grad()
    def edges(self, points: Tensor, *, k: int, exact: bool) -> Edges:
        """Connect each slot to its k nearest of the same jet, the first left out.

        Of the k + 1 nearest slots, equal distances going to the lower index, the
        first is taken for the slot itself and dropped. So of particles at one point
        some are neighbours of themselves, as in the original.

        Parameters
        ----------
        points : Tensor, shape (rows, dimensions)
        k : int
            Less than the number of slots.
        exact : bool
            As in `PackedJets.edges`.
        """
        jets, slots = self.mask.shape
        padded = points.view(jets, slots, -1)
        padded = padded + SHIFT * ~self.mask[:, :, None]
        if exact:
            squared = distances_by_differences(padded)
        else:
            squared = distances_by_products(padded, self.mask).clamp(min=0)
        # Empty slots of a jet are at one point; their scalar products would not say
        # so to the last bit, nor those of a particle with itself.
        empty = ~self.mask
        squared = squared.masked_fill(empty[:, None, :] & empty[:, :, None], 0)
        squared.diagonal(dim1=1, dim2=2).fill_(0)
        _, indices = squared.sort(dim=2, stable=True)
        first = torch.arange(jets, device=points.device) * slots
        rows = indices[..., 1 : k + 1] + first[:, None, None]
        counts = rows.new_full((jets * slots,), k)
        return Edges(rows.flatten(), None, counts, k)
