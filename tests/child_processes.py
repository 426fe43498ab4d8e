"""Processes that tests start: waited for with patience, and never left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

#: Longer than a correct product takes, however slow and busy the machine: who reaches
#: it hangs. No test waits so long but to fail.
HANG_SECONDS = 600

MORTAL = Path(__file__).with_name("mortal.py")


def mortal(*command):
    """Words of a Python command that the kernel kills when this process dies."""
    words = [sys.executable, "-I", "-S", MORTAL, os.getpid(), sys.executable, *command]
    return [str(word) for word in words]


@contextmanager
def running(*command, **options):
    """Lend a Python command in a session of its own, which ends with the block."""
    with subprocess.Popen(
        mortal(*command), start_new_session=True, **options
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(condition):
    deadline = time.monotonic() + HANG_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it hangs"
        time.sleep(0.01)


def has_ended(pid):
    """Whether a process has ended; dead is also an orphan that nobody buries."""
    fields = _status(pid)
    return fields is None or fields[0] == "Z"


def session_has_ended(pid):
    """Whether every process of the session that a `running` command began has ended."""
    numbers = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    living = [fields for fields in map(_status, numbers) if fields and fields[0] != "Z"]
    return all(int(fields[3]) != pid for fields in living)


def _status(pid):
    """State, parent, group, session and more; None where there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()
