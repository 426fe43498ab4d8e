"""Scoring holds a bounded amount of memory, however long the input."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from oddjet.io import write_events
from toy_collisions import toy_events

TESTS = Path(__file__).parents[1]

_WORKER = """
import resource, sys
from oddjet.deploy.score_files import score_files
model, file, output = sys.argv[1:]
score_files(model, file, output, providers="cpu", chunk_events=5000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_peak_memory_does_not_grow_with_the_input(model_file, tmp_path):
    peaks = []
    for number in (10_000, 40_000):
        file = tmp_path / f"{number}.parquet"
        parts = number // 2000
        write_events(file, (toy_events(2000, seed=1 + i) for i in range(parts)))
        command = [
            sys.executable,
            "-c",
            _WORKER,
            model_file,
            file,
            tmp_path / str(number),
        ]
        done = subprocess.run(
            command,
            capture_output=True,
            check=True,
            text=True,
            env=os.environ | {"PYTHONPATH": str(TESTS)},
        )
        peaks.append(int(done.stdout))
    few, many = peaks
    assert many < 1.1 * few, f"{few} kB, then {many} kB"
