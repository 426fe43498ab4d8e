"""Scoring beside an exported network: `python bench/bench_deploy.py`.

The jets have the lengths of real mono-jets (ODDJET_TEST_DATA/monojet), and the weights
are the same. The peer runs in ONNX Runtime with all its optimisations, at every batch
size; ours in oddjet's own kernel, beside our graph in ONNX Runtime, which is what other
programs have of the same file, and int8, which is computed there. With one thread CPU
time is compared, with two wall time, in repeats in which all take turns. Large matrix
products of the same threads, of ONNX Runtime and of PyTorch, are measured among them
and the faster one is the peak: only operations that are needed count against it, those
of padding do not. Where the time of our graph goes, ONNX Runtime's own profile says.

Why there is a kernel (EPYC of Zen 5, one thread, November 2026): of the 95 us that the
Lite graph takes, 30 are matrix products of messages, at the speed of large ones, and 24
are TopK. The rest are passes over arrays that nothing fuses. Tried in the graph without
gain: runs of 16 to 64 times the activations, means over neighbours by ReduceMean or
AveragePool instead of MatMul, TopK without sorting.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]

from oddjet.deploy.batching import EQUAL_LENGTHS  # noqa: E402
from oddjet.deploy.bundle import model_bytes  # noqa: E402
from oddjet.deploy.edge_conv_graph import (  # noqa: E402
    EdgeConvDesign,
    bytes_per_constituent,
    edge_conv_graph,
)
from oddjet.deploy.int8_graph import int8_graph  # noqa: E402
from oddjet.deploy.message_layers import message_layers  # noqa: E402
from oddjet.deploy.runtime import JetSession  # noqa: E402
from peers.exported_dgcnn import exported, with_weights  # noqa: E402
from taking_turns import (  # noqa: E402
    print_claims,
    print_times,
    seconds,
    write_results,
)
from toy_jets import toy_weights  # noqa: E402

LONGEST = 40
BATCHES = (1, 4, 16, 64, 256, 1024)
OURS = (1, 256, 1024)
MATRIX = 2048
CALIBRATION_JETS = 100
# Kernels of a millisecond at most: the profile has wall times, others use the machine.
PROFILED_RUNS = 60
PROFILED_JETS = {"DGCNN": 1, "Lite": 32}
#: name: (blocks, dense, neighbours, slope), and jets of a repeat.
NETWORKS = {
    "DGCNN": ((((64,) * 3, (128,) * 3, (256,) * 3), (256, 128), 16, 0.1), 1024),
    "Lite": ((((32,) * 3, (64,) * 3), (128,), 7, 0.0), 4096),
}


def mono_jets(count):
    """Features of recorded jets: (count, 40, 7) and mask."""
    place = os.environ.get("ODDJET_TEST_DATA")
    if not place:
        sys.exit("set ODDJET_TEST_DATA: the jets come from there")
    file = np.load(Path(place) / "monojet" / "zjet.npz")
    chosen = np.random.default_rng(1).choice(len(file["n"]), count, replace=False)
    pt, rapidity, azimuth = (
        file[name][chosen, :LONGEST].astype(np.float32)
        for name in ("pt", "deta", "dphi")
    )
    jet = file["jet"][chosen]
    mask = pt > 0
    pt = np.where(mask, pt, 1)
    energy = pt * np.cosh(np.clip(rapidity + jet[:, 1:2], -5, 5))
    values = [rapidity, azimuth, np.log(pt), np.log(pt / jet[:, :1])]
    values += [np.log(energy), np.log(energy / jet[:, 3:]), np.hypot(rapidity, azimuth)]
    stacked = np.stack(values, axis=-1)
    return np.where(mask[..., np.newaxis], stacked, 0).astype(np.float32), mask


def needed_operations(counts, blocks, dense, k, slope):
    """Floating-point operations (two a multiply-add) of jets, without any padding."""
    del slope
    n = np.asarray(counts, np.float64)
    edges = n * np.minimum(k, n - 1)
    total, inputs, pooled = 0.0, 7, 7
    for widths in blocks:
        total = total + 4 * n * inputs * widths[0] + 2 * n * inputs * widths[-1]
        total = total + 2 * n * n * (2 if inputs == 7 else inputs)
        for a, b in pairwise(widths):
            total = total + 2 * edges * a * b
        inputs = widths[-1]
        pooled += inputs
    return total + sum(2 * a * b for a, b in pairwise((pooled, *dense, 1)))


def peer_session(model, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.graph_optimization_level = level
    return onnxruntime.InferenceSession(
        model, options, providers=["CPUExecutionProvider"]
    )


def in_batches(run, jets, size):
    values, mask = jets
    return np.concatenate(
        [
            run(values[i : i + size], mask[i : i + size])
            for i in range(0, len(values), size)
        ]
    )


def check_equal(ours, peer, jets, k):
    """To 1e-5 where all have the same neighbours: jets of k + 1 constituents."""
    values, mask = jets
    length = k + 1
    same = mask.sum(axis=1) >= length
    fixed = values[same][:256, :length], mask[same][:256, :length]
    difference = np.abs(ours(*fixed) - peer(*fixed)).max()
    print(
        f"largest difference with neighbours fixed, {same.sum()} jets: {difference:.1e}"
    )
    assert difference < 1e-5


def in_eight_bits(model, jets):
    """The same network in int8; the first jets fix its scales."""
    original = onnx.load_model_from_string(model)
    layers = message_layers(original.graph)
    values, mask = (part[:CALIBRATION_JETS] for part in jets)
    return model_bytes(int8_graph(original, layers, values, mask))


def profile(model, jets, rows):
    """Microseconds a jet by operator, of jets of the commonest length."""
    values, mask = jets
    counts = mask.sum(axis=1)
    length = np.bincount(counts).argmax()
    chosen = np.flatnonzero(counts == length)[:rows]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_profiling = True
    with tempfile.TemporaryDirectory() as room:
        options.profile_file_prefix = str(Path(room) / "profile")
        session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )
        feeds = {"features": values[chosen, :length], "mask": mask[chosen, :length]}
        for _ in range(PROFILED_RUNS):
            session.run(None, feeds)
        events = json.loads(Path(session.end_profiling()).read_text("utf-8"))
    runs = {}
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("kernel_time"):
            name = (event["name"], event["args"]["op_name"])
            runs.setdefault(name, []).append(event["dur"])
    spent = {}
    for (_, operator), durations in runs.items():
        spent[operator] = spent.get(operator, 0) + min(durations) / len(chosen)
    return dict(sorted(spent.items(), key=lambda entry: -entry[1]))


def explained(network, model, jets):
    """Print where the time of our graph goes, on one thread."""
    spent = profile(model, jets, PROFILED_JETS[network])
    print(f"{network}, one thread: {sum(spent.values()):.0f} us a jet, of which")
    for name, us in list(spent.items())[:8]:
        print(f"  {name:20} {us:8.1f} us")
    return {name: round(us, 2) for name, us in spent.items()}


def contenders(network, threads, jets):
    """Callables by name, and the jets that each scores."""
    (blocks, dense, k, slope), _ = NETWORKS[network]
    weights = toy_weights(blocks, dense, seed=1)
    torch_network = with_weights(weights, blocks, dense, k=k, slope=slope)
    session = peer_session(exported(torch_network), threads)

    def peer(values, mask):
        return session.run(["score"], {"features": values, "mask": mask})[0]

    design = EdgeConvDesign(k, slope, (0, 1))
    own_model = model_bytes(edge_conv_graph([weights], design))
    width = bytes_per_constituent(weights, design)

    def session_of(model, policy=None):
        session = JetSession(
            model, "cpu", threads, policy=policy, bytes_per_constituent=width
        )
        print(f"{session.engine}, {threads} threads")
        return lambda values, mask: session.run(values, mask)[0]

    ours = session_of(own_model)
    graph = session_of(own_model, EQUAL_LENGTHS)
    int8 = session_of(in_eight_bits(own_model, jets))
    for run in (ours, graph):
        check_equal(run, peer, jets, k)
    few = tuple(part[: len(part[0]) and 256] for part in jets)
    calls, items = {}, {}
    for run, name, batches in (
        (peer, "exported", BATCHES),
        (ours, "oddjet", OURS),
        (graph, "oddjet graph", OURS),
        (int8, "oddjet int8", OURS[1:]),
    ):
        for size in batches:
            # One by one, a quarter of the jets is enough.
            some = jets if size > 16 else few
            label = f"{network}, {threads} threads, {name}, batch {size}"
            calls[label] = lambda r=run, j=some, s=size: in_batches(r, j, s)
            items[label] = len(some[0])
    return calls, items, own_model


def matrix_products(threads):
    """Callables by the name of who computes."""
    a, b = torch.randn(2, MATRIX, MATRIX)
    torch.set_num_threads(threads)
    helper, shape = onnx.helper, (MATRIX, MATRIX)
    ports = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name in ("a", "c")
    ]
    weight = onnx.numpy_helper.from_array(b.numpy(), "b")
    node = helper.make_node("MatMul", ["a", "b"], ["c"])
    graph = helper.make_graph([node], "product", ports[:1], ports[1:], [weight])
    session = peer_session(model_bytes(graph), threads)
    return {
        "sgemm of PyTorch": lambda: torch.mm(a, b),
        "sgemm of ONNX Runtime": lambda: session.run(None, {"a": a.numpy()}),
    }


def measured(network, threads, jets, repeats):
    """Claims, times and items of one network, and what its operations take at most."""
    design, _ = NETWORKS[network]
    operations = needed_operations(jets[1].sum(axis=1), *design).mean()
    start = f"{network}, {threads} threads"
    calls, items, model = contenders(network, threads, jets)
    products = {
        f"{start}, {name}": call for name, call in matrix_products(threads).items()
    }
    calls |= products
    items |= dict.fromkeys(products, 1)
    times = seconds(calls, repeats)
    clock = 0 if threads == 1 else 1
    took = {
        name: float(np.median(pairs[:, clock])) / items[name]
        for name, pairs in times.items()
    }
    speeds = {
        name: 2 * MATRIX**3 / float(times[name][:, clock].min()) for name in products
    }
    for name, value in took.items():
        if items[name] > 1:
            print(f"{name:44} | {1 / value:9,.0f} jets/s")
    for name, speed in speeds.items():
        print(f"{name:44} | {speed / 1e9:9.1f} GFLOP/s")
    peak = max(speeds.values())
    claims = compared(network, start, took, operations / peak)
    return claims, times, items, model, operations / peak, peak


def compared(network, start, took, at_peak):
    """What the table of a claim has: (claim, peer, wanted, found)."""

    def best(who):
        return min(value for name, value in took.items() if f", {who}, batch" in name)

    is_large = network == "DGCNN"
    peer, ours = best("exported"), best("oddjet")
    claims = [
        (
            f"{start}, batch {size}",
            "export",
            ">= 2.5" if is_large else "-",
            took[f"{start}, exported, batch {size}"]
            / took[f"{start}, oddjet, batch {size}"],
        )
        for size in (256, 1024)
    ]
    for name, wanted, ratio in (
        ("best", "-" if is_large else ">= 3", peer / ours),
        ("graph", "-", peer / best("oddjet graph")),
        ("int8", ">= 2" if is_large else "-", peer / best("oddjet int8")),
    ):
        claims.append((f"{start}, {name}", "export's best batch", wanted, ratio))
    wanted = ">= 0.6" if is_large else "-"
    claims.append((f"{start}, share of peak", "sgemm", wanted, at_peak / ours))
    return claims


def print_needs(network, design, counts):
    print(
        f"{network}: {counts.mean():.1f} constituents, "
        f"{needed_operations(counts, *design).mean() / 1e6:.2f} MFLOP a jet are "
        f"needed, {needed_operations(LONGEST, *design) / 1e6:.1f} for {LONGEST}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=[*NETWORKS])
    parser.add_argument("--results", type=Path, help="JSON to write")
    options = parser.parse_args()
    claims, all_times, all_items, shares, profiles = [], {}, {}, {}, {}
    for network in options.networks:
        design, count = NETWORKS[network]
        jets = mono_jets(count)
        print_needs(network, design, jets[1].sum(axis=1))
        for threads in options.threads:
            found, times, items, model, at_peak, peak = measured(
                network, threads, jets, options.repeats
            )
            claims += found
            all_times |= times
            all_items |= items
            shares[f"{network}, {threads} threads"] = round(peak / 1e9, 1)
            print(f"the needed operations take {1e6 * at_peak:.0f} us at sgemm's peak")
        profiles[network] = explained(network, model, jets)
    print_claims(claims)
    print_times(all_times, all_items, "jet")
    write_results(
        options.results,
        "deploy",
        {"onnxruntime": onnxruntime.__version__, "torch": torch.__version__},
        {
            "sgemm_gflops": shares,
            "clock": "CPU with 1 thread, wall with 2",
            "us_by_operator": profiles,
        },
        claims=claims,
        times=all_times,
        items=all_items,
    )


if __name__ == "__main__":
    main()
