"""Streaming holds a bounded amount of memory, however long the input."""

from __future__ import annotations

import subprocess
import sys

import pytest

_WORKER = """
import resource, sys
import awkward as ak, numpy as np
import pyarrow.parquet as pq
from oddjet.events import Events
from oddjet.io import iterate, source_digest, write_events

def chunks(num_events):
    for start in range(0, num_events, 500):
        rng = np.random.default_rng(start)
        counts = rng.poisson(250, 500)
        flat = rng.exponential(3, (4, counts.sum())).astype(np.float32)
        names = ("pt", "eta", "phi", "mass")
        particles = ak.zip({n: ak.unflatten(f, counts) for n, f in zip(names, flat)})
        yield Events(ak.Array({"particles": particles}), role="mc")

task, path, num_events = sys.argv[1], sys.argv[2], int(sys.argv[3])
if task == "write":
    write_events(path, chunks(num_events))
elif task == "one group":
    table = pq.read_table(path)
    pq.write_table(table, path, row_group_size=num_events)
elif task == "iterate":
    assert sum(len(events) for events in iterate(path, "16 MB")) == num_events
else:
    source_digest(path)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(task, path, num_events):
    command = [sys.executable, "-c", _WORKER, task, str(path), str(num_events)]
    return int(subprocess.run(command, check=True, capture_output=True).stdout)


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["ours", "one group"])
def test_peak_memory_does_not_grow_with_the_input(tmp_path, layout):
    sizes = 12_000, 48_000
    peaks = {}
    for num_events in sizes:
        path = tmp_path / f"{num_events}.parquet"
        peaks["write", num_events] = peak("write", path, num_events)
        if layout == "one group":
            peak("one group", path, num_events)
        for task in ("iterate", "digest"):
            peaks[task, num_events] = peak(task, path, num_events)
    for task in ("write", "iterate", "digest"):
        few, many = (peaks[task, num_events] for num_events in sizes)
        assert many < 1.1 * few, f"{task}: {few} kB, then {many} kB"
