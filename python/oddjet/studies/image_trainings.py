"""What networks of jet images are trained on, and how they are asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.learn.sparse_images import SparseImages
from oddjet.runs.seeds import derive_seed
from oddjet.stats.classification import best_accuracy
from oddjet.studies.training_sets import VALIDATION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from oddjet.learn.classifier_config import FittingConfig
    from oddjet.learn.models.image_config import ImageNetworkConfig
    from oddjet.learn.network_fitting import FittedNetwork
    from oddjet.studies.image_samples import ImageSample

    Regions = Mapping[str, tuple[NDArray[np.int64], NDArray[np.int64]]]

__all__ = ["ImageTraining", "joined_images", "scored_images"]


@dataclass(frozen=True)
class ImageTraining:
    """Events of two classes, first the originals, then copies of those that train.

    Attributes
    ----------
    images : SparseImages
    label : bool, shape (events,)
        True for the class that is to score high.
    weights : float64, shape (events,)
    trains, validates : int64 arrays
        Rows; copies never validate.
    num_originals : int
    """

    images: SparseImages
    label: NDArray[np.bool_]
    weights: NDArray[np.float64]
    trains: NDArray[np.int64]
    validates: NDArray[np.int64]
    num_originals: int

    @classmethod
    def of(
        cls,
        samples: Mapping[str, ImageSample],
        copies: Mapping[str, SparseImages],
        regions: Regions,
        seed: int,
    ) -> ImageTraining:
        """Split events into what trains and what validates, then add copies.

        Parameters
        ----------
        samples : mapping of process to ImageSample
        copies : mapping of process to SparseImages
            All events of a sample once a copy; empty for none.
        regions : mapping of process to (int64 array, int64 array)
            Events of the class that is to score high, and of the other.
        seed : int
            Of the split, which does not depend on `copies`.

        Returns
        -------
        ImageTraining
        """
        groups = [
            (name, rows, is_region)
            for name, both in regions.items()
            for rows, is_region in zip(both, (True, False), strict=True)
        ]
        images, label, weights = joined_images(samples, groups)
        random = np.random.default_rng(derive_seed(seed, "validation"))
        validates = random.random(len(label)) < VALIDATION
        parts, rows_of_parts = [images], [np.arange(len(label))]
        start = 0
        for name, rows, _ in groups:
            here = np.arange(start, start + len(rows))
            start += len(rows)
            if name not in copies:
                continue
            learns = ~validates[here]
            size = len(samples[name])
            for copy in range(len(copies[name]) // size):
                parts.append(copies[name][copy * size + rows[learns]])
                rows_of_parts.append(here[learns])
        source = np.concatenate(rows_of_parts)
        trains = np.concatenate(
            [np.flatnonzero(~validates), np.arange(len(label), len(source))]
        )
        return cls(
            SparseImages.concatenate(parts), label[source], weights[source], trains,
            np.flatnonzero(validates), len(label),
        )  # fmt: skip

    def weak_accuracies(self, fitted: FittedNetwork) -> dict[str, float]:
        """Judge by the labels of the regions, as one can where truth is not known."""
        found = {}
        for name, rows in (
            ("accuracy_training", self.trains[self.trains < self.num_originals]),
            ("accuracy_validation", self.validates),
        ):
            score = scored_images(fitted, self.images[rows])
            found[name] = best_accuracy(score, self.label[rows], self.weights[rows])
        return found

    def fit(
        self, network: ImageNetworkConfig, config: FittingConfig, seed: int
    ) -> FittedNetwork:
        """Train a network."""
        from oddjet.learn.image_training import fit_image_network
        from oddjet.learn.member_batches import Member

        return fit_image_network(
            network,
            self.images,
            self.label,
            self.weights,
            member=Member(self.trains, self.validates, derive_seed(seed, "network")),
            config=config,
        )


def scored_images(fitted: FittedNetwork, images: SparseImages) -> NDArray[np.float32]:
    """Give the logits of a network, shape (events,)."""
    from oddjet.learn.image_training import ImageInputs

    return fitted.logits(ImageInputs(images))


def joined_images(
    samples: Mapping[str, ImageSample],
    groups: Sequence[tuple[str, NDArray[np.int64], bool]],
) -> tuple[SparseImages, NDArray[np.bool_], NDArray[np.float64]]:
    """Join groups of events; in each the mean weight is one: numbers are asked for."""
    filled = [group for group in groups if len(group[1])]
    weights = [samples[name].weights[rows] for name, rows, _ in filled]
    return (
        SparseImages.concatenate([samples[n].images[rows] for n, rows, _ in filled]),
        np.repeat([label for _, _, label in filled], [len(w) for w in weights]),
        np.concatenate([each / np.mean(each) for each in weights]),
    )
