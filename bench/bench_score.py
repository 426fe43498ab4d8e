"""From files to scores, and one event at a time: `python bench/bench_score.py`.

What everything that is not the network adds to it, from a TTree of candidates to a
friend tree: reading, clustering, features, writing and the record of what is done; in
CPU time, in wall time, and in what it takes where two cores have nothing else to do:
the CPU time of the busiest thread, or half of all; one thread reads, one clusters and
makes features, one computes and writes. From C++, how long one event takes from its
particles to its score, and one jet from its constituents. On Dask, two workers beside
one: their wall time, or where other work is on the machine their CPU time; one of both
claims is enough.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import awkward as ak
import numpy as np
import onnxruntime
import psutil

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]

import made_files  # noqa: E402
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
from oddjet.learn.distillation import fitting_shape  # noqa: E402
from oddjet.learn.student_config import SHAPES  # noqa: E402
from oddjet.learn.students import (  # noqa: E402
    student_bytes,
    student_graph,
    student_network,
)
from oddjet.learn.unlabelled_jets import UnlabelledJets  # noqa: E402
from oddjet.simulate.generate import simulate  # noqa: E402
from onnxruntime_headers import NoHeaders, include_directory  # noqa: E402
from taking_turns import (  # noqa: E402
    print_claims,
    print_times,
    seconds,
    write_results,
)
from toy_jets import toy_jets, toy_weights  # noqa: E402

#: name: blocks, dense, neighbours, slope, and what may be added at most.
NETWORKS = {
    "DGCNN": (((64,) * 3, (128,) * 3, (256,) * 3), (256, 128), 16, 0.1, 0.15),
    "Lite": (((32,) * 3, (64,) * 3), (128,), 7, 0.0, 0.40),
}

#: The same events so often: a job's start takes as long as some hundred of them.
COPIES = {"DGCNN": 2, "Lite": 16}
DASK_EVENTS = 6000
BASKET = 2000
#: What a student's network may take; 70 us, for a jet with features in 100. A graph
#: does not come down to that.
STUDENT_US = {"mlp": 70.0, "deep_sets": 70.0, "lite": 250.0}


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


def write_student(path, kind):
    """The largest student of the kind that fits, untrained."""
    spec = FeatureSpec()
    values, mask = toy_jets(300, seed=1, sizes=(20, 40), length=40)
    jets = UnlabelledJets(values, mask, *np.zeros((3, 300)))
    shape, _ = fitting_shape(kind, STUDENT_US[kind], spec, jets)
    weights = {
        name: value.numpy()
        for name, value in student_network(shape, spec).state_dict().items()
        if value.is_floating_point()
    }
    print(f"student {shape}")
    write_bundle(
        path,
        student_graph(shape, weights, spec),
        spec=spec,
        folds=1,
        provenance={},
        working_points=[WorkingPoint("zero", 0.0, 0.5, 0.1, "nothing")],
        bytes_per_constituent=student_bytes(shape, weights, spec),
    )


def write_candidates(path, events, copies):
    """A TTree as CMS has them, of the particles of some events."""
    particles = ak.concatenate(copies * [events.array.particles])
    number = np.arange(len(particles), dtype=np.uint64)
    ids = {"run": 1 + 0 * number, "luminosityBlock": number // 100, "event": number}
    branches = {name: values.astype(np.uint32) for name, values in ids.items()}
    branches |= {
        f"PFCands_{name}": ak.values_astype(particles[name], np.float32)
        for name in ("pt", "eta", "phi", "mass")
    }
    made_files.write_tree(path, branches, name="Events", basket=BASKET)


def added(model, events_file, room, repeats):
    """What the whole way adds to the network on its own, by clock, and their times."""
    scorer = Scorer(model, "cpu", 1)
    events = read(events_file)
    values, mask, _ = scorer.prepare(events)
    number = iter(range(10**6))
    clocks = []

    def whole():
        own, both = time.thread_time(), time.process_time()
        place = room / f"{next(number)}"
        score_files(model, events_file, place, providers="cpu", kind="ttree")
        clocks.append((time.thread_time() - own, time.process_time() - both))

    calls = {
        "files to scores": whole,
        "tensors": lambda: scorer.prepare(events),
        "network": lambda: scorer.score_tensors(values, mask),
    }
    times = seconds(calls, repeats)
    cpu, wall = np.median(times["files to scores"] / times["network"], axis=0) - 1
    computing, everything = np.transpose(clocks[1:])
    preparing = times["tensors"][:, 0]
    reading = everything - computing - preparing
    bounds = [computing, preparing, reading, everything / 2]
    free = np.median(np.max(bounds, axis=0) / times["network"][:, 0]) - 1
    return {"CPU": cpu, "wall": wall, "two free cores": free}, times


def as_text(events):
    columns = [ak.to_list(events.particles[n]) for n in ("pt", "eta", "phi", "mass")]
    lines = []
    for event in zip(*columns, strict=True):
        numbers = [repr(float(x)) for row in zip(*event, strict=True) for x in row]
        lines.append(" ".join([str(len(event[0])), *numbers]))
    return "\n".join(lines)


def one_at_a_time(program, model, text, mode):
    done = subprocess.run(
        [program, model, "zero", mode],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    words = done.stdout.split()
    names = ("p50_us", "p99_us", "cpu_p50_us", "cpu_p99_us")
    return dict(zip(names, (float(words[i]) for i in (1, 4, 8, 11)), strict=True))


def dask_seconds(model, events_file, room, workers, copies):
    """CPU seconds of the workers, and wall, for the same input; start not counted."""
    files = [room / f"{workers}-{copy}.parquet" for copy in range(copies)]
    for file in files:
        shutil.copyfile(events_file, file)
    with dask_executor("local", workers=workers) as executor:
        processes = psutil.Process().children(recursive=True)

        def used():
            return sum(sum(process.cpu_times()[:2]) for process in processes)

        before, start = used(), time.perf_counter()
        score_files(
            model,
            files,
            room / f"dask-{workers}",
            providers="cpu",
            chunk_events=512,
            executor=executor,
        )
        return np.array([used() - before, time.perf_counter() - start])


def added_by_networks(room, events_file, options):
    """(claims, times, items): what reading and clustering add to each network."""
    claims, all_times, items = [], {}, {}
    for network, (*shape, most) in NETWORKS.items():
        model, many = room / f"{network}.onnx", room / f"{network}.root"
        write_model(model, *shape)
        write_candidates(many, read(events_file), COPIES[network])
        share, times = added(model, many, room / network, options.repeats)
        for clock, found in share.items():
            claim = f"{network}: file to score adds, {clock}"
            claims.append((claim, "its network", f"<= {most}", found))
        for label, pairs in times.items():
            all_times[f"{network}, {label}"] = pairs
            items[f"{network}, {label}"] = COPIES[network] * options.events
    return claims, all_times, items


def cpp_latencies(room, events_file):
    """Time each model on one event, and on one jet, in a C++ program."""
    headers = room / "headers"
    headers.mkdir()
    program = build(room / "build", include_directory(headers))
    text = as_text(read(events_file))
    for kind in SHAPES:
        write_student(room / f"{kind}.onnx", kind)
    latencies = {}
    for model in (*NETWORKS, *SHAPES):
        for unit, mode in (("event", "--time"), ("jet", "--time-jets")):
            what = f"{model}, one {unit} in C++"
            path = room / f"{model}.onnx"
            latencies[what] = one_at_a_time(program, path, text, mode)
            print(what, latencies[what])
    return latencies


def student_claims(latencies):
    for kind in SHAPES:
        p99 = latencies[f"{kind}, one jet in C++"]["cpu_p99_us"]
        wanted = "-" if kind == "lite" else "<= 100"
        yield f"student {kind}, p99 [us]", "-", wanted, p99


def dask_claims(room, events_file, num_events):
    took = partial(dask_seconds, room / "DGCNN.onnx", events_file, room)
    # Enough that loading the model in every worker is a small part.
    copies = max(4, DASK_EVENTS // num_events)
    cpu, wall = took(2, copies=copies) / took(1, copies=copies)
    yield "Dask, CPU of 2 workers, or", "1 worker", "<= 1.15", cpu
    yield "Dask, speed of 2 workers", "1 worker", ">= 1.5", 1 / wall


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--results", type=Path, help="JSON to write")
    options = parser.parse_args()
    latencies = {}
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        events_file = room / "events.parquet"
        simulate("zjet_nunu", num_events=options.events, seed=1, path=events_file)
        claims, times, items = added_by_networks(room, events_file, options)
        try:
            latencies = cpp_latencies(room, events_file)
            claims += student_claims(latencies)
        except NoHeaders as reason:
            print(f"no times from C++: {reason}")
        print_claims(claims)
        claims += dask_claims(room, events_file, options.events)
    print_claims(claims)
    print_times(times, items, "event")
    write_results(
        options.results,
        "score",
        {"onnxruntime": onnxruntime.__version__},
        {"threads": 1, "one_event_in_cpp": latencies},
        claims=claims,
        times=times,
        items=items,
    )


if __name__ == "__main__":
    main()
