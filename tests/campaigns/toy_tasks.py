"""Tasks of a toy campaign, importable by workers."""
# ruff: noqa: ARG001 - the signature of a stage

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

from oddjet.runs.errors import UserError


def number(directory, inputs, progress, *, value, log):
    """Write a number, and that this was done."""
    with Path(log).open("a") as file:
        file.write(f"{value}\n")
    (directory / "number.json").write_text(json.dumps(value))


def total(directory, inputs, progress, *, log, slow=0.0):
    """Add the inputs."""
    time.sleep(slow)
    values = [json.loads((p / "number.json").read_text()) for p in inputs.values()]
    number(directory, inputs, progress, value=sum(values), log=log)


def refuse(directory, inputs, progress, *, log):
    """Fail as a task may, with something half-written."""
    (directory / "half").write_text("x")
    message = "this window holds 3 events, 10 are needed"
    raise UserError(message)


def bug(directory, inputs, progress, *, log):
    """Fail as no task should."""
    message = "a bug"
    raise RuntimeError(message)


def die_once(directory, inputs, progress, *, log):
    """Take the worker along at the first try, leaving half a result."""
    mark = Path(log).with_suffix(".died")
    (directory / "half").write_text("x")
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    (directory / "half").unlink(missing_ok=True)
    number(directory, inputs, progress, value=7, log=log)
