"""Neighbours of one jet after the other with SciPy's k-d tree."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree


def tree_knn(points, k, **options):
    """Indices (jets, particles, k); the first found is taken for the point itself."""
    found = [cKDTree(jet, **options).query(jet, k + 1)[1] for jet in points]
    return np.stack(found)[..., 1:]
