"""Distance correlation by the n x n matrices of its definition.

Székely, Rizzo & Bakirov, Ann. Statist. 35 (2007) 2769; weighted as in J. Janik et al.,
talk, 12 Jan 2026, equations 5.18-5.28; unbiased: Székely & Rizzo, Ann. Statist. 42
(2014) 2382.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np


def distances(x):
    """Euclidean distances of the rows of x, shape (n,) or (n, d)."""
    points = x.reshape(len(x), -1).astype(np.longdouble)
    return np.sqrt(np.sum((points[:, None] - points[None]) ** 2, axis=2))


def fractions(n, weights=None):
    weights = np.ones(n) if weights is None else weights
    return weights.astype(np.longdouble) / np.sum(weights, dtype=np.longdouble)


def centred(d, p):
    """Equations 5.20 to 5.24."""
    rows = d @ p
    return d - rows[:, None] - rows[None, :] + p @ rows


def covariances(x, y, weights=None):
    """dCov^2(x, y), dVar^2(x), dVar^2(y): equations 5.25 to 5.27."""
    p = fractions(len(x), weights)
    a, b = centred(distances(x), p), centred(distances(y), p)
    return p @ (a * b) @ p, p @ (a * a) @ p, p @ (b * b) @ p


def u_centred(d):
    n = len(d)
    rows = d.sum(axis=1)
    result = d - rows[:, None] / (n - 2) - rows[None, :] / (n - 2)
    result += rows.sum() / ((n - 1) * (n - 2))
    np.fill_diagonal(result, 0.0)
    return result


def unbiased_covariances(x, y):
    n = len(x)
    a, b = u_centred(distances(x)), u_centred(distances(y))
    return tuple(np.sum(product) / (n * (n - 3)) for product in (a * b, a * a, b * b))


def _tuples_mean(n, p, size, value):
    """Mean of value(indices) over tuples of different events, by product of weights."""
    tuples = list(permutations(range(n), size))
    weights = np.array([np.prod(p[list(each)]) for each in tuples])
    return weights @ np.array([value(*each) for each in tuples]) / weights.sum()


def weighted_unbiased_covariances(x, y, weights):
    """The same by the tuples themselves: O(n^4)."""
    n, p = len(x), fractions(len(x), weights)

    def covariance(a, b):
        return (
            _tuples_mean(n, p, 2, lambda i, j: a[i, j] * b[i, j])
            - 2 * _tuples_mean(n, p, 3, lambda i, j, k: a[i, j] * b[i, k])
            + _tuples_mean(n, p, 4, lambda i, j, k, m: a[i, j] * b[k, m])
        )

    a, b = distances(x), distances(y)
    return covariance(a, b), covariance(a, a), covariance(b, b)


def ratio(covariance, variance_x, variance_y):
    if variance_x <= 0 or variance_y <= 0:
        return 0.0
    return float(covariance / np.sqrt(variance_x * variance_y))


def distance_correlation_squared(x, y, weights=None):
    return max(0.0, ratio(*covariances(x, y, weights)))


def distance_correlation(x, y, weights=None):
    return distance_correlation_squared(x, y, weights) ** 0.5


def distance_correlation_squared_unbiased(x, y, weights=None):
    if weights is None:
        return ratio(*unbiased_covariances(x, y))
    return ratio(*weighted_unbiased_covariances(x, y, weights))
