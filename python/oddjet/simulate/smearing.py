"""Random measurement errors that keep a quantity positive."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["smear_positive"]

FloatArray = NDArray[np.float64]


def smear_positive(
    mean: FloatArray, sigma: FloatArray, random: np.random.Generator
) -> FloatArray:
    """Draw from the log-normal distribution with a given mean and deviation.

    As Delphes does for energies and momenta: where the resolution is as large
    as the quantity, a Gaussian would give negative energies, and cutting them
    would raise the mean.

    Parameters
    ----------
    mean : float64, shape (n,)
        > 0.
    sigma : float64, shape (n,)
        Standard deviation, >= 0, in the unit of `mean`.
    random : Generator
        One normal number an entry is drawn from it.

    Returns
    -------
    float64, shape (n,)

    Examples
    --------
    >>> ten = np.full(100_000, 10.0)
    >>> drawn = smear_positive(ten, np.full(100_000, 8.0), np.random.default_rng(1))
    >>> round(float(drawn.mean())), round(float(drawn.std())), bool(drawn.min() > 0)
    (10, 8, True)
    """
    variance = np.log1p((sigma / mean) ** 2)
    normal = random.standard_normal(len(mean))
    return mean * np.exp(np.sqrt(variance) * normal - 0.5 * variance)
