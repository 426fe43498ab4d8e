"""From files to scores, and one event at a time: `python bench/bench_score.py`.

What everything that is not the network adds to it: reading, clustering, features,
writing and the record of what is done; in CPU time of one thread, in repeats that take
turns. From C++, how long one event takes from its particles to its score. On Dask, the
CPU time of two workers beside that of one.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import awkward as ak
import numpy as np
import onnxruntime
import psutil

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]

from embed_project import build  # noqa: E402
from oddjet.deploy.bundle import write_bundle  # noqa: E402
from oddjet.deploy.dask_chunks import dask_executor  # noqa: E402
from oddjet.deploy.edge_conv_graph import (  # noqa: E402
    EdgeConvDesign,
    bytes_per_constituent,
    edge_conv_graph,
)
from oddjet.deploy.score_files import score_files  # noqa: E402
from oddjet.deploy.scorer import Scorer  # noqa: E402
from oddjet.deploy.working_points import WorkingPoint  # noqa: E402
from oddjet.features import FeatureSpec  # noqa: E402
from oddjet.io import read  # noqa: E402
from oddjet.simulate.generate import simulate  # noqa: E402
from onnxruntime_headers import NoHeaders, include_directory  # noqa: E402
from taking_turns import as_json, print_claims, print_times, seconds  # noqa: E402
from toy_jets import toy_weights  # noqa: E402

#: name: blocks, dense, neighbours, slope, and what may be added at most.
NETWORKS = {
    "DGCNN": (((64,) * 3, (128,) * 3, (256,) * 3), (256, 128), 16, 0.1, 0.15),
    "Lite": (((32,) * 3, (64,) * 3), (128,), 7, 0.0, 0.40),
}


def write_model(path, blocks, dense, k, slope):
    weights = toy_weights(blocks, dense, seed=1)
    design = EdgeConvDesign(k, slope, (0, 1))
    write_bundle(
        path,
        edge_conv_graph([weights], design),
        spec=FeatureSpec(),
        folds=1,
        provenance={},
        working_points=[WorkingPoint("zero", 0.0, 0.5, 0.1, "nothing")],
        bytes_per_constituent=bytes_per_constituent(weights, design),
    )


def added(model, events_file, room, repeats):
    """Times of the whole way and of the network on its own."""
    scorer = Scorer(model, "cpu", 1)
    values, mask, _ = scorer.prepare(read(events_file))
    number = iter(range(10**6))

    def whole():
        score_files(model, events_file, room / f"{next(number)}", providers="cpu")

    def network():
        scorer.score_tensors(values, mask)

    times = seconds({"files to scores": whole, "network": network}, repeats)
    ratios = times["files to scores"][:, 0] / times["network"][:, 0]
    return float(np.median(ratios)) - 1, times


def as_text(events):
    columns = [ak.to_list(events.particles[n]) for n in ("pt", "eta", "phi", "mass")]
    lines = []
    for event in zip(*columns, strict=True):
        numbers = [repr(float(x)) for row in zip(*event, strict=True) for x in row]
        lines.append(" ".join([str(len(event[0])), *numbers]))
    return "\n".join(lines)


def one_at_a_time(program, model, text):
    done = subprocess.run(
        [program, model, "zero", "--time"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    words = done.stdout.split()
    return float(words[1]), float(words[4])


def dask_cpu(model, events_file, room, workers, copies):
    """CPU seconds of the workers for the same input, start not counted."""
    files = [room / f"{workers}-{copy}.parquet" for copy in range(copies)]
    for file in files:
        shutil.copyfile(events_file, file)
    with dask_executor("local", workers=workers) as executor:
        processes = psutil.Process().children(recursive=True)

        def used():
            return sum(sum(process.cpu_times()[:2]) for process in processes)

        before = used()
        score_files(
            model,
            files,
            room / f"dask-{workers}",
            providers="cpu",
            chunk_events=512,
            executor=executor,
        )
        return used() - before


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--result", type=Path)
    options = parser.parse_args()
    claims, all_times, items, latencies = [], {}, {}, {}
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        events_file = room / "events.parquet"
        simulate("zjet_nunu", num_events=options.events, seed=1, path=events_file)
        for network, (*shape, most) in NETWORKS.items():
            model = room / f"{network}.onnx"
            write_model(model, *shape)
            share, times = added(model, events_file, room / network, options.repeats)
            claims.append(
                (f"{network}: file to score adds", "its network", f"<= {most}", share)
            )
            for label, pairs in times.items():
                all_times[f"{network}, {label}"] = pairs
                items[f"{network}, {label}"] = options.events
        try:
            headers = room / "headers"
            headers.mkdir()
            program = build(room / "build", include_directory(headers))
            text = as_text(read(events_file))
            for network in NETWORKS:
                p50, p99 = one_at_a_time(program, room / f"{network}.onnx", text)
                latencies[network] = {"p50_us": p50, "p99_us": p99}
                print(
                    f"{network}, one event in C++: p50 {p50:.0f} us, p99 {p99:.0f} us"
                )
        except NoHeaders as reason:
            print(f"no times from C++: {reason}")
        print_claims(claims)
        cpu = partial(dask_cpu, room / "DGCNN.onnx", events_file, room)
        ratio = cpu(2, copies=4) / cpu(1, copies=4)
        claims.append(("Dask, CPU of 2 workers", "1 worker", "<= 1.15", ratio))
    print_claims(claims)
    print_times(all_times, items, "event")
    if options.result:
        text = as_json(
            "score",
            {"onnxruntime": onnxruntime.__version__},
            {"threads": 1, "one_event_in_cpp": latencies},
            claims=claims,
            times=all_times,
            items=items,
        )
        options.result.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
