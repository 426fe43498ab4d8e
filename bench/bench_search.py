"""A whole mono-jet search, stage by stage: `python bench/bench_search.py`.

CPU seconds and events a second of every stage, and the peak of memory of the one
process that runs them all, for N + N events; jets have 60 particles, of which 40 reach
the network, ParticleNet-Lite for one epoch. What a search of more epochs or networks
takes is a multiple of `train`; memory does not depend on them. It hardly depends on the
network either, which holds one batch at a time: --small takes the network of the tests
where only memory is asked for.

    python bench/bench_search.py --events 100000
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import toy_collisions
from oddjet.io import write_events
from oddjet.runs import stages
from oddjet.runs.provenance import provenance
from oddjet.searches import MonoJet, MonoJetConfig

WANTED_GIGABYTES = 4.0
CHUNK = 10_000
PARTICLES = 60
REGIONS = ("signal_region", "control_region")


def write_samples(directory: Path, events: int) -> None:
    """Toy events of 60 particles; a hundredth of the signal region is narrower."""
    toy_collisions.PARTICLES = PARTICLES
    for region, share in zip(REGIONS, (0.01, 0.0), strict=True):
        chunks = []
        for start in range(0, events, CHUNK):
            size = min(CHUNK, events - start)
            signal = round(share * size)
            seed = 1 + start + (region == REGIONS[1])
            chunks.append(toy_collisions.toy_events(size - signal, signal, seed=seed))
        write_events(directory / f"{region}.parquet", chunks)


def search(directory: Path, *, small: bool) -> dict[str, object]:
    """Run the search in this process; stages are timed where they are made."""
    seconds: dict[str, float] = {}
    make = stages._make

    def timed(run, inputs, destination, *rest, **named):
        started = time.process_time()
        result = make(run, inputs, destination, *rest, **named)
        name = f"{run.__name__} {len(seconds)}"
        seconds[name] = time.process_time() - started
        return result

    stages._make = timed
    config = MonoJetConfig(
        network=toy_collisions.TINY_SEARCH["network"] if small else {},
        training={"epochs": 1},
        counting={"cr_efficiency": 1e-2},
        seed=1,
    )
    files = [directory / f"{region}.parquet" for region in REGIONS]
    result = MonoJet(config).run(
        signal_region=files[0], control_region=files[1], directory=directory / "run"
    )
    status = Path("/proc/self/status").read_text("ascii")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return {
        "gigabytes": int(peak.split()[1]) * 1024 / 1e9,
        "cpu_seconds": seconds,
        "counts": {
            k: result.results["counts"][k] for k in ("n_sr_total", "n_cr_total")
        },
    }


def table(found: dict[str, object], events: int) -> list[dict[str, object]]:
    """Put the stages of one kind together: trainings of both folds, both regions."""
    total: dict[str, float] = {}
    for name, seconds in found["cpu_seconds"].items():
        kind = name.split()[0]
        total[kind] = total.get(kind, 0.0) + seconds
    return [
        {
            "stage": kind,
            "cpu_seconds": round(seconds, 2),
            "events_a_second": round(2 * events / max(seconds, 1e-9)),
        }
        for kind, seconds in total.items()
    ]


def main() -> None:
    options = _options()
    if options.inside is not None:
        print(json.dumps(search(options.inside, small=options.small)))
        return
    with tempfile.TemporaryDirectory() as name:
        write_samples(Path(name), options.events)
        # A process of its own: the peak of this one is that of the events it made.
        command = [sys.executable, __file__, "--inside", name]
        command += ["--small"] if options.small else []
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    rows = table(found, options.events)
    print(f"{'stage':18} {'CPU [s]':>9} {'events/s':>10}")
    for row in rows:
        print(f"{row['stage']:18} {row['cpu_seconds']:9} {row['events_a_second']:10,}")
    print(f"peak {found['gigabytes']:.2f} GB, wanted below {WANTED_GIGABYTES:g} GB")
    report = {
        "theme": "search",
        "hardware": f"{provenance()['cpu']}, {os.cpu_count()} cores, shared",
        "load": os.getloadavg()[0],
        "date": time.strftime("%Y-%m-%d"),
        "made_with": provenance(),
        "events": [options.events, options.events],
        "sample": f"toy events of {PARTICLES} particles, without a detector",
        "network": "small" if options.small else "ParticleNet-Lite",
        "selected": found["counts"],
        "stages": rows,
        "gigabytes": found["gigabytes"],
    }
    if options.results is not None:
        options.results.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    sys.exit(not found["gigabytes"] < WANTED_GIGABYTES)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="of each region")
    parser.add_argument("--small", action="store_true", help="a smaller network")
    parser.add_argument("--results", type=Path, help="JSON to write")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
