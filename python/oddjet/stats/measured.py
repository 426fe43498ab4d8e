"""A number with its statistical uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Measured"]


@dataclass(frozen=True)
class Measured:
    """A number with its statistical standard deviation.

    Attributes
    ----------
    value, error : float
    """

    value: float
    error: float
