"""Anti-kt clustering beside FastJet: `python bench/bench_clustering.py`.

One thread in CPU time, two in wall time; medians of repeats that take turns; the jets
are compared before the clock runs. From Python the peer is the fastjet wheel's awkward
interface, from C++ libfastjet (left out, with a sentence, where it is not installed).
Where a ratio is not reached, a profile of the same run says where the time goes.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import awkward as ak
import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from oddjet.jets import cluster  # noqa: E402
from particle_events import generated_events  # noqa: E402

PATHS = ("scalar", "avx2", "avx512")
SOURCES = ("cluster", "clustering_history", "kinematics", "nearest", "nearest_avx2")
SOURCES += ("nearest_avx512", "nearest_scalar", "parallel", "particles", "pseudo_jets")
SOURCES += ("plain_momenta", "slots")
OPTIONS = ("-std=c++20", "-O3", "-DNDEBUG", "-ffp-contract=off", "-fno-trapping-math")
OPTIONS += ("-fno-math-errno",)
# Claim, peer, radius, and the ratio wanted on each path that has one.
PYTHON = ("jets + constituents from Python", "fastjet wheel", 0.8, {"avx512": 4.0})
TWO_THREADS = ("the same with two threads", "fastjet wheel", 0.8, {"avx512": 7.0})
CPP = ("the same from C++", "FastJet C++", 0.8, {"avx512": 2.5, "avx2": 1.7})
PILE_UP = ("1,500 particles, C++", "FastJet C++", 0.4, {"avx512": 1.7, "avx2": 1.7})
# Nobody asks for a ratio here, but none should be lost.
SIZES = {n: (f"{n:,} particles, C++", "FastJet C++", 0.4, {}) for n in (1, 10, 50)}
LARGE = ("10,000 particles, C++", "FastJet C++", 0.4, {})


def central(events):
    """What a detector with tracking sees: about 270 particles an event."""
    return ak.to_packed(events[(abs(events.eta) < 2.5) & (events.pt > 0.1)])


def overlaid(events, *, each=4, size=1500):
    """Events laid over each other, cut at one size."""
    turned = [ak.concatenate([events[i:], events[:i]]) for i in range(each)]
    return ak.to_packed(ak.concatenate(turned, axis=1)[:, :size])


def write_events(events, file):
    rows = [ak.to_numpy(ak.flatten(events[n])) for n in ("px", "py", "pz", "energy")]
    table = np.stack(rows, axis=-1)
    counts = ak.to_numpy(ak.num(events))
    for part in np.split(table, np.cumsum(counts)[:-1]):
        file.write(
            np.float64(len(part)).tobytes() + np.ascontiguousarray(part).tobytes()
        )


def with_wheel(events, radius):
    import fastjet

    columns = {"px": events.px, "py": events.py, "pz": events.pz, "E": events.energy}
    definition = fastjet.JetDefinition(fastjet.antikt_algorithm, radius)
    momenta = ak.zip(columns, with_name="Momentum4D")
    sequence = fastjet.ClusterSequence(momenta, definition)
    return sequence.inclusive_jets(), sequence.constituent_index(0.0)


def as_sets(index):
    return [{frozenset(jet) for jet in event} for event in index.tolist()]


def clocks(call):
    """Seconds of CPU and of wall time."""
    cpu, wall = time.process_time(), time.perf_counter()
    call()
    return time.process_time() - cpu, time.perf_counter() - wall


def measure_python(parquet, radius, repeats):
    """Print the times of one, two threads and the wheel in each repeat.

    Microseconds an event: CPU, wall of ours with one thread, with two, of the wheel.
    """
    warnings.simplefilter("ignore")
    events = ak.from_parquet(parquet)
    options = {"algorithm": "antikt", "radius": radius}
    ours = as_sets(cluster(events, threads=1, **options).constituent_index)
    assert ours == as_sets(with_wheel(events, radius)[1])
    calls = [lambda t=t: cluster(events, threads=t, **options) for t in (1, 2)]
    calls.append(lambda: with_wheel(events, radius))
    for _ in range(repeats):
        took = np.array([clocks(call) for call in calls]) / len(events) * 1e6
        print(*took.ravel())


def build_cpp_peer(folder):
    program = Path(folder) / "fastjet_cluster"
    files = [str(ROOT / "bench/peers/fastjet_cluster.cpp")]
    files += [str(ROOT / f"cpp/src/{name}.cpp") for name in SOURCES]
    include = f"-I{ROOT / 'cpp/include'}"
    command = ["g++", *OPTIONS, include, *files, "-lfastjet", "-o", str(program)]
    built = subprocess.run(command, capture_output=True, check=False)
    return str(program) if built.returncode == 0 else None


def lines_of(path, command):
    environment = os.environ | {"ODDJET_SIMD": path}
    run = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return run.stdout.splitlines()


def table_of(path, command):
    # FastJet writes its banner to the same stream.
    lines = [line for line in lines_of(path, command) if line[:1].isdigit()]
    return np.array([line.split() for line in lines], float)


def row_of(claim, path, ours, theirs):
    name, peer, _, wanted = claim
    ratio = float(np.median(theirs / ours))
    row = {"claim": name, "path": path, "peer": peer, "wanted": wanted.get(path)}
    row |= {"ratio": round(ratio, 2), "us": round(float(np.median(ours)), 1)}
    row |= {"peer_us": round(float(np.median(theirs)), 1)}
    row["reached"] = None if row["wanted"] is None else ratio >= row["wanted"]
    print(" | ".join(str(value) for value in row.values()), flush=True)
    return row


def profile_of(path, command):
    """Shares of the time of both: oddjet's functions, and those that both call."""
    if shutil.which("perf") is None:
        return ["perf is not here"]
    with tempfile.TemporaryDirectory() as folder:
        record = ["perf", "record", "-q", "-o", f"{folder}/perf", *command]
        environment = os.environ | {"ODDJET_SIMD": path}
        subprocess.run(record, env=environment, capture_output=True, check=True)
        report = ["perf", "report", "-i", f"{folder}/perf", "--stdio", "-F"]
        run = subprocess.run(
            [*report, "overhead,symbol"], capture_output=True, text=True, check=True
        )
    lines = [line.strip() for line in run.stdout.splitlines()]
    lines = [
        line for line in lines if line and line[0] != "#" and "fastjet" not in line
    ]
    return [line[:90] for line in lines[:12]]


