"""What distance correlation costs, beside dcor, np.argsort and losses of PyTorch.

    python bench/bench_distance_correlation.py [--repeats 5] [--result FILE.json]

Alternatives take turns, each after it has shown that it gives the same number; the
ratios are of medians of CPU time on one thread, of the wall time for two. Growth to
ten million events needs 3 GB (--largest).
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
import tracemalloc
import warnings
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from oddjet import correlation
from oddjet.correlation import (
    distance_correlation,
    distance_correlation_gradient,
    distance_correlations,
)
from peers.distance_correlation_losses import blocked_loss, n_by_n_loss

PAIRS = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3)]


def sample(n, seed=1):
    """Two scores, a transverse mass and a rapidity difference; and weights."""
    random = np.random.default_rng(seed)
    mass, delta, x, y = random.normal(size=(4, n))
    x, y = x + 0.3 * mass, y + 0.1 * x + 0.2 * delta
    return [x, y, mass, delta], random.uniform(0.1, 1.0, n)


def in_turn(alternatives, repeats, timer=time.process_time):
    """Seconds of each call, by name: all once, then all again."""
    seconds = {name: [] for name in alternatives}
    for _ in range(repeats):
        for name, call in alternatives.items():
            start = timer()
            call()
            seconds[name].append(timer() - start)
    return seconds


def medians(seconds):
    return {name: statistics.median(each) for name, each in seconds.items()}


def same(found, expected, tolerance):
    if abs(found - expected) > tolerance:
        message = f"{found} is not {expected}"
        raise AssertionError(message)


def value_against_dcor(repeats):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import dcor
    (x, y, *_), weights = sample(10**6)
    peers = {
        f"dcor, {method}": lambda method=method: dcor.distance_correlation(
            x, y, method=method
        )
        for method in ("mergesort", "avl")
    }
    for call in peers.values():  # compiles
        same(distance_correlation(x, y), call(), 1e-9)
    seconds = medians(
        in_turn(
            {
                "weighted": lambda: distance_correlation(x, y, weights),
                "equal weights": lambda: distance_correlation(x, y),
                **peers,
            },
            repeats,
        )
    )
    best = min(peers, key=seconds.__getitem__)
    for name in ("weighted", "equal weights"):
        ratio = seconds[best] / seconds[name]
        yield f"value, n = 1e6, {name}", best, ">= 10", ratio, seconds


def gradient_against_torch(repeats):
    (x, y, *_), _ = sample(10**4)

    def loss_and_gradients(loss):
        tensors = [torch.tensor(v, requires_grad=True) for v in (x, y)]
        value = loss(*tensors)
        value.backward()
        return value.item(), [tensor.grad.numpy() for tensor in tensors]

    value, by_x, by_y = distance_correlation_gradient(x, y)
    for loss in (n_by_n_loss, blocked_loss):
        expected, gradients = loss_and_gradients(loss)
        same(value, expected, 1e-9)
        for found, other in zip((by_x, by_y), gradients, strict=True):
            same(np.abs(found - other).max(), 0.0, 1e-9 * np.abs(other).max())
    seconds = medians(
        in_turn(
            {
                "oddjet": lambda: [
                    distance_correlation_gradient(x, y) for _ in range(20)
                ],
                "n x n": lambda: loss_and_gradients(n_by_n_loss),
                "blocked": lambda: loss_and_gradients(blocked_loss),
            },
            max(2, repeats // 2),
        )
    )
    seconds["oddjet"] /= 20
    claim = "value + gradient, n = 1e4"
    yield claim, "torch, n x n", ">= 500", seconds["n x n"] / seconds["oddjet"], seconds
    yield claim, "torch, blocked", ">= 50", seconds["blocked"] / seconds["oddjet"], {}


def gradient_against_argsort(repeats):
    (x, y, *_), weights = sample(10**6)
    seconds = medians(
        in_turn(
            {
                "equal weights": lambda: distance_correlation_gradient(x, y),
                "weighted": lambda: distance_correlation_gradient(x, y, weights),
                "argsort": lambda: np.argsort(x),
            },
            repeats,
        )
    )
    for name in ("equal weights", "weighted"):
        ratio = seconds[name] / seconds["argsort"]
        yield f"value + gradient, n = 1e6, {name}", "np.argsort", "<= 6", ratio, seconds


def pairs_at_once(repeats):
    variables, weights = sample(55_000)
    wanted = [True, True, False, False]

    def at_once():
        return distance_correlations(variables, PAIRS, weights, wanted=wanted)

    def one_by_one():
        return [
            distance_correlation_gradient(
                variables[i], variables[j], weights, wanted=(wanted[i], wanted[j])
            )
            for i, j in PAIRS
        ]

    for one, other in zip(at_once(), one_by_one(), strict=True):
        same(one[0], other[0], 0.0)
    seconds = medians(
        in_turn({"at once": at_once, "one by one": one_by_one}, 3 * repeats)
    )
    ratio = seconds["at once"] / seconds["one by one"]
    yield "five pairs of four variables", "five calls", "<= 0.6", ratio, seconds


def two_threads(repeats):
    (x, y, *_), weights = sample(10**6)
    points = np.random.default_rng(1).normal(size=(6000, 3))

    def pair(threads):
        return lambda: distance_correlation_gradient(x, y, weights, threads=threads)

    def blocked(threads):
        return lambda: distance_correlation(points, points[:, :2], threads=threads)

    for name, call in (("n = 1e6, gradient", pair), ("points, n = 6e3", blocked)):
        one, two = call(1)(), call(2)()
        if not all(map(np.array_equal, np.atleast_1d(one), np.atleast_1d(two))):
            message = "threads change the result"
            raise AssertionError(message)
        calls = {"one": call(1), "two": call(2)}
        walls = in_turn(calls, repeats, time.perf_counter)
        best = {each: min(seconds) for each, seconds in walls.items()}
        work = medians(in_turn(calls, repeats))
        yield (
            f"two threads, {name} (CPU time x {work['two'] / work['one']:.2f})",
            "one thread",
            ">= 1.7",
            best["one"] / best["two"],
            best,
        )


def growth(largest):
    """Seconds of CPU time and bytes of results by n: value + gradient, one thread."""
    rows = []
    for n in (10**4, 10**5, 10**6, 10**7):
        if n > largest:
            break
        (x, y, *_), _ = sample(n)
        seconds = in_turn(
            {
                "gradient": lambda x=x, y=y: distance_correlation_gradient(x, y),
                "argsort": lambda x=x: np.argsort(x),
            },
            3,
        )
        rows.append({"n": n, **{name: min(each) for name, each in seconds.items()}})
        row = rows[-1]
        print(
            f"n = {n:>8}: {1e9 * row['gradient'] / n:5.0f} ns an event, "
            f"{row['gradient'] / row['argsort']:.1f} argsorts"
        )
    return rows


def accuracy():
    """Relative differences of R^2 far from zero and near it, at n = 1e6."""
    (x, y, *_), _ = sample(10**6)
    independent = np.random.default_rng(5).normal(size=10**6)
    squared = correlation.distance_correlation_squared
    rows = {}
    for name, other in (("dependent", y), ("independent", independent)):
        value = squared(x, other)
        # Integers below 2^40 keep their differences exactly under a shift of 1e6.
        grid_x, grid_y = (np.round(v * 2**20) / 2**20 for v in (x, other))
        moved = squared(grid_x + 2.0**20, grid_y - 2.0**24)
        order = np.random.default_rng(6).permutation(10**6)
        rows[name] = {
            "R^2": value,
            "shifted by 1e6": moved / squared(grid_x, grid_y) - 1,
            "reordered and exchanged": squared(other[order], x[order]) / value - 1,
        }
        print(name, {key: f"{each:.1e}" for key, each in rows[name].items()})
    return rows


def memory():
    """Peak of the process above its start, in bytes an event, for n = 1e6."""
    tracemalloc.stop()
    (x, y, *_), _ = sample(10**6)
    before = _peak()
    distance_correlation_gradient(x, y)
    return (_peak() - before) / len(x)


def _peak():
    import resource

    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--largest", type=float, default=1e7)
    parser.add_argument("--result", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    bytes_an_event = memory()  # first: a peak only rises
    print(f"memory of value + gradient: at most {bytes_an_event:.0f} bytes an event")
    found = []
    print("claim | peer | ratio wanted | ratio found")
    for bench in (
        pairs_at_once,
        gradient_against_argsort,
        value_against_dcor,
        two_threads,
        gradient_against_torch,
    ):
        for claim, peer, wanted, ratio, seconds in bench(options.repeats):
            print(f"{claim} | {peer} | {wanted} | {ratio:.2f}")
            found.append(
                {
                    "claim": claim,
                    "peer": peer,
                    "wanted": wanted,
                    "found": round(ratio, 3),
                    "seconds": seconds,
                }
            )
    result = {
        "theme": "distance_correlation",
        "hardware": f"{platform.processor() or platform.machine()}, shared",
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {"numpy": np.__version__, "torch": torch.__version__},
        "claims": found,
        "bytes_an_event": bytes_an_event,
        "accuracy": accuracy(),
        "growth": growth(options.largest),
    }
    if options.result:
        options.result.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
