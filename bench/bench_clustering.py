"""Anti-kt clustering beside FastJet: `python bench/bench_clustering.py`.

One thread in CPU time, two in wall time; medians of repeats that take turns; the jets
are compared before the clock runs. From Python the peer is the fastjet wheel's awkward
interface, from C++ libfastjet (left out, with a sentence, where it is not installed).
Where a ratio is not reached, a profile of the C++ call says where the time goes.
"""

from __future__ import annotations

import argparse
import json
import os
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
SOURCES += ("slots",)
OPTIONS = ("-std=c++20", "-O3", "-DNDEBUG", "-ffp-contract=off", "-fno-trapping-math")
OPTIONS += ("-fno-math-errno",)
# Claim, peer, radius, and the ratio wanted on each path that has one.
PYTHON = ("jets + constituents from Python", "fastjet wheel", 0.8, {"avx512": 4.0})
TWO_THREADS = ("the same with two threads", "fastjet wheel", 0.8, {"avx512": 7.0})
CPP = ("the same from C++", "FastJet C++", 0.8, {"avx512": 2.5, "avx2": 1.7})
PILE_UP = ("1,500 particles, C++", "FastJet C++", 0.4, {"avx512": 1.7, "avx2": 1.7})


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


def table_of(path, command):
    environment = os.environ | {"ODDJET_SIMD": path}
    run = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    # FastJet writes its banner to the same stream.
    lines = [line for line in run.stdout.splitlines() if line[:1].isdigit()]
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


def python_rows(path, arguments):
    table = table_of(path, [sys.executable, __file__, "--measure", *arguments])
    yield row_of(PYTHON, path, table[:, 0], table[:, 4])
    yield row_of(TWO_THREADS, path, table[:, 3], table[:, 5])


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


def run_all(count, repeats):
    generated = generated_events(count)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        parquet = f"{folder}/events.parquet"
        ak.to_parquet(central(generated), parquet)
        binaries = {CPP[0]: central(generated), PILE_UP[0]: overlaid(generated)}
        for i, (claim, events) in enumerate(binaries.items()):
            binaries[claim] = f"{folder}/{i}.bin"
            with Path(binaries[claim]).open("wb") as file:
                write_events(events, file)
        program = build_cpp_peer(folder)
        if program is None:
            print("libfastjet or g++ is not here: the C++ comparison is left out")
        print("claim | path | peer | wanted | ratio | us an event | peer's | reached")
        for path in PATHS:
            rows += python_rows(path, [parquet, str(PYTHON[2]), str(repeats)])
            for claim in (CPP, PILE_UP) if program else ():
                arguments = [binaries[claim[0]], str(claim[2]), str(repeats)]
                table = table_of(path, [program, *arguments])
                row = row_of(claim, path, table[:, 0], table[:, 1])
                if row["reached"] is False:
                    row["profile"] = profile_of(path, [program, *arguments])
                    print(
                        "  not reached; of the time of both:",
                        *row["profile"],
                        sep="\n  ",
                    )
                rows.append(row)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", type=Path, help="where to write the table")
    parser.add_argument("--machine", default="", help="its name, for the table")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        parquet, radius, repeats = arguments.measure
        measure_python(parquet, float(radius), int(repeats))
        return
    rows = run_all(arguments.events, arguments.repeats)
    if arguments.json:
        record = {"machine": arguments.machine, "date": time.strftime("%Y-%m-%d")}
        record |= {"load": os.getloadavg()[0], "events": arguments.events, "rows": rows}
        arguments.json.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