def with_profile(row, profile):
    """Add what the time goes to, where the row misses its ratio."""
    if row["reached"] is False:
        row["profile"] = profile()
        print("  not reached; where the time goes:", *row["profile"], sep="\n  ")
    return row


def profile_call(parquet, radius):
    """Print the shares of the Python call's own functions, the kernel among them."""
    events = ak.from_parquet(parquet)
    options = {"algorithm": "antikt", "radius": float(radius), "threads": 1}
    cluster(events, **options)
    profile = cProfile.Profile()
    profile.runcall(cluster, events, **options)
    stats = pstats.Stats(profile)
    own = sorted(((row[2], name[2]) for name, row in stats.stats.items()), reverse=True)
    for seconds, name in own[:8]:
        print(f"{100 * seconds / stats.total_tt:5.1f}%  {name[:70]}")


def python_rows(path, parquet, repeats):
    arguments = [parquet, str(PYTHON[2])]
    this = [sys.executable, __file__]
    table = table_of(path, [*this, "--measure", *arguments, str(repeats)])
    for claim, ours, theirs in ((PYTHON, 0, 4), (TWO_THREADS, 3, 5)):
        row = row_of(claim, path, table[:, ours], table[:, theirs])
        yield with_profile(
            row, lambda: lines_of(path, [*this, "--profile", *arguments])
        )


def cpp_row(path, program, claim, file, repeats):
    command = [program, file, str(claim[2]), str(repeats)]
    table = table_of(path, command)
    row = row_of(claim, path, table[:, 0], table[:, 1])
    return with_profile(row, lambda: profile_of(path, command))


def events_of_claims(generated):
    """Every C++ claim with its events."""
    seen = central(generated)
    yield CPP, seen
    yield PILE_UP, overlaid(generated)
    for size, claim in SIZES.items():
        yield claim, ak.to_packed(seen[ak.num(seen) >= size][:, :size])
    yield LARGE, overlaid(generated, each=30, size=10_000)[:20]


def run_all(count, repeats):
    generated = generated_events(count)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        parquet = f"{folder}/events.parquet"
        ak.to_parquet(central(generated), parquet)
        files = []
        for claim, events in events_of_claims(generated):
            files.append((claim, f"{folder}/{len(files)}.bin"))
            with Path(files[-1][1]).open("wb") as file:
                write_events(events, file)
        program = build_cpp_peer(folder)
        if program is None:
            print("libfastjet or g++ is not here: the C++ comparison is left out")
        print("claim | path | peer | wanted | ratio | us an event | peer's | reached")
        for path in PATHS:
            rows += python_rows(path, parquet, repeats)
            for claim, file in files if program else ():
                rows.append(cpp_row(path, program, claim, file, repeats))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--results", type=Path, help="JSON to write")
    parser.add_argument("--machine", default="", help="its name, for the table")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--profile", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        parquet, radius, repeats = arguments.measure
        measure_python(parquet, float(radius), int(repeats))
        return
    if arguments.profile:
        profile_call(*arguments.profile)
        return
    rows = run_all(arguments.events, arguments.repeats)
    if arguments.results:
        record = {"machine": arguments.machine, "date": time.strftime("%Y-%m-%d")}
        record |= {"load": os.getloadavg()[0], "events": arguments.events, "rows": rows}
        arguments.results.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
