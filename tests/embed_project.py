"""The C++ project on the installed wheel, built as a user would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import onnxruntime

PROJECT = Path(__file__).parent / "cpp" / "embed"
LIBRARY = Path(onnxruntime.__file__).parent / "capi"
# That of the environment, where there is one.
CMAKE = shutil.which(
    "cmake", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}"
)


def build(directory, headers, **options):
    """Configure and build the project; give the program."""
    # As a user would: with the package that is installed, and the wheel's library.
    package = subprocess.run(
        [sys.executable, "-m", "oddjet", "--cmake-dir"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert Path(package, "oddjetConfig.cmake").is_file()
    assert Path(package).is_relative_to(Path(sys.prefix))
    (library,) = LIBRARY.glob("libonnxruntime.so.*")
    options |= {
        "oddjet_DIR": package,
        "ONNXRUNTIME_INCLUDE_DIR": headers,
        "ONNXRUNTIME_LIBRARY": library,
        "CMAKE_BUILD_TYPE": "Release",
    }
    definitions = [f"-D{name}={value}" for name, value in options.items()]
    for command in (
        [CMAKE, "-S", PROJECT, "-B", directory, *definitions],
        [CMAKE, "--build", directory],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return directory / "select_events"
