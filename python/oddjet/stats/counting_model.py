"""One bin with a background known to a Gaussian uncertainty, in closed form.

n ~ Poisson(mu s + b), b0 ~ Normal(b, sigma): the merged signal region of a bump hunt.
The mean count of many selections that share a part of their events fluctuates less than
one of them: n / d is then nearly Poisson, with the dispersion d < 1.
Every maximum of its likelihood solves a quadratic, so that nothing has to converge;
`oddjet.stats.workspace` gives the same model to pyhf.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from scipy import special

__all__ = ["CountingModel", "significance_to_p"]


@dataclass(frozen=True)
class CountingModel:
    """A count, its expected background, and a signal.

    Attributes
    ----------
    observed : float
        n >= 0; the median of an ensemble need not be whole.
    background : float
        b0 > 0.
    uncertainty : float
        sigma >= 0, all Gaussian uncertainties in quadrature.
    signal : float
        s > 0: signal events at mu = 1.
    dispersion : float
        d > 0: the variance of n for each expected event, 1 for Poisson.

    Raises
    ------
    ValueError
        A number outside its range, or not finite.

    References
    ----------
    Scaled Poisson: Bohm & Zech, NIM A 748 (2014) 1.
    """

    observed: float
    background: float
    uncertainty: float
    signal: float = 1.0
    dispersion: float = 1.0

    def __post_init__(self) -> None:
        values = (
            *(self.observed, self.background, self.uncertainty),
            *(self.signal, self.dispersion),
        )
        if not (
            all(map(math.isfinite, values))
            and self.observed >= 0
            and self.background > 0
            and self.uncertainty >= 0
            and self.signal > 0
            and self.dispersion > 0
        ):
            message = (
                "a counting model needs observed >= 0, background > 0, "
                "uncertainty >= 0, signal > 0 and dispersion > 0, all finite, got "
                "{}, {}, {}, {}, {}"
            )
            raise ValueError(message.format(*values))

    def best_background(self, mu: float) -> float:
        """Give the background that fits best at a signal strength.

        The root b >= max(0, -mu s) of
        (n / (mu s + b) - 1) / d - (b - b0) / sigma^2 = 0.
        """
        variance, signal = self.uncertainty**2 / self.dispersion, mu * self.signal
        # With t = mu s + b: t^2 - 2 half t - n sigma^2 / d = 0.
        half = (self.background + signal - variance) / 2
        product = self.observed * variance
        root = math.hypot(half, math.sqrt(product))
        # The stable one of two forms: no difference of nearly equal numbers.
        total = half + root if half >= 0 else product / (root - half)
        return total - signal

    def best_mu(self) -> float:
        """Give the signal strength that fits best, negative for a deficit."""
        return (self.observed - self.background) / self.signal

    def deviance(self, mu: float) -> float:
        """Give -2 log of the likelihood ratio of mu and the best mu, >= 0."""
        n = self.observed
        b = self.best_background(mu)
        total = mu * self.signal + b
        if total <= 0:
            # Only n = 0 can be expected to be nothing at all.
            poisson = 0.0 if n == 0 else math.inf
        else:
            poisson = 2 * (total - n + float(special.xlogy(n, n / total)))
        shift = b - self.background
        pull = shift / self.uncertainty if self.uncertainty > 0 else 0.0
        return max(poisson / self.dispersion + pull**2, 0.0)

    def significance(self) -> float:
        """Give the signed local significance, negative for a deficit.

        The root of the uncapped -2 log L(0) / L(best mu): a deficit is as much a
        result as an excess.

        Examples
        --------
        >>> round(CountingModel(120, 100, 0).significance(), 3)
        1.938
        >>> round(CountingModel(120, 100, 10).significance(), 3)
        1.371
        >>> round(CountingModel(120, 100, 0, dispersion=0.5).significance(), 3)
        2.741
        """
        return math.copysign(math.sqrt(self.deviance(0.0)), self.best_mu())

    def p_value(self) -> float:
        """Give p0 = P(Z or more | background), the upper tail of a unit normal."""
        return significance_to_p(self.significance())

    def asimov(self, mu: float = 0.0) -> CountingModel:
        """Give the model whose data are what it expects, fitted at mu."""
        b = self.best_background(mu)
        return replace(self, observed=mu * self.signal + b, background=b)


def significance_to_p(significance: float) -> float:
    """Give the upper tail of a unit normal.

    Examples
    --------
    >>> significance_to_p(0.0)
    0.5
    """
    return float(special.ndtr(-significance))
