"""The functions that dijet searches fit to their falling mass spectrum.

All are log-linear in their exponents, log f = log p1 + sum_j p_j t_j(x) with
x = mass / sqrt(s): one matrix of terms gives value, gradient and curvature.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FitFunction:
    """A positive function of x in (0, 1), log-linear in its parameters.

    Attributes
    ----------
    name, formula : str
        What reports call it, and its formula in p1, p2, ... and x.
    terms : tuple of callables
        t_j(x) that p2, p3, ... multiply in the logarithm.
    """

    name: str
    formula: str
    terms: tuple[Callable[[Floats], Floats], ...]

    @property
    def num_parameters(self) -> int:
        """Count the parameters, p1 included."""
        return 1 + len(self.terms)

    def design(self, x: Floats) -> Floats:
        """Give the terms: log f = design(x) @ (log p1, p2, p3, ...).

        Parameters
        ----------
        x : float64, any shape
            In (0, 1).

        Returns
        -------
        float64, shape (..., num_parameters)
            The first column is one.
        """
        return np.stack([np.ones_like(x), *(term(x) for term in self.terms)], axis=-1)

    def __call__(self, x: ArrayLike, parameters: ArrayLike) -> Floats:
        """Give f(x) = dn/dx.

        Parameters
        ----------
        x : float, any shape
            mass / sqrt(s), in (0, 1).
        parameters : float, shape (num_parameters,)
            p1 > 0, p2, p3, ...

        Returns
        -------
        float64, as x

        Raises
        ------
        ValueError
            x outside (0, 1), p1 <= 0 or a wrong number of parameters.
        """
        position, p = np.asarray(x, np.float64), np.asarray(parameters, np.float64)
        if p.shape != (self.num_parameters,) or not p[0] > 0:
            message = (
                f"the function '{self.name}' takes {self.num_parameters} parameters, "
                f"the first of them positive, got {p.tolist()}"
            )
            raise ValueError(message)
        if not np.all((position > 0) & (position < 1)):
            message = f"the function '{self.name}' needs x = mass / sqrt(s) in (0, 1)"
            raise ValueError(message)
        values: Floats = np.exp(self.design(position) @ np.r_[np.log(p[0]), p[1:]])
        return values


def _minus_log(x: Floats) -> Floats:
    return np.asarray(-np.log(x))


def _log_of_rest(x: Floats) -> Floats:
    return np.asarray(np.log1p(-x))


def _log_squared(x: Floats) -> Floats:
    return np.asarray(np.log(x) ** 2)


def _minus(x: Floats) -> Floats:
    return -x


def _minus_square(x: Floats) -> Floats:
    return -(x**2)


THREE_PARAMETERS = FitFunction(
    "three parameters", "p1 (1-x)^p2 x^-p3", (_log_of_rest, _minus_log)
)
FOUR_PARAMETERS = FitFunction(
    "four parameters",
    "p1 (1-x)^p2 x^(-p3 + p4 log x)",
    (_log_of_rest, _minus_log, _log_squared),
)
UA2 = FitFunction(
    "UA2", "p1 x^-p2 exp(-p3 x - p4 x^2)", (_minus_log, _minus, _minus_square)
)

#: In the order in which the ATLAS weakly supervised dijet search tries them.
LADDER = (THREE_PARAMETERS, FOUR_PARAMETERS, UA2)
