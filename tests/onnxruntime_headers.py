"""ONNX Runtime's C++ headers, which no Python package brings.

They are taken from where a compiler or ONNXRUNTIME_INCLUDE_DIR has them, else from
Debian's libonnxruntime-dev: downloaded over a source list of our own and unpacked,
never installed, since it needs a newer C library than many machines have. The C
interface is backward compatible, so that headers of 1.21 serve a newer library.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

SUITE = "http://deb.debian.org/debian trixie main"
PACKAGE = "libonnxruntime-dev"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
HEADER = "onnxruntime_cxx_api.h"
PLACES = ("/usr/include/onnxruntime", "/usr/local/include/onnxruntime", "/usr/include")


class NoHeaders(Exception):
    """Why there are none."""


def include_directory(room: Path) -> Path:
    """The directory with the headers; downloads go into `room`."""
    given = os.environ.get("ONNXRUNTIME_INCLUDE_DIR")
    for place in map(Path, [given] if given else PLACES):
        if (place / HEADER).is_file():
            return place
    unpacked = room / "headers"
    if not unpacked.is_dir():
        _download(room)
        package = next(room.glob(f"{PACKAGE}_*.deb"))
        _run("dpkg-deb", "-x", package, unpacked)
    return next(unpacked.rglob(HEADER)).parent


def _download(room: Path) -> None:
    if shutil.which("apt-get") is None or not KEYRING.is_file():
        message = (
            "there are no C++ headers of ONNX Runtime, and this is no Debian to take "
            "them from: set ONNXRUNTIME_INCLUDE_DIR"
        )
        raise NoHeaders(message)
    for name in ("lists/partial", "cache/archives/partial"):
        (room / name).mkdir(parents=True, exist_ok=True)
    sources = room / "sources.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {SUITE}\n", "utf-8")
    options = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": room / "lists",
        "Dir::State::status": "/dev/null",
        "Dir::Cache": room / "cache",
        "APT::Sandbox::User": "root",
        "Acquire::Retries": 2,
    }
    apt = ["apt-get", "-qq"]
    for name, value in options.items():
        apt += ["-o", f"{name}={value}"]
    _run(*apt, "update")
    _run(*apt, "download", PACKAGE, cwd=room)


def _run(*command: object, cwd: Path | None = None) -> None:
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    except subprocess.TimeoutExpired as error:
        reason = f"no answer for {error.timeout:.0f} s"
        raise _undownloaded(reason) from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise _undownloaded(said[-1])


def _undownloaded(reason: str) -> NoHeaders:
    return NoHeaders(
        "the C++ headers of ONNX Runtime could not be downloaded from Debian "
        f"({reason}): set ONNXRUNTIME_INCLUDE_DIR"
    )
