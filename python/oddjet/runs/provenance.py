"""Which versions made a result, and when and where that happened.

The first belongs into outputs and says nothing of places and times. The
second belongs into ``run.log`` and nowhere else.
"""

from __future__ import annotations

import os
import platform
import shlex
import sys
from datetime import datetime
from importlib import metadata
from pathlib import Path

__all__ = ["oddjet_version", "provenance", "run_log"]

# Those whose arithmetic or file formats can change an output.
PACKAGES = (
    "awkward",
    "awkward-cpp",
    "numpy",
    "onnx",
    "onnxruntime",
    "onnxruntime-gpu",
    "pyarrow",
    "pydantic",
    "pythia8mc",
    "scipy",
    "torch",
    "vector",
)


def provenance() -> dict[str, str | dict[str, str]]:
    """Say with which software and on what kind of processor this runs.

    Returns
    -------
    dict
        ``oddjet`` and ``python`` (versions), ``packages`` (name to version,
        those installed), ``platform`` (system, machine and C library) and
        ``cpu`` (model name). No path, host or date: it enters outputs, which
        are equal wherever the same software runs on the same processor.
    """
    return {
        "oddjet": oddjet_version(),
        "python": platform.python_version(),
        "packages": {
            name: found for name in PACKAGES if (found := _installed(name)) is not None
        },
        "platform": " ".join(
            filter(None, [platform.system(), platform.machine(), *platform.libc_ver()])
        ),
        "cpu": _cpu_model(),
    }


def oddjet_version() -> str:
    """Give the version of oddjet, "unknown" in a tree that is not installed."""
    return _installed("oddjet") or "unknown"


def run_log(directory: Path | str, message: str | None = None) -> None:
    """Append a line to ``run.log`` of a run directory.

    Parameters
    ----------
    directory : Path or str
        The run directory.
    message : str, optional
        What happened; by default that this process began: its host, process
        and command line. The local time precedes it.
    """
    if message is None:
        command = shlex.join(sys.orig_argv)
        message = f"process {os.getpid()} on {platform.node()}: {command}"
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    # One write to a file opened for appending: lines of two processes stay whole.
    with (Path(directory) / "run.log").open("a", encoding="utf-8") as log:
        log.write(f"{now} {message}\n")


def _installed(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _cpu_model() -> str:
    """Read the model name that Linux gives, or what Python knows elsewhere."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()
