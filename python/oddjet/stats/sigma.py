"""Probabilities as Gaussian standard deviations."""

from __future__ import annotations

from scipy import special

from oddjet.stats.negative_binomial import LogTails


def sigma_from_log_p(log_p: float) -> float:
    """Give the one-sided number of standard deviations of a tail probability.

    Parameters
    ----------
    log_p : float
        Natural logarithm of the probability, <= 0; no underflow down to -1e300.

    Returns
    -------
    float
        Positive for p < 1/2; -inf for p = 1.

    Examples
    --------
    >>> round(sigma_from_log_p(-15.065), 3)
    5.0
    """
    return -float(special.ndtri_exp(log_p))


def signed_sigma(tails: LogTails) -> float:
    """Give the significance of a count, negative for a deficit.

    Each side is judged by its own tail, which includes the observed count: the
    size never exceeds what the count deserves. A count whose tails both hold at
    least half of the probability is at the median: 0.

    Parameters
    ----------
    tails : LogTails

    Returns
    -------
    float
    """
    excess = sigma_from_log_p(tails.upper)
    deficit = sigma_from_log_p(tails.lower)
    if excess > 0:
        return excess
    return -deficit if deficit > 0 else 0.0
