"""The k nearest neighbours, by sorting all of them."""

from __future__ import annotations

import numpy as np

from definitions.kinematics import delta_phi


def knn_graph(points, k, mask=None, periodic=()):
    """(indices, valid), each of shape (jets, particles, k)."""
    jets, particles, _ = points.shape
    if mask is None:
        mask = np.ones((jets, particles), bool)
    indices = np.zeros((jets, particles, k), np.int64)
    valid = np.zeros((jets, particles, k), bool)
    for jet, i in zip(*np.nonzero(mask), strict=True):
        others = [j for j in range(particles) if j != i and mask[jet, j]]
        point = points[jet, i].astype(np.float64)
        difference = points[jet].astype(np.float64) - point
        for d in periodic:
            around = points[jet, :, d].astype(np.float64)
            difference[:, d] = [delta_phi(angle, point[d]) for angle in around]
        squared = np.zeros(particles)
        for along_axis in difference.T:  # in order: sums round alike
            squared += along_axis**2
        nearest = sorted(others, key=lambda j: (squared[j], j))[:k]
        indices[jet, i, : len(nearest)] = nearest
        valid[jet, i, : len(nearest)] = True
    return indices, valid
