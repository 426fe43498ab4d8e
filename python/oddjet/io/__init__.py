"""Files in, events out, and back."""

from __future__ import annotations

from oddjet.io.describe import Sample, describe
from oddjet.io.losses import Loss, Losses
from oddjet.io.read import iterate, read
from oddjet.io.source_digest import source_digest
from oddjet.io.writers.parquet import write_events

__all__ = [
    "Loss",
    "Losses",
    "Sample",
    "describe",
    "iterate",
    "read",
    "source_digest",
    "write_events",
]
