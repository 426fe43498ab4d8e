"""How benches compare contenders: they take turns, and ratios of medians count."""

from __future__ import annotations

import json
import os
import time
from collections import deque

import numpy as np

from oddjet.runs.provenance import provenance


def seconds(calls, repeats):
    """(CPU, wall) of each call in each repeat, in which all calls take turns."""
    times = {name: [] for name in calls}
    for call in calls.values():  # memory that nobody had before is slow to come
        call()
    turns = deque(calls)
    for _ in range(repeats):
        turns.rotate(1)  # who follows the largest memory pays for tidying it up
        for name in turns:
            call = calls[name]
            wall, cpu = time.perf_counter(), time.process_time()
            call()
            times[name].append((time.process_time() - cpu, time.perf_counter() - wall))
    return {name: np.array(pairs) for name, pairs in times.items()}


def cpu_ratio(times, slow, fast):
    """Of the medians of the CPU times."""
    return np.median(times[slow][:, 0]) / np.median(times[fast][:, 0])


def thread_ratios(times, one, two):
    """(best wall time with one thread over that with two, CPU with two over one)."""
    best_one, best_two = times[one].min(axis=0), times[two].min(axis=0)
    return best_one[1] / best_two[1], best_two[0] / best_one[0]


def print_claims(claims):
    print(f"{'claim':46} | {'peer':34} | {'wanted':7} | found")
    for claim, peer, wanted, found in claims:
        print(f"{claim:46} | {peer:34} | {wanted:7} | {found:.2f}")


def print_times(times, items, unit):
    print(f"\n{'median':48} | CPU [us] per {unit}")
    for name, pairs in times.items():
        print(f"{name:48} | {1e6 * np.median(pairs[:, 0]) / items[name]:.2f}")


def write_results(path, theme, versions, options, *, claims, times, items):
    """Keep what was measured, and where, for the figures that the guides quote."""
    if path is not None:
        text = as_json(
            theme, versions, options, claims=claims, times=times, items=items
        )
        path.write_text(text + "\n", "utf-8")


def as_json(theme, versions, options, *, claims, times, items):
    keys = ("claim", "peer", "wanted", "found")
    return json.dumps(
        {
            "theme": theme,
            "hardware": f"{provenance()['cpu']}, {os.cpu_count()} cores, shared",
            "load": os.getloadavg()[0],
            "date": time.strftime("%Y-%m-%d"),
            "versions": versions,
            "options": options,
            "claims": [
                dict(zip(keys, (*texts, round(float(found), 2)), strict=True))
                for *texts, found in claims
            ],
            "median_cpu_us": {
                name: round(1e6 * float(np.median(pairs[:, 0])) / items[name], 3)
                for name, pairs in times.items()
            },
        },
        indent=2,
    )
