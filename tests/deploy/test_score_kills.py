"""kill -9 at random moments loses no row and doubles none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from oddjet.io import write_events
from toy_collisions import toy_events

SCRIPT = Path(__file__).with_name("toy_killed_scoring.py")
KILLS = int(os.environ.get("ODDJET_TEST_KILLS", "5"))


def test_killed_and_resumed_equals_uninterrupted(model_file, tmp_path):
    files = [tmp_path / f"{name}.parquet" for name in ("first", "second")]
    for seed, (file, size) in enumerate(zip(files, (260, 215), strict=True)):
        write_events(file, [toy_events(size, seed=seed + 1)])
    done = subprocess.run(
        [sys.executable, SCRIPT, tmp_path / "room", model_file, str(KILLS), *files],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(SCRIPT.parents[1])},
    )
    assert done.returncode == 0, done.stderr
    amid = int(done.stdout)
    # Most kills must have hit work that was under way.
    assert amid >= (0.8 * KILLS if KILLS >= 50 else 1)
