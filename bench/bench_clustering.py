"""Anti-kt clustering beside FastJet: `python bench/bench_clustering.py`.

One thread, CPU time, medians of repeats that take turns; the jets are compared before
the clock runs. From Python the peer is the fastjet wheel's awkward interface, from C++
libfastjet (left out, with a sentence, where it is not installed).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
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
OPTIONS = ("-std=c++20", "-O3", "-DNDEBUG", "-ffp-contract=off", "-fno-trapping-math")
OPTIONS += ("-fno-math-errno",)
# Claim, peer, radius, and the ratio wanted on each path that has one.
PYTHON = ("jets + constituents from Python", "fastjet wheel", 0.8, {"avx512": 4.0})
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


def measure_python(parquet, radius, repeats):
    """Print microseconds of CPU time an event, ours and the wheel's, of each repeat."""
    warnings.simplefilter("ignore")
    events = ak.from_parquet(parquet)
    options = {"algorithm": "antikt", "radius": radius, "threads": 1}
    ours = as_sets(cluster(events, **options).constituent_index)
    assert ours == as_sets(with_wheel(events, radius)[1])
    for _ in range(repeats):
        start = time.process_time()
        cluster(events, **options)
        between = time.process_time()
        with_wheel(events, radius)
        took = np.diff([start, between, time.process_time()]) / len(events) * 1e6
        print(*took)


def build_cpp_peer(folder):
    program = Path(folder) / "fastjet_cluster"
    files = [str(ROOT / "bench/peers/fastjet_cluster.cpp")]
    files += [str(ROOT / f"cpp/src/{name}.cpp") for name in SOURCES]
    include = f"-I{ROOT / 'cpp/include'}"
    command = ["g++", *OPTIONS, include, *files, "-lfastjet", "-o", str(program)]
    built = subprocess.run(command, capture_output=True, check=False)
    return str(program) if built.returncode == 0 else None


def row_of(claim, path, command):
    name, peer, _, wanted = claim
    environment = os.environ | {"ODDJET_SIMD": path}
    run = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    # FastJet writes its banner to the same stream.
    lines = [line for line in run.stdout.splitlines() if line[:1].isdigit()]
    table = np.array([line.split() for line in lines], float)
    ours, theirs = np.median(table, axis=0)
    ratio = float(np.median(table[:, 1] / table[:, 0]))
    row = {"claim": name, "path": path, "peer": peer, "wanted": wanted.get(path)}
    row |= {"ratio": round(ratio, 2), "us": round(ours, 1), "peer_us": round(theirs, 1)}
    print(" | ".join(str(value) for value in row.values()), flush=True)
    return row


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
        print("claim | path | peer | wanted | ratio | us an event | peer's")
        for path in PATHS:
            arguments = [parquet, str(PYTHON[2]), str(repeats)]
            command = [sys.executable, __file__, "--measure", *arguments]
            rows.append(row_of(PYTHON, path, command))
            for claim in (CPP, PILE_UP) if program else ():
                arguments = [binaries[claim[0]], str(claim[2]), str(repeats)]
                rows.append(row_of(claim, path, [program, *arguments]))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", type=Path, help="where to write the table")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        parquet, radius, repeats = arguments.measure
        measure_python(parquet, float(radius), int(repeats))
        return
    rows = run_all(arguments.events, arguments.repeats)
    if arguments.json:
        machine = {"machine": platform.processor() or platform.machine()}
        record = machine | {"date": time.strftime("%Y-%m-%d"), "rows": rows}
        arguments.json.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
