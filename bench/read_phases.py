"""Where the time of a reader goes: each phase is what it adds to those before it."""

from __future__ import annotations

import resource
import time

import awkward as ak
import numpy as np

from oddjet.io.readers.registry import open_source


def _opened(path, columns, _):
    with open_source(path) as source:
        source.bytes_per_event(columns)


def _named(path, *_):
    with open_source(path) as source:
        _ = source.fingerprint


def _decoded(path, columns, chunk):
    with open_source(path) as source:
        _ = source.fingerprint
        for _ in source.stored_chunks(chunk, columns):
            pass


def _numbered(path, columns, chunk):
    with open_source(path) as source:
        for _ in source.chunks(chunk, columns, check=False):
            pass


def _checked(path, columns, chunk):
    with open_source(path) as source:
        for _ in source.chunks(chunk, columns):
            pass


def _summed(path, columns, chunk):
    with open_source(path) as source:
        for events in source.chunks(chunk, columns):
            float(ak.sum(events.particles.pt))


PHASES = {
    "open and find the format": _opened,
    "name the content (id.file)": _named,
    "decode and map to the event model": _decoded,
    "number the events": _numbered,
    "check every momentum": _checked,
    "the sum that the bench asks for": _summed,
}


def print_phases(kind, call, bare_seconds, *, repeats=5):
    """Print what each phase adds, in per cent of the bare library's whole time.

    `call` is the path, the columns and the events of a chunk.
    """
    before, faults = 0.0, 0
    whole = f"the bare library's {bare_seconds:.3f} s"
    print(f"\n{kind}: what takes the time, in % of {whole}")
    for name, phase in PHASES.items():
        phase(*call)
        times = []
        for _ in range(repeats):
            faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            start = time.process_time()
            phase(*call)
            times.append(time.process_time() - start)
            faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
        seconds = float(np.median(times))
        print(f"  {name:36} {100 * (seconds - before) / bare_seconds:6.1f}")
        before = seconds
    print(f"  memory that was new to the process: {faults} pages")
