"""A smooth function fitted to the sidebands of a spectrum, and what it predicts.

Counts are Poisson (of an ensemble of classifiers with the variance that it adds, and
perhaps less than Poisson before), so the fit maximises the Poisson likelihood: a
chi-square fit with the observed counts as variances would predict about one event too
few in every bin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from oddjet.runs.errors import require
from oddjet.stats.binned_density import BinnedDensity
from oddjet.stats.fit_functions import LADDER, FitFunction, Floats

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class FitAttempt:
    """One step of the ladder: a function on some of the sideband bins.

    Attributes
    ----------
    function : str
    num_bins : int
        Sideband bins fitted.
    chi2 : float
        Pearson's, with the variances that the fit expects.
    degrees_of_freedom : int
    p_value : float
        0 where the fit did not converge.
    """

    function: str
    num_bins: int
    chi2: float
    degrees_of_freedom: int
    p_value: float


@dataclass(frozen=True)
class SpectrumFit:
    """The accepted fit, or why there is none.

    Attributes
    ----------
    status, reason
        "ok", or "failed" and the reason as a sentence.
    attempts : tuple of FitAttempt
        All that was tried; the last one is the accepted one.
    function : str
        Name of the accepted function; empty where the fit failed, as are the arrays.
    parameters : float64, shape (num_parameters,)
        p1, p2, ... of dn/dx.
    fitted : bool, shape (bins,)
        Bins that were fitted.
    expected : float64, shape (bins,)
        Events expected in every bin, the masked ones included.
    covariance : float64, shape (bins, bins)
        Of `expected`, from the uncertainty of the parameters.
    """

    status: Literal["ok", "failed"]
    reason: str | None
    attempts: tuple[FitAttempt, ...]
    function: str
    parameters: Floats
    fitted: Bools
    expected: Floats
    covariance: Floats

    def merged(self, bins: Bools) -> tuple[float, float]:
        """Give the events expected in some bins together, and the uncertainty.

        Parameters
        ----------
        bins : bool, shape (bins,)

        Returns
        -------
        expected, uncertainty : float
        """
        variance = float(np.sum(self.covariance[np.ix_(bins, bins)]))
        return float(np.sum(self.expected[bins])), float(np.sqrt(variance))


def fit_spectrum(
    counts: ArrayLike,
    edges_gev: ArrayLike,
    masked: ArrayLike,
    *,
    collision_energy_gev: float = 13_000.0,
    ensemble_covariance: ArrayLike | None = None,
    dispersion: float = 1.0,
    functions: Sequence[FitFunction] = LADDER,
    p_value_min: float = 0.05,
    num_bins_min: int = 6,
) -> SpectrumFit:
    """Fit the sidebands with the first function that describes them.

    The functions are tried in turn until the chi-square probability exceeds
    `p_value_min`; if none passes, the outermost bin of each sideband is dropped and
    all are tried again, as long as `num_bins_min` bins are left.

    Parameters
    ----------
    counts : float, shape (bins,)
        Events, >= 0; medians of an ensemble need not be whole.
    edges_gev : float, shape (bins + 1,)
        Increasing, in (0, collision energy).
    masked : bool, shape (bins,)
        Signal-region bins: not looked at by the fit.
    collision_energy_gev : float
        x = mass / this.
    ensemble_covariance : float, shape (bins, bins), optional
        Variance of the counts that comes on top, with its correlation.
    dispersion : float
        > 0: the other variance of a count for each expected event, 1 for Poisson.
    functions : sequence of FitFunction
    p_value_min : float
        In [0, 1).
    num_bins_min : int
        Sideband bins that a fit must have.

    Returns
    -------
    SpectrumFit
        A fit that never passes is a result with status "failed", not an error.

    Raises
    ------
    ValueError
        Shapes that do not agree, edges that do not increase, counts that are negative
        or not finite, or a dispersion that is not positive.

    References
    ----------
    The ladder of ATLAS, weakly supervised dijet resonance search with 139 fb^-1;
    scaled Poisson for other variances: Bohm & Zech, NIM A 748 (2014) 1.

    Examples
    --------
    >>> edges = np.linspace(2000.0, 3800.0, 31)
    >>> centres = (edges[1:] + edges[:-1]) / 2
    >>> counts = np.round(1e5 * (1 - centres / 13e3) ** 9 * (centres / 2e3) ** -5)
    >>> fit = fit_spectrum(counts, edges, (centres > 2600) & (centres < 3200))
    >>> fit.function, abs(fit.expected[12] / counts[12] - 1) < 0.01
    ('three parameters', np.True_)
    """
    n, edges, hidden, extra = _checked(
        counts, edges_gev, masked, ensemble_covariance, collision_energy_gev
    )
    if not (np.isfinite(dispersion) and dispersion > 0):
        message = f"fit_spectrum: the dispersion must be positive, got {dispersion}"
        raise ValueError(message)
    attempts: list[FitAttempt] = []
    fitted = ~hidden
    while np.sum(fitted) >= num_bins_min:
        for function in functions:
            density = BinnedDensity(function, edges / collision_energy_gev, fitted)
            if np.sum(fitted) <= function.num_parameters or not np.any(n[fitted]):
                continue
            found = _fit(density, n, fitted, extra, dispersion)
            attempts.append(found.attempt)
            if found.attempt.p_value > p_value_min:
                return _accepted(density, found, fitted, tuple(attempts))
        fitted = _without_outermost(fitted, hidden)
    return _failed(n, hidden, tuple(attempts), p_value_min, num_bins_min)


@dataclass(frozen=True)
class _Found:
    theta: Floats
    covariance: Floats
    attempt: FitAttempt


def _fit(
    density: BinnedDensity, n: Floats, fitted: Bools, extra: Floats, dispersion: float
) -> _Found:
    """Fit twice where variances are not Poisson: weights follow from a first fit."""
    beyond = np.diag(extra)[fitted]
    observed = n[fitted]
    weights = np.ones(len(observed))
    theta, curvature_inverse, converged = _minimise(
        density, observed, weights, density.start(n)
    )
    if converged and (dispersion != 1 or np.any(beyond > 0)):
        expected = density.expected(theta)[fitted]
        weights = expected / (dispersion * expected + beyond)
        theta, curvature_inverse, converged = _minimise(
            density, observed, weights, theta
        )
    name = density.function.name
    freedom = len(observed) - density.function.num_parameters
    if not converged:
        attempt = FitAttempt(name, len(observed), float("inf"), freedom, 0.0)
        return _Found(theta, curvature_inverse, attempt)
    expected = density.expected(theta)[fitted]
    variance = dispersion * expected + beyond
    chi2 = float(np.sum((observed - expected) ** 2 / variance))
    p_value = float(stats.chi2.sf(chi2, freedom))
    # The sandwich: equal to the inverse curvature where bins are independent.
    score = density.jacobian(theta)[fitted] * (weights / expected)[:, None]
    spread = np.diag(dispersion * expected) + extra[np.ix_(fitted, fitted)]
    covariance = curvature_inverse @ (score.T @ spread @ score) @ curvature_inverse
    attempt = FitAttempt(name, len(observed), chi2, freedom, p_value)
    return _Found(theta, covariance, attempt)


def _minimise(
    density: BinnedDensity, observed: Floats, weights: Floats, start: Floats
) -> tuple[Floats, Floats, bool]:
    """Minimise half the deviance sum w (mu - n + n log(n / mu)) with Minuit."""
    iminuit = require("iminuit", extra="stats")
    fitted = density.fitted
    constant = float(np.sum(weights * _n_log_n(observed)))

    def cost(theta: Floats) -> float:
        log_expected, expected = density.log_expected(theta)
        terms = expected[fitted] - observed * (1 + log_expected[fitted])
        return float(np.sum(weights * terms)) + constant

    def gradient(theta: Floats) -> Floats:
        expected = density.expected(theta)[fitted]
        pull = weights * (1 - observed / expected)
        return np.asarray(density.jacobian(theta)[fitted].T @ pull)

    # A trial step may go where the exponential overflows: Minuit then steps back.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        minuit = iminuit.Minuit(cost, start, grad=gradient)
        minuit.errordef = iminuit.Minuit.LIKELIHOOD
        minuit.strategy = 1
        minuit.tol = 1e-3
        minuit.migrad()
        minuit.hesse()
    converged = bool(minuit.valid and minuit.accurate)
    size = len(start)
    found = np.array(minuit.values, np.float64)
    covariance = np.array(minuit.covariance) if converged else np.full((size, size), 0)
    return found, np.asarray(covariance, np.float64), converged


def _n_log_n(n: Floats) -> Floats:
    """Give n log n, 0 at 0."""
    return np.asarray(n * np.log(np.where(n > 0, n, 1.0)))


def _without_outermost(fitted: Bools, masked: Bools) -> Bools:
    """Drop the bin of each sideband that is furthest from the signal region."""
    left = fitted.copy()
    places = np.flatnonzero(fitted)
    inside = np.flatnonzero(masked)
    middle = inside.mean() if len(inside) else (len(fitted) - 1) / 2
    below, above = places[places < middle], places[places > middle]
    left[below[:1]] = False
    left[above[-1:]] = False
    return left


def _accepted(
    density: BinnedDensity,
    found: _Found,
    fitted: Bools,
    attempts: tuple[FitAttempt, ...],
) -> SpectrumFit:
    jacobian = density.jacobian(found.theta)
    return SpectrumFit(
        status="ok",
        reason=None,
        attempts=attempts,
        function=density.function.name,
        parameters=density.parameters(found.theta),
        fitted=fitted,
        expected=density.expected(found.theta),
        covariance=jacobian @ found.covariance @ jacobian.T,
    )


def _failed(
    n: Floats,
    masked: Bools,
    attempts: tuple[FitAttempt, ...],
    p_value_min: float,
    num_bins_min: int,
) -> SpectrumFit:
    num_sideband = int(np.sum(~masked))
    if num_sideband < num_bins_min:
        reason = f"the sidebands have {num_sideband} bins, fewer than {num_bins_min}"
    elif not attempts:
        reason = f"the sidebands hold {np.sum(n[~masked]):g} events: nothing to fit"
    else:
        best = max(attempts, key=lambda attempt: attempt.p_value)
        reason = (
            f"no function describes the sidebands: the best, '{best.function}' on "
            f"{best.num_bins} bins, has a chi-square probability of {best.p_value:.2g}"
            f", not above {p_value_min:g}"
        )
    none = np.zeros(0)
    return SpectrumFit(
        "failed",
        reason,
        attempts,
        "",
        none,
        none.astype(bool),
        none,
        none.reshape(0, 0),
    )


def _checked(
    counts: ArrayLike,
    edges_gev: ArrayLike,
    masked: ArrayLike,
    ensemble_covariance: ArrayLike | None,
    energy: float,
) -> tuple[Floats, Floats, Bools, Floats]:
    n = np.asarray(counts, np.float64)
    edges = np.asarray(edges_gev, np.float64)
    hidden = np.asarray(masked, np.bool_)
    extra = np.asarray(
        np.zeros((len(n), len(n)))
        if ensemble_covariance is None
        else ensemble_covariance,
        np.float64,
    )
    shapes = (
        n.shape,
        (len(edges) - 1,),
        hidden.shape,
        extra.shape[:1],
        extra.shape[1:],
    )
    if n.ndim != 1 or any(shape != n.shape for shape in shapes):
        message = (
            "fit_spectrum: counts, masked, edges and covariance must belong "
            f"to the same bins, got the shapes {n.shape}, {hidden.shape}, "
            f"{edges.shape}, {extra.shape}"
        )
        raise ValueError(message)
    if not (np.isfinite(n).all() and np.all(n >= 0) and np.isfinite(extra).all()):
        message = "fit_spectrum: counts and variances must be finite, counts >= 0"
        raise ValueError(message)
    if not (np.all(np.diff(edges) > 0) and edges[0] > 0 and edges[-1] < energy):
        message = (
            f"fit_spectrum: edges must increase and lie between 0 and the collision "
            f"energy of {energy:g} GeV, got {edges[0]:g} to {edges[-1]:g}"
        )
        raise ValueError(message)
    return n, edges, hidden, extra
