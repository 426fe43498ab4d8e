"""Losses: what a training minimises beside the classification."""

from __future__ import annotations

from oddjet.learn.losses.correlation import (
    distance_correlation,
    distance_correlations,
)

__all__ = ["distance_correlation", "distance_correlations"]
