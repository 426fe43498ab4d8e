"""Images of jets, most of whose pixels are empty, as the pixels that are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SparseImages"]


@dataclass(frozen=True)
class SparseImages:
    """Images of events, a few per cent of whose pixels were hit.

    Of 75 x 75 pixels a jet hits some fifty: 48,000 events with two channels take
    2.1 GB as images and 50 MB as this.

    Attributes
    ----------
    offsets : int64, shape (events + 1,)
    pixels : int32, shape (hits,)
        Place in the image of an event, channels first, C order.
    values : float32, shape (hits,)
    shape : (int, int, int)
        Channels, pixels along eta, pixels along phi.
    """

    offsets: NDArray[np.int64]
    pixels: NDArray[np.int32]
    values: NDArray[np.float32]
    shape: tuple[int, int, int]

    @classmethod
    def of(cls, images: NDArray[np.float32]) -> SparseImages:
        """Take the pixels that are not zero.

        Parameters
        ----------
        images : float32, shape (events, channels, bins, bins)

        Examples
        --------
        >>> found = SparseImages.of(np.eye(2, dtype=np.float32)[None, None])
        >>> found.pixels.tolist(), found.values.tolist()
        ([0, 3], [1.0, 1.0])
        """
        events, *shape = images.shape
        flat = images.reshape(events, -1)
        event, pixel = np.nonzero(flat)
        offsets = np.zeros(events + 1, np.int64)
        np.cumsum(np.bincount(event, minlength=events), out=offsets[1:])
        values = flat[event, pixel]
        return cls(offsets, pixel.astype(np.int32), values, tuple(shape))

    def __len__(self) -> int:
        """Count the events."""
        return len(self.offsets) - 1

    def __getitem__(
        self, chosen: NDArray[np.bool_] | NDArray[np.int64]
    ) -> SparseImages:
        """Select events, by a mask or by indices."""
        rows = np.arange(len(self))[chosen]
        hits, offsets = self._hits(rows)
        return SparseImages(offsets, self.pixels[hits], self.values[hits], self.shape)

    @staticmethod
    def concatenate(parts: Sequence[SparseImages]) -> SparseImages:
        """Put images of one shape one after the other; at least one part."""
        counts = np.concatenate([np.diff(part.offsets) for part in parts])
        return SparseImages(
            np.concatenate([[0], np.cumsum(counts)]),
            np.concatenate([part.pixels for part in parts]),
            np.concatenate([part.values for part in parts]),
            parts[0].shape,
        )

    def dense(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Draw some events.

        Parameters
        ----------
        rows : int64, shape (n,)

        Returns
        -------
        float32, shape (n, channels, bins, bins)
        """
        hits, offsets = self._hits(rows)
        size = int(np.prod(self.shape))
        images = np.zeros((len(rows), size), np.float32)
        event = np.repeat(np.arange(len(rows)), np.diff(offsets))
        images[event, self.pixels[hits]] = self.values[hits]
        return images.reshape(len(rows), *self.shape)

    def channel_scale(self) -> NDArray[np.float32]:
        """Give the root mean square of the hit pixels, of each channel.

        Returns
        -------
        float32, shape (channels,)
            1 for a channel without any.
        """
        channel = self.pixels // (self.shape[1] * self.shape[2])
        sums, hits = (
            np.bincount(channel, weights, minlength=self.shape[0])
            for weights in (self.values.astype(np.float64) ** 2, None)
        )
        mean = np.divide(sums, hits, out=np.ones(self.shape[0]), where=hits > 0)
        return np.sqrt(mean).astype(np.float32)

    def _hits(
        self, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the places of the hits of events, and their offsets."""
        counts = np.diff(self.offsets)[rows]
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.cumsum(counts, out=offsets[1:])
        shift = np.repeat(self.offsets[rows] - offsets[:-1], counts)
        return np.arange(offsets[-1]) + shift, offsets
