"""Neighbours of 40 points, k = 16, beside PyTorch and SciPy.

`python bench/bench_knn_graph.py`. Normal points, all jets different; NumPy arrays in,
indices out. One thread in CPU time; PyTorch with the faster of its two ways to the
distances, and not asked to sort the neighbours, which oddjet does.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import scipy
import torch

from oddjet.graphs import knn_graph
from peers.torch_knn import MODES, torch_knn
from peers.tree_knn import tree_knn
from taking_turns import (
    as_json,
    cpu_ratio,
    print_claims,
    print_times,
    seconds,
    thread_ratios,
)

# What a missed target is made of.
PROFILE = """
128 dimensions, float32 (perf, Zen 4, one thread): 40 % the distances, 21 % reading
points by dimension, 16 % the smallest keys, 11 % writing neighbours, 3 % exact
distances that decide near ties. Fused multiply-adds in the approximate distances gained
nothing: torch multiplies matrices.
"""
POINTS, K = 40, 16
JETS = {2: 5000, 64: 2000, 128: 1000}
TREES = {"leafsize 16": {}, "one leaf": {"leafsize": POINTS, "balanced_tree": False}}


def normal_points(jets, dimensions, dtype):
    random = np.random.default_rng(dimensions)
    return random.normal(size=(jets, POINTS, dimensions)).astype(dtype)


def check(points):
    """Everybody finds the same sets but where distances agree up to rounding."""
    indices, valid = knn_graph(points, k=K)
    assert valid.all()
    expected = np.sort(indices)
    peers = [torch_knn(points, K, mode=mode, in_order=False) for mode in MODES]
    peers += [tree_knn(points, K, **options) for options in TREES.values()]
    for found in peers:
        same = np.all(np.sort(found) == expected, axis=-1)
        assert np.mean(same) > 0.999, np.mean(same)


def calls(points):
    contenders = {
        f"oddjet, {threads} thread{'s' * (threads > 1)}": (
            lambda threads=threads: knn_graph(points, k=K, threads=threads)
        )
        for threads in (1, 2)
    }
    for mode in MODES:
        for in_order in (True, False):
            order = "sorted" if in_order else "unsorted"
            name = f"torch, {order}, {mode.split('_')[0]} mm"
            contenders[name] = lambda mode=mode, in_order=in_order: torch_knn(
                points, K, mode=mode, in_order=in_order
            )
    for name, options in TREES.items():
        contenders[f"cKDTree, {name}"] = lambda options=options: tree_knn(
            points, K, **options
        )
    return contenders


def claims_of(case, times):
    def best(*prefixes):
        found = [n for n in times if all(p in n for p in prefixes)]
        return min(found, key=lambda name: np.median(times[name][:, 0]))

    one, two = "oddjet, 1 thread", "oddjet, 2 threads"
    for peer, wanted in (
        (best("torch", ", sorted"), ">= 5"),
        (best("torch", "unsorted"), ">= 5"),
        (best("cKDTree"), ">= 5"),
    ):
        yield case, peer, wanted, cpu_ratio(times, peer, one)
    wall, cpu = thread_ratios(times, one, two)
    yield f"{case}, 2 threads over 1", "itself", ">= 1.7", wall
    yield f"{case}, CPU of 2 threads over 1", "itself", "<= 1.15", cpu


def main():
    """Measure, print the tables and, if asked to, write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)

    claims, times, items = [], {}, {}
    for dimensions, jets in JETS.items():
        for dtype in (np.float32, np.float64):
            case = f"{dimensions} dimensions, {np.dtype(dtype)}"
            points = normal_points(jets, dimensions, dtype)
            check(points)
            measured = seconds(calls(points), options.repeats)
            claims += claims_of(case, measured)
            times |= {f"{case}: {name}": pairs for name, pairs in measured.items()}
            items |= {f"{case}: {name}": jets for name in measured}

    print_claims(claims)
    print_times(times, items, "jet")
    print(PROFILE)
    if options.output:
        versions = {
            "numpy": np.__version__,
            "torch": torch.__version__,
            "scipy": scipy.__version__,
        }
        settings = {"points": POINTS, "k": K, "repeats": options.repeats}
        text = as_json(
            "knn_graph", versions, settings, claims=claims, times=times, items=items
        )
        options.output.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
