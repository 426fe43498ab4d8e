"""Literal meaning of a masked spectrum fit and of the counting likelihood."""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy import integrate, optimize, stats


def three_parameters(x, p):
    return p[0] * (1 - x) ** p[1] * x ** -p[2]


def four_parameters(x, p):
    return p[0] * (1 - x) ** p[1] * x ** (-p[2] + p[3] * math.log(x))


def ua2(x, p):
    return p[0] * x ** -p[1] * math.exp(-p[2] * x - p[3] * x**2)


FUNCTIONS = {
    "three parameters": three_parameters,
    "four parameters": four_parameters,
    "UA2": ua2,
}


def events_per_bin(name, parameters, edges_gev, energy_gev):
    function, x = FUNCTIONS[name], np.asarray(edges_gev) / energy_gev
    return np.array(
        [
            integrate.quad(function, low, high, args=(parameters,), epsabs=0)[0]
            for low, high in itertools.pairwise(x)
        ]
    )


def deviance(counts, expected):
    return 2 * sum(
        mu - n + (n * math.log(n / mu) if n > 0 else 0)
        for n, mu in zip(counts, expected, strict=True)
    )


def counting_log_likelihood(n, background, uncertainty, total, b):
    pull = stats.norm.logpdf(background, b, uncertainty)
    return float(n * math.log(total) - total + pull)


def counting_significance(n, background, uncertainty):
    """Profile b numerically at s = 0; the best s gives total = n, b = background."""

    def minus(b):
        return -counting_log_likelihood(n, background, uncertainty, b, b)

    reach = 10 * (uncertainty + math.sqrt(background + n) + 1)
    low = max(1e-9, background - reach)
    found = optimize.minimize_scalar(
        minus, bounds=(low, background + reach), options={"xatol": 1e-10}
    )
    at_best = counting_log_likelihood(n, background, uncertainty, n, background)
    root = math.sqrt(max(2 * (at_best + found.fun), 0))
    return math.copysign(root, n - background)
