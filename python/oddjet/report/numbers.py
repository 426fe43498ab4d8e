"""How numbers are rounded for people."""

from __future__ import annotations

import math

__all__ = [
    "MINUS",
    "NOTHING",
    "format_count",
    "format_expectation",
    "format_p_value",
    "format_percent",
    "format_sigma",
    "format_weighted",
]

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"


def format_count(count: int) -> str:
    """Write a number of events: 1666 becomes 1,666."""
    return f"{count:,d}"


def format_expectation(expected: float) -> str:
    """Write an expected number: a decimal where it means something.

    Examples
    --------
    >>> format_expectation(101.04), format_expectation(12345.6)
    ('101.0', '12,346')
    >>> format_expectation(0.0312)
    '0.031'
    """
    if 0.0 < abs(expected) < 0.1:
        return f"{expected:.2g}"
    return f"{expected:,.1f}" if abs(expected) < 1000.0 else f"{expected:,.0f}"


def format_sigma(sigma: float) -> str:
    """Write standard deviations to one decimal, without a negative zero.

    Examples
    --------
    >>> format_sigma(6.34), format_sigma(-0.04)
    ('6.3', '0.0')
    """
    rounded = round(sigma, 1) + 0.0
    return f"{rounded:.1f}".replace("-", MINUS)


def format_p_value(p_value: float | None, log10_p_value: float | None = None) -> str:
    """Write a p-value with its relation sign: "= 0.34", "= 1.2e-10", "> 0.999".

    `log10_p_value` gives the digits where the p-value itself is below the smallest
    double.

    Examples
    --------
    >>> format_p_value(0.0, -410.3)
    '= 5.0e-411'
    """
    if p_value is None and log10_p_value is None:
        return "unknown"
    if log10_p_value is None:
        log10_p_value = math.log10(p_value) if p_value else -math.inf
    if p_value is None or p_value < 0.001:
        return _format_small(log10_p_value)
    if p_value > 0.999:
        return "> 0.999"
    return f"= {p_value:.3f}" if p_value >= 0.9 else f"= {p_value:.2g}"


def format_percent(numerator: float, denominator: float) -> str:
    """Write a ratio in percent, without the sign; a dash if there is none.

    Examples
    --------
    >>> format_percent(1, 3), format_percent(1, 50000), format_percent(1, 0)
    ('33.33', '0.002', '–')
    """
    if denominator == 0:
        return NOTHING
    percent = 100.0 * numerator / denominator
    tiny = 0.0 < abs(percent) < 0.01
    return (f"{percent:.1g}" if tiny else f"{percent:.2f}").replace("-", MINUS)


def format_weighted(sum_weights: float, sum_weights_squared: float) -> str:
    """Write a sum of weights with its statistical uncertainty."""
    error = math.sqrt(sum_weights_squared)
    # Digits follow the error, so that a column of similar cuts lines up.
    decimals = 0 if error >= 10.0 else 1 if error >= 1.0 else 2
    value = f"{sum_weights:,.{decimals}f}".replace("-", MINUS)
    return f"{value} ± {error:,.{decimals}f}"


def _format_small(log10_p_value: float) -> str:
    if log10_p_value == -math.inf:
        return "= 0"
    exponent = math.floor(log10_p_value)
    mantissa = 10.0 ** (log10_p_value - exponent)
    if mantissa >= 9.95:  # would be written 10.0
        mantissa, exponent = 1.0, exponent + 1
    return f"= {mantissa:.1f}e{exponent:d}"
