from __future__ import annotations

import math

import pytest

from oddjet.report.numbers import (
    MINUS,
    NOTHING,
    format_count,
    format_expectation,
    format_p_value,
    format_percent,
    format_sigma,
    format_weighted,
)


@pytest.mark.parametrize(
    ("sigma", "text"),
    [(6.34, "6.3"), (-0.04, "0.0"), (-2.26, f"{MINUS}2.3"), (14.89, "14.9")],
)
def test_sigma_has_one_decimal_and_no_negative_zero(sigma: float, text: str) -> None:
    assert format_sigma(sigma) == text


@pytest.mark.parametrize(
    ("p_value", "log10_p_value", "text"),
    [
        (0.344, None, "= 0.34"),
        (0.0123, None, "= 0.012"),
        (1.24e-10, math.log10(1.24e-10), "= 1.2e-10"),
        (9.97e-5, None, "= 1.0e-4"),
        (0.989, None, "= 0.989"),
        (0.99999, None, "> 0.999"),
        (0.0, -410.3, "= 5.0e-411"),
        (0.0, None, "= 0"),
        (None, -20.0, "= 1.0e-20"),
        (None, None, "unknown"),
    ],
)
def test_p_value_keeps_two_digits_at_every_size(
    p_value: float | None, log10_p_value: float | None, text: str
) -> None:
    assert format_p_value(p_value, log10_p_value) == text


def test_counts_and_expectations_are_readable() -> None:
    assert format_count(1234567) == "1,234,567"
    assert format_expectation(101.0) == "101.0"
    assert format_expectation(0.0) == "0.0"
    assert format_expectation(0.0312) == "0.031"
    assert format_expectation(12345.6) == "12,346"


def test_percent_of_nothing_is_a_dash() -> None:
    assert format_percent(1.0, 0.0) == NOTHING
    assert format_percent(1.0, 3.0) == "33.33"
    assert format_percent(0.0, 3.0) == "0.00"
    assert format_percent(1.0, 50000.0) == "0.002"


def test_weighted_sums_follow_their_error() -> None:
    assert format_weighted(12345.6, 12345.6) == "12,346 ± 111"
    assert format_weighted(12.34, 4.0) == "12.3 ± 2.0"
    assert format_weighted(-0.5, 0.01) == f"{MINUS}0.50 ± 0.10"
