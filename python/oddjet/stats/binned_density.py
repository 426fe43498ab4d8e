"""A fit function integrated over bins, in coordinates that a minimiser likes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oddjet.stats.fit_functions import FitFunction, Floats

# Exact for polynomials of degree 7: the integral over a bin of a dijet spectrum is
# then right to better than 1e-9, while the middle of the bin errs by up to 1e-3.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(4)


class BinnedDensity:
    """Events per bin as a function of orthonormal parameters theta.

    log x, log(1-x) and log^2 x are nearly collinear within a window. Theta are the
    coefficients of combinations that are orthonormal over the fitted bins, so that a
    unit step in any of them changes log f by about one.

    Parameters
    ----------
    function : FitFunction
    edges : float64, shape (bins + 1,)
        In x = mass / sqrt(s).
    fitted : bool, shape (bins,)
        Bins over which the combinations are orthonormal.
    """

    def __init__(
        self, function: FitFunction, edges: Floats, fitted: NDArray[np.bool_]
    ) -> None:
        self.function = function
        self.fitted = fitted
        half = np.diff(edges)[:, None] / 2
        middle = (edges[1:] + edges[:-1])[:, None] / 2
        design = function.design(middle + half * _NODES)  # (bins, nodes, parameters)
        rows = design[fitted].reshape(-1, function.num_parameters)
        self._to_exponents = np.linalg.inv(np.linalg.qr(rows, mode="r"))
        self._to_exponents *= np.sqrt(len(rows))
        self._design = design @ self._to_exponents
        self._widths = half * _WEIGHTS  # (bins, nodes)

    def expected(self, theta: Floats) -> Floats:
        """Give the events in every bin, shape (bins,)."""
        return np.asarray(np.sum(self._at_nodes(theta), axis=1))

    def log_expected(self, theta: Floats) -> tuple[Floats, Floats]:
        """Give the logarithm of `expected`, and `expected`."""
        expected = self.expected(theta)
        return np.log(expected), expected

    def jacobian(self, theta: Floats) -> Floats:
        """Give d expected / d theta, shape (bins, parameters)."""
        at_nodes = self._at_nodes(theta)
        return np.asarray(np.einsum("bk,bkp->bp", at_nodes, self._design))

    def parameters(self, theta: Floats) -> Floats:
        """Give p1, p2, ... of the function; p1 is infinite beyond 1e308."""
        exponents = self._to_exponents @ theta
        # x^-p with a large p within one window takes a p1 that no double holds; what
        # is expected in the bins never goes through it.
        with np.errstate(over="ignore"):
            scale = np.exp(exponents[0])
        return np.asarray(np.r_[scale, exponents[1:]])

    def start(self, counts: Floats) -> Floats:
        """Fit the logarithms of the counts, weighted by them: where to start."""
        n = np.maximum(counts[self.fitted], 0.5)
        widths = np.sum(self._widths, axis=1)[self.fitted]
        middle = np.mean(self._design[self.fitted], axis=1)
        root = np.sqrt(n)
        solution = np.linalg.lstsq(
            middle * root[:, None], np.log(n / widths) * root, rcond=None
        )
        return np.asarray(solution[0])

    def _at_nodes(self, theta: Floats) -> Floats:
        return np.asarray(np.exp(self._design @ theta) * self._widths)
