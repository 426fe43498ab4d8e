"""A small mono-jet search that takes seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from oddjet.io import write_events
from oddjet.searches import MonoJetConfig
from toy_collisions import TINY_SEARCH, toy_events


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """sr.parquet (a third signal) and cr.parquet."""
    directory = tmp_path_factory.mktemp("samples")
    write_events(directory / "sr.parquet", [toy_events(200, 100, seed=1)])
    write_events(directory / "cr.parquet", [toy_events(300, seed=2)])
    return directory


@pytest.fixture(scope="session")
def config() -> MonoJetConfig:
    return MonoJetConfig(**TINY_SEARCH)
