"""Limits and significances of an ABCD likelihood: asymptotic, checked by toys."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special

from oddjet.stats.abcd_likelihood import (
    AbcdLikelihood,
    AbcdUncertainties,
    best_fit,
    why_no_likelihood,
)
from oddjet.stats.limits import cls_from_test_statistics, upper_limit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from oddjet.stats.limits import CLs, UpperLimit
    from oddjet.stats.log_linear_fit import LogLinearModel
    from oddjet.stats.region_yields import FourRegions

    Array = NDArray[np.float64]

__all__ = ["AbcdLimit", "ToyCLs", "abcd_cls", "abcd_limit", "toy_cls"]

_BANDS = (-2.0, -1.0, 0.0, 1.0, 2.0)


@dataclass(frozen=True)
class AbcdLimit:
    """What the data say about a signal.

    Attributes
    ----------
    status, reason
        "ok", or "not_determined" and the reason as a sentence.
    observed : float or None
        Upper limit on mu.
    expected : tuple of five float, or None
        For a background that fluctuates by -2, -1, 0, 1 and 2 standard deviations:
        ascending.
    best_mu : float or None
        >= 0.
    significance : float or None
        Local; negative for a deficit.
    """

    status: Literal["ok", "not_determined"]
    reason: str | None = None
    observed: float | None = None
    expected: tuple[float, ...] | None = None
    best_mu: float | None = None
    significance: float | None = None


@dataclass(frozen=True)
class ToyCLs:
    """CLs from pseudo-experiments.

    Attributes
    ----------
    value, error : float
        And its binomial standard deviation; NaN if no toy of the background alone is
        at least as signal-like.
    failed : int
        Toys whose fits did not converge; they count nowhere.
    """

    value: float
    error: float
    failed: int


def abcd_cls(likelihood: AbcdLikelihood, mu: float) -> CLs:
    """Give the asymptotic CLs of a signal strength, with the statistic qtilde.

    Parameters
    ----------
    likelihood : AbcdLikelihood
    mu : float
        >= 0.

    Returns
    -------
    CLs
        NaN if a fit did not converge.

    Examples
    --------
    >>> from oddjet.stats.region_yields import FourRegions
    >>> observed = FourRegions(*np.array([[50.0], [100.0], [50.0], [100.0]]))
    >>> signal = FourRegions(*np.array([[10.0], [0.0], [0.0], [0.0]]))
    >>> round(abcd_cls(AbcdLikelihood(observed, signal), 3.0).observed, 3)
    0.009
    """
    return _Asymptotic(likelihood).cls(mu)


class _Asymptotic:
    """CLs as a function of mu; what does not depend on mu is fitted once."""

    def __init__(self, likelihood: AbcdLikelihood) -> None:
        self._observed, self._asimov = likelihood, likelihood.asimov(0.0)
        self._best = [each.best_fit() for each in (self._observed, self._asimov)]

    def cls(self, mu: float) -> CLs:
        if mu == 0:
            return cls_from_test_statistics(0.0, 0.0)
        return cls_from_test_statistics(self._q(0, mu), self._q(1, mu))

    def root(self, mu: float) -> float:
        """Give the root of q of the Asimov data, which makes the expected limits."""
        return math.sqrt(self._q(1, mu))

    def _q(self, which: int, mu: float) -> float:
        likelihood, best = (self._observed, self._asimov)[which], self._best[which]
        if best.mu[0] > mu:
            return 0.0
        fixed = likelihood.fit(mu)
        if not (fixed.converged[0] and best.converged[0]):
            return math.nan
        return max(float(fixed.deviance[0] - best.deviance[0]), 0.0)


def abcd_limit(
    observed: FourRegions[Array],
    signal: FourRegions[Array],
    uncertainties: AbcdUncertainties | None = None,
    *,
    level: float = 0.95,
    blind: bool = False,
) -> AbcdLimit:
    """Set an upper limit on a signal, with its expected bands, and test for it.

    Parameters
    ----------
    observed, signal : FourRegions of float64, shape (bins,)
        Counts, and what mu = 1 adds to them.
    uncertainties : AbcdUncertainties, optional
    level : float
        In (0, 1).
    blind : bool
        Do not look at the signal region: expected limits from the control regions,
        nothing else.

    Returns
    -------
    AbcdLimit
        Not determined where a control region is empty or a yield negative, where no
        signal passes both cuts, or where CLs does not fall to 1 - level.

    Examples
    --------
    >>> from oddjet.stats.region_yields import FourRegions
    >>> counts = FourRegions(*np.array([[50.0], [100.0], [50.0], [100.0]]))
    >>> signal = FourRegions(*np.array([[10.0], [0.0], [0.0], [0.0]]))
    >>> round(abcd_limit(counts, signal).observed, 2)
    2.27
    >>> nothing = FourRegions(*np.zeros((4, 1)))
    >>> abcd_limit(counts, nothing).reason
    'no signal passes both cuts: its efficiency is zero'
    """
    if blind:
        observed = replace(observed, pass_pass=np.zeros_like(observed.pass_fail))
    reason = why_no_likelihood(observed, signal)
    if reason is not None:
        return AbcdLimit("not_determined", reason)
    likelihood = AbcdLikelihood(observed, signal, uncertainties or AbcdUncertainties())
    if blind:
        likelihood = likelihood.blinded()
    asymptotic = _Asymptotic(likelihood)
    first = _first_guess(likelihood)
    bands = [_expected(asymptotic, n, level, first) for n in _BANDS]
    for found in bands:
        if found.value is None:
            return AbcdLimit("not_determined", f"expected limit: {found.reason}")
    expected = tuple(float(found.value) for found in bands if found.value is not None)
    if blind:
        return AbcdLimit("ok", None, None, expected)
    limit = upper_limit(
        lambda mu: asymptotic.cls(mu).observed, level=level, first=expected[2]
    )
    significance = likelihood.significance()
    if limit.value is None or math.isnan(significance):
        reason = limit.reason or "the fit of the signal strength did not converge"
        return AbcdLimit("not_determined", reason, None, expected)
    best_mu = float(likelihood.best_fit().mu[0])
    return AbcdLimit("ok", None, limit.value, expected, best_mu, significance)


def _first_guess(likelihood: AbcdLikelihood) -> float:
    """Two standard deviations of the signal region over the signal in it."""
    spread = math.sqrt(float(np.sum(likelihood.predicted()[0])) + 1)
    return 2 * spread / float(np.sum(likelihood.signal.pass_pass))


def _expected(
    asymptotic: _Asymptotic, shift: float, level: float, first: float
) -> UpperLimit:
    """Find an expected limit, of a background that fluctuates by `shift` deviations.

    CLs = Phi(shift - root) / Phi(shift) with the root of q of the Asimov data.
    """
    log_power = float(special.log_ndtr(shift))

    def cls(mu: float) -> float:
        tail = float(special.log_ndtr(shift - asymptotic.root(mu)))
        return math.exp(tail - log_power)

    return upper_limit(cls, level=level, first=first)


def toy_cls(likelihood: AbcdLikelihood, mu: float, *, toys: int, seed: int) -> ToyCLs:
    """Give CLs by pseudo-experiments, as a check of the asymptotic formulae.

    Counts are drawn from the fits to the data at mu and at no signal, and so are the
    measurements that constrain the nuisance parameters.

    Parameters
    ----------
    likelihood : AbcdLikelihood
    mu : float
        > 0.
    toys : int
        Of each hypothesis.
    seed : int

    Returns
    -------
    ToyCLs

    Examples
    --------
    >>> from oddjet.stats.region_yields import FourRegions
    >>> observed = FourRegions(*np.array([[50.0], [100.0], [50.0], [100.0]]))
    >>> signal = FourRegions(*np.array([[10.0], [0.0], [0.0], [0.0]]))
    >>> found = toy_cls(AbcdLikelihood(observed, signal), 3.0, toys=200, seed=1)
    >>> abs(found.value - 0.009) < 4 * found.error
    True
    """
    model = likelihood.model
    centres = np.zeros((1, len(model.constrained)))
    if likelihood.centres is not None:
        centres[:, model.constrained] = likelihood.centres
    q = _q_of_sets(model, likelihood.counts, centres, mu)[0]
    tails, failed = [], 0
    for stream, strength in enumerate((mu, 0.0)):
        random = np.random.default_rng([seed, stream])
        fit = likelihood.fit(strength)
        expected = model.expected(fit.values, fit.mu)
        counts = random.poisson(expected[0], (toys, expected.shape[1])).astype(float)
        pulls = random.normal(size=(toys, len(model.constrained)))
        drawn = np.where(model.constrained, fit.values + pulls, 0.0)
        statistics = _q_of_sets(model, counts, drawn, mu)
        good = np.isfinite(statistics)
        failed += int(np.sum(~good))
        # The observed q is itself a sum of rounded numbers: equal is as extreme.
        above = int(np.sum(statistics[good] >= q - 1e-9))
        tails.append((above, int(np.sum(good))))
    (above_signal, n_signal), (above_background, n_background) = tails
    if not (above_background and n_signal):
        return ToyCLs(math.nan, math.nan, failed)
    p_signal, p_background = above_signal / n_signal, above_background / n_background
    value = p_signal / p_background
    # One event more than none, so that no error is zero.
    relative = (1 - p_signal) / max(above_signal, 1) + (
        1 - p_background
    ) / above_background
    error = max(value, 1 / n_signal / p_background) * math.sqrt(relative)
    return ToyCLs(value, error, failed)


def _q_of_sets(
    model: LogLinearModel, counts: Array, centres: Array, mu: float
) -> Array:
    """Give qtilde of mu for each data set; NaN where a fit did not converge."""
    zeros = np.zeros(len(counts))
    fixed = model.fit(counts, centres, mu=zeros + mu)
    best = best_fit(model, counts, centres, non_negative=True)
    q = np.where(best.mu > mu, 0.0, np.maximum(fixed.deviance - best.deviance, 0.0))
    return np.where(fixed.converged & best.converged, q, np.nan)
