"""What an imperfect control region does to a significance.

The counting test takes the background of both regions for equal. If the signal
region's background passes a threshold (1 + delta) times as often as the control
region's, every event above it is a signal-region event with odds (1 + delta) times as
large. Here delta is a nuisance: unknown, with a width that an analyst must defend.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from oddjet.stats.fold_counts import FoldCount
from oddjet.stats.negative_binomial import LogTails, log_tails, sum_log_tails
from oddjet.stats.sigma import signed_sigma

__all__ = [
    "Mismodelling",
    "TransferResult",
    "composition_uncertainty",
    "explaining_mismodelling",
    "transfer_test",
]

# Gauss-Hermite nodes: the tails are smooth in the nuisance on the scale of its width.
_NODES = 61
# A transfer wrong by more than this factor explains anything: the search ends there.
_LARGEST_FACTOR = 100.0
# Beyond so many times the observed count, the law of the sum is not worked out.
_FAR = 20.0


@dataclass(frozen=True)
class TransferResult:
    """A counting test with an uncertain transfer from control to signal region.

    Attributes
    ----------
    significance : float
        One-sided sigma of the marginal p-value, negative for a deficit.
    log10_p : float
        Of n_sr or more.
    relative : float
        Width of the nuisance.
    statistical, systematic : float
        Parts of the uncertainty of n_sr - n_expected, in events.
    """

    significance: float
    log10_p: float
    relative: float
    statistical: float
    systematic: float


@dataclass(frozen=True)
class Mismodelling:
    """How wrong the transfer must be for an excess to mean less.

    Attributes
    ----------
    explains : float
        Relative difference delta of the pass rates that makes n_sr its median: it
        explains all of the excess (negative: of the deficit).
    hides : float or None
        Least delta with which less than `sigma` is left; None if there is no more.
    uncertainty : float or None
        Width of the nuisance at which the significance is `sigma`; None if it is
        below without, or above whatever the width.
    sigma : float
    """

    explains: float
    hides: float | None
    uncertainty: float | None
    sigma: float


def transfer_test(
    folds: Sequence[FoldCount], relative: float, *, statistical: float
) -> TransferResult:
    """Average the counting test over the uncertainty of the transfer.

    delta of the pass rates is log-normal, ln(1 + delta) ~ N(0, ln(1 + relative)), the
    same in all folds, and P(N >= n) is its mean over delta (Cousins & Highland): with
    relative = 0 the exact test, and for large counts a Gaussian uncertainty of
    relative x n_expected in quadrature with the statistical one.

    Parameters
    ----------
    folds : sequence of FoldCount
        Of the counting test. With unequal weights, effective numbers take the place
        of the counts, as they do there.
    relative : float
        >= 0; 0.1 means that the pass rate is known to 10 %.
    statistical : float
        Statistical uncertainty of the excess, for the breakdown.

    Returns
    -------
    TransferResult

    Raises
    ------
    ValueError
        A relative uncertainty that is negative or not finite.

    References
    ----------
    Cousins, Highland, Nucl. Instrum. Meth. A 320 (1992) 331; for counts with a control
    region Cousins, Linnemann, Tucker, arXiv:physics/0702156.
    """
    if not 0 <= relative < math.inf:
        message = f"transfer_test: relative must be finite and >= 0, got {relative}"
        raise ValueError(message)
    tails = _marginal(_counts_of(folds), relative)
    return TransferResult(
        significance=signed_sigma(tails),
        log10_p=tails.upper / math.log(10),
        relative=relative,
        statistical=statistical,
        systematic=relative * sum(fold.n_expected for fold in folds),
    )


def explaining_mismodelling(
    folds: Sequence[FoldCount], *, sigma: float = 2.0
) -> Mismodelling:
    """Find the mismodelling that would explain an excess.

    Parameters
    ----------
    folds : sequence of FoldCount
    sigma : float
        What is left once the excess is no longer one.

    Returns
    -------
    Mismodelling
    """
    counts = _counts_of(folds)

    def left(log_factor: float) -> float:
        return signed_sigma(counts.tails(math.exp(log_factor)))

    limit = math.log(_LARGEST_FACTOR)
    observed, expected = counts.n, sum(fold.n_expected for fold in folds)
    explains = counts.n / max(counts.expected, 1e-300) - 1
    if observed > 0 and expected > 0 and left(-limit) > 0 > left(limit):
        # Half of the probability on either side, ties shared: where sigma changes sign.
        explains = math.expm1(_root(left, -limit, limit))
    hides = uncertainty = None
    if left(0.0) > sigma:
        if left(limit) < sigma:
            hides = math.expm1(_root(lambda x: left(x) - sigma, 0.0, limit))

        def marginal(log_width: float) -> float:
            tails = _marginal(counts, math.exp(log_width))
            return signed_sigma(tails) - sigma

        if marginal(math.log(1e-3)) > 0 > marginal(limit):
            uncertainty = math.exp(_root(marginal, math.log(1e-3), limit))
    return Mismodelling(explains, hides, uncertainty, sigma)


def composition_uncertainty(
    efficiency: Mapping[str, float],
    fraction: Mapping[str, float],
    *,
    relative: float = 0.1,
) -> dict[str, float]:
    """Translate uncertain fractions of processes into one of the pass rate.

    The rate is the mean of the processes' efficiencies e, with their fractions r. A
    fraction that is larger by `relative` takes its share from all others, which
    changes the rate by relative x r (e - mean) / (1 - r) / mean.

    Parameters
    ----------
    efficiency : mapping of str to float
        Fraction of each process above the threshold.
    fraction : mapping of str to float
        Of the same processes, in the control region; they are scaled to sum to one.
    relative : float
        Relative uncertainty of each fraction; 10 % is tolerable for the method
        (arXiv:2204.11889, section 6). The largest fraction is the rest and has none.

    Returns
    -------
    dict of str to float
        Relative change of the pass rate for each process, and their quadratic sum as
        "total".

    Raises
    ------
    ValueError
        Different processes, or a mean efficiency that is not positive.

    Examples
    --------
    >>> shift = composition_uncertainty({"z": 0.01, "tt": 0.1}, {"z": 0.9, "tt": 0.1})
    >>> round(shift["tt"], 4)
    0.0474
    """
    if efficiency.keys() != fraction.keys():
        message = (
            f"composition_uncertainty: efficiencies are of {', '.join(efficiency)}, "
            f"fractions of {', '.join(fraction)}"
        )
        raise ValueError(message)
    total = sum(fraction.values())
    mean = sum(efficiency[name] * fraction[name] for name in fraction)
    if not (total > 0 and mean > 0):
        message = (
            "composition_uncertainty: no process passes the threshold, so its rate has"
            " no uncertainty"
        )
        raise ValueError(message)
    mean /= total
    rest = max(fraction, key=lambda name: fraction[name])
    shifts = {}
    for name in fraction:
        share = fraction[name] / total
        moved = relative * share / (1 - share) if name != rest else 0.0
        shifts[name] = moved * (efficiency[name] - mean) / mean
    return shifts | {"total": math.sqrt(sum(shift**2 for shift in shifts.values()))}


@dataclass(frozen=True)
class _Counts:
    """Counts whose odds a factor changes: whole numbers, or effective ones."""

    n: float
    expected: float
    k: NDArray[np.float64]
    q: NDArray[np.float64]
    exact: bool

    def tails(self, factor: float) -> LogTails:
        q = factor * self.q / (1 - self.q + factor * self.q)
        if factor * self.expected > _FAR * (self.n + 10):
            return _far_below(self.n, float(self.k.sum()), float(q.max()))
        if self.exact:
            return sum_log_tails(round(self.n), self.k.astype(np.int64), q)
        return log_tails(self.n, float(self.k[0]), float(q[0]))


def _far_below(n: float, k: float, q: float) -> LogTails:
    """Tails of a count far below what is expected: of folds as if they were one."""
    if q >= 1:
        return LogTails(0.0, -math.inf)
    return LogTails(0.0, log_tails(n, k, q).lower)


def _counts_of(folds: Sequence[FoldCount]) -> _Counts:
    n = sum(fold.num_above for fold in folds)
    n_sr = sum(fold.n_sr for fold in folds)
    expected = sum(fold.n_expected for fold in folds)
    variance = sum(fold.variance_expected for fold in folds)
    weight = sum(fold.variance_sr for fold in folds) / n_sr if n_sr > 0 else 1.0
    counted = sum(fold.k * fold.q / (1 - fold.q) for fold in folds if fold.q < 1)
    if math.isclose(expected, counted * weight, rel_tol=1e-9) and math.isclose(
        n_sr, n * weight, rel_tol=1e-9, abs_tol=1e-12
    ):
        k = np.array([fold.k for fold in folds], np.float64)
        q = np.array([fold.q for fold in folds])
        return _Counts(float(n), counted, k, q, exact=True)
    k_effective = expected**2 / variance
    scaled = expected / weight
    q = np.array([scaled / (scaled + k_effective)])
    return _Counts(
        max(n_sr, 0.0) / weight, scaled, np.array([k_effective]), q, exact=False
    )


def _marginal(counts: _Counts, relative: float) -> LogTails:
    if relative == 0:
        return counts.tails(1.0)
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    tails = [counts.tails(math.exp(math.log1p(relative) * node)) for node in nodes]
    log_weights = np.log(weights) - 0.5 * math.log(2 * math.pi)
    upper = special.logsumexp(log_weights + [tail.upper for tail in tails])
    lower = special.logsumexp(log_weights + [tail.lower for tail in tails])
    return LogTails(min(float(upper), 0.0), min(float(lower), 0.0))


def _root(function: object, low: float, high: float) -> float:
    return float(optimize.brentq(function, low, high, xtol=1e-6))
