"""The toy run, as a module and as a command."""

from __future__ import annotations

import importlib
import os
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from child_processes import running

HERE = Path(__file__).parent


@pytest.fixture
def toy(monkeypatch):
    """The module ``toy``, which worker processes can import too."""
    monkeypatch.syspath_prepend(HERE)
    return importlib.import_module("toy")


class ToyCommand:
    """Runs the toy run in processes of their own.

    A stage that misbehaves first writes the number of its process to `note`.
    """

    def __init__(self, room, started):
        self.directory = room / "run"
        self.note = room / "note.txt"
        self._started = started

    def start(self, *, jobs=1, deed="", victim="-"):
        toy = running(
            HERE / "toy.py",
            self.directory,
            jobs,
            victim,
            env=os.environ | {"ODDJET_TOY": deed},
            stderr=subprocess.PIPE,
            text=True,
        )
        return self._started.enter_context(toy)


@pytest.fixture
def command(tmp_path):
    """The toy run as a command."""
    with ExitStack() as started:
        yield ToyCommand(tmp_path, started)
