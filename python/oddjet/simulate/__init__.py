"""Simulated samples: Pythia cards, detector response, generation in blocks."""

from __future__ import annotations
