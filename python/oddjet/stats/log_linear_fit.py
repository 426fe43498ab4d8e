"""Poisson counts whose background is a product of factors, fitted for many data sets.

In each cell c the expectation is

    lambda_c = exp(k_c + sum_p A_cp v_p) + mu s_c exp(sum_p B_cp v_p),

a background of which the logarithm is linear in the parameters v and a signal with
log-normal uncertainties: the ABCD method, transfer factors, luminosities. Some of the
parameters are constrained by a unit normal. Newton's method with its exact Hessian fits
all data sets at once, which is what makes pseudo-experiments cheap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["Fit", "LogLinearModel"]

#: Newton's method needs about ten; a control region that empties costs one a unit of
#: its logarithm, down to expectations that no count can tell from nothing.
_MAX_STEPS = 200
#: Of the deviance, in one step: below it the minimum is found.
_ENOUGH = 1e-13
#: A logarithm moves by no more in one step: exp of it must not overflow.
_LONGEST_STEP = 3.0


@dataclass(frozen=True)
class Fit:
    """The minimum of the deviance, for each data set.

    Attributes
    ----------
    values : float64, shape (sets, parameters)
        v.
    mu : float64, shape (sets,)
    deviance : float64, shape (sets,)
        Twice the negative logarithm of the likelihood, over that of a perfect fit.
    converged : bool, shape (sets,)
    """

    values: Array
    mu: Array
    deviance: Array
    converged: NDArray[np.bool_]


@dataclass(frozen=True)
class LogLinearModel:
    """The constants of the expectation.

    Attributes
    ----------
    log_background : float64, shape (cells,)
        k.
    background_design : float64, shape (cells, parameters)
        A.
    signal : float64, shape (cells,)
        s at mu = 1, >= 0.
    signal_design : float64, shape (cells, parameters)
        B.
    constrained : bool, shape (parameters,)
        Which of v a unit normal constrains.
    """

    log_background: Array
    background_design: Array
    signal: Array
    signal_design: Array
    constrained: NDArray[np.bool_]

    def expected(self, values: Array, mu: Array) -> Array:
        """Give lambda, shape (sets, cells)."""
        background, signal = self._parts(values)
        return background + mu[:, None] * signal

    def _parts(self, values: Array) -> tuple[Array, Array]:
        background = np.exp(self.log_background + values @ self.background_design.T)
        return background, self.signal * np.exp(values @ self.signal_design.T)

    def deviance(
        self, counts: Array, centres: Array, values: Array, mu: Array
    ) -> Array:
        """Give twice the negative log likelihood ratio to a perfect fit.

        Parameters
        ----------
        counts : float64, shape (sets, cells)
        centres : float64, shape (sets, parameters)
            What the constraints measured; not looked at where there is none.
        values, mu : as in `Fit`

        Returns
        -------
        float64, shape (sets,)
            inf where an expectation is not above zero.
        """
        expected = self.expected(values, mu)
        possible = expected.min(axis=1) > 0
        poisson = 2 * _poisson_deviance(counts, np.where(expected > 0, expected, 1.0))
        pulls = np.where(self.constrained, values - centres, 0.0)
        total = poisson.sum(axis=1) + (pulls**2).sum(axis=1)
        return np.where(possible, total, np.inf)

    def slope(self, counts: Array, fit: Fit) -> Array:
        """Give the derivative of the profiled deviance by mu, shape (sets,).

        At a fit with mu held the derivatives by all else vanish, so that the partial
        derivative is the whole one.
        """
        background, signal = self._parts(fit.values)
        ratio = counts / (background + fit.mu[:, None] * signal)
        slope: Array = 2 * ((1 - ratio) * signal).sum(axis=1)
        return slope

    def fit(
        self,
        counts: Array,
        centres: Array,
        *,
        mu: Array,
        free: bool = False,
        start: Array | None = None,
    ) -> Fit:
        """Minimise the deviance.

        Parameters
        ----------
        counts, centres
            As for `deviance`.
        mu : float64, shape (sets,)
            Held, or where to start if `free`.
        free : bool
            Fit mu as well; it may become negative as long as each expectation stays
            above zero.
        start : float64, shape (sets, parameters), optional
            Zeros if not given.

        Returns
        -------
        Fit
        """
        sets, parameters = len(counts), len(self.constrained)
        point = np.zeros((sets, parameters + 1))
        point[:, :-1] = 0.0 if start is None else start
        point[:, -1] = mu
        deviance = self.deviance(counts, centres, point[:, :-1], point[:, -1])
        damping = np.full(sets, 1e-6)
        active = np.arange(sets)
        for _ in range(_MAX_STEPS):
            step, gain = self._step(
                counts[active], centres[active], point[active], damping[active], free
            )
            # A step that is expected to gain nothing more ends the search.
            going = np.isfinite(gain) & (gain > _ENOUGH)
            active, step = active[going], step[going]
            if not len(active):
                break
            tried = point[active] - step
            found = self.deviance(
                counts[active], centres[active], tried[:, :-1], tried[:, -1]
            )
            # Rounding may raise a deviance that is at its minimum.
            better = found <= deviance[active] + 1e-13 * (1 + deviance[active])
            accepted = active[better]
            point[accepted], deviance[accepted] = tried[better], found[better]
            damping[active] *= np.where(better, 0.1, 10.0)
            damping[active] = np.clip(damping[active], 1e-12, 1e12)
        converged = np.ones(sets, bool)
        converged[active] = False
        return Fit(point[:, :-1], point[:, -1], deviance, converged)

    def _step(
        self, counts: Array, centres: Array, point: Array, damping: Array, free: bool
    ) -> tuple[Array, Array]:
        """Give Newton's step, and by how much it should lower the deviance."""
        gradient, hessian, information = self._derivatives(counts, centres, point)
        if not free:
            gradient[:, -1], hessian[:, -1, :], hessian[:, :, -1] = 0.0, 0.0, 0.0
            hessian[:, -1, -1] = information[:, -1, -1] = 1.0
        # In units in which each parameter is known to one: signal strengths of any
        # scale, and regions that empty. Unlike the Hessian the information is positive.
        unit = 1 / np.sqrt(np.maximum(np.einsum("tpp->tp", information), 1e-300))
        hessian *= unit[:, :, None] * unit[:, None, :]
        np.einsum("tpp->tp", hessian)[...] += damping[:, None]
        step = unit * np.linalg.solve(hessian, (unit * gradient)[..., None])[..., 0]
        longest = np.abs(step[:, :-1]).max(axis=1, initial=0.0)
        share = np.minimum(1.0, _LONGEST_STEP / np.maximum(longest, 1e-300))
        step *= np.minimum(share, self._room(point, step[:, -1]))[:, None]
        return step, np.abs((gradient * step).sum(axis=1)) / 2

    def _room(self, point: Array, fall_of_mu: Array) -> Array:
        """Give the share of a step that leaves a tenth of each expectation.

        A negative signal may take all that is expected in a cell without events: its
        best value is approached, never reached.
        """
        background, unit = self._parts(point[:, :-1])
        fall = np.maximum(fall_of_mu, 0.0)[:, None] * unit
        left = 0.9 * (background + point[:, -1:] * unit)
        # A cell that falls by little has room for more than a whole step.
        room: Array = (left / np.maximum(fall, 0.1 * left)).min(axis=1)
        return room

    def _derivatives(
        self, counts: Array, centres: Array, point: Array
    ) -> tuple[Array, Array, Array]:
        """Give gradient, Hessian and Fisher information of the deviance by (v, mu)."""
        values, mu = point[:, :-1], point[:, -1:]
        background, unit = self._parts(values)
        signal = mu * unit
        expected = background + signal
        a, b = self.background_design, self.signal_design
        # Of lambda by (v, mu), shape (sets, cells, parameters + 1).
        first = np.concatenate(
            [background[..., None] * a + signal[..., None] * b, unit[..., None]], axis=2
        )
        lack = 1 - counts / expected
        gradient = 2 * np.einsum("tc,tcp->tp", lack, first)
        by_row = np.swapaxes(first, 1, 2)
        hessian = 2 * (by_row * (counts / expected**2)[:, None, :]) @ first
        information = 2 * (by_row / expected[:, None, :]) @ first
        curvature = (
            np.swapaxes((lack * background)[..., None] * a[None], 1, 2) @ a
            + np.swapaxes((lack * signal)[..., None] * b[None], 1, 2) @ b
        )
        hessian[:, :-1, :-1] += 2 * curvature
        mixed = 2 * (lack * unit) @ b
        hessian[:, :-1, -1] += mixed
        hessian[:, -1, :-1] += mixed
        pulls = np.where(self.constrained, values - centres, 0.0)
        gradient[:, :-1] += 2 * pulls
        for matrix in (hessian, information):
            np.einsum("tpp->tp", matrix)[:, :-1] += 2.0 * self.constrained
        return gradient, hessian, information


def _poisson_deviance(counts: Array, expected: Array) -> Array:
    """Give expected - n + n ln(n / expected), without cancellation near equality."""
    some = counts > 0
    n = np.where(some, counts, 1.0)
    excess = np.where(some, expected, 1.0) / n - 1
    return np.where(some, n * (excess - np.log1p(excess)), expected)
