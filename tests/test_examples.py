"""Every example in a docstring runs and gives what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import oddjet


def _modules() -> list[str]:
    found = pkgutil.walk_packages(oddjet.__path__, "oddjet.")
    # Importing __main__ runs it; the compiled module has no examples.
    return [name for _, name, _ in found if name.split(".")[1] not in SKIPPED]


SKIPPED = ("__main__", "_core")


@pytest.mark.parametrize("name", _modules())
def test_examples(name: str) -> None:
    failures, _ = doctest.testmod(importlib.import_module(name))
    assert failures == 0
