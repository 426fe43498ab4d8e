"""The toy run, as a module and as a command."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

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

    def __init__(self, room):
        self.directory = room / "run"
        self.note = room / "note.txt"
        self.started = []

    def start(self, *, jobs=1, deed="", victim="-"):
        process = subprocess.Popen(
            [sys.executable, HERE / "toy.py", self.directory, str(jobs), victim],
            env=os.environ | {"ODDJET_TOY": deed},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process


@pytest.fixture
def command(tmp_path):
    """The toy run as a command."""
    command = ToyCommand(tmp_path)
    yield command
    for process in command.started:
        process.kill()
        process.communicate()
