"""What distance correlation costs, beside dcor, np.argsort and losses of PyTorch.

`python bench/bench_distance_correlation.py`. Normal variables that depend on each
other a little; NumPy arrays in, numbers and gradients out. Contenders take turns, each
after it has shown that it gives the same number. Ten million events need 3 GB
(--largest).

np.argsort sorts in the vector instructions of the processor, which NumPy 2 chooses when
it is loaded. In processes of their own it sorts without the widest ("AVX2", the faster
one on a Zen 4) and without any ("baseline").
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import torch

from growth_figure import draw_growth
from oddjet.correlation import (
    distance_correlation,
    distance_correlation_gradient,
    distance_correlation_squared,
    distance_correlations,
)
from peers.distance_correlation_losses import blocked_loss, n_by_n_loss
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
value + gradient, n = 1e6 (perf, Zen 4 beside other work, one thread): 22 % pages that
the system clears, 21 % waits for memory where one order looks into the other, 18 % the
sums within blocks, 15 % the sorts, the rest running sums. A value alone is faster than
dcor by 17 where its memory has been used before; after a contender of seconds each
page of 2 MB is new to the machine below a virtual one, and 40 of them take as long as
all sums. Five pairs share sorts and sums of a variable (V), and nothing of what
follows (P): (4 V + 5 P) / (10 V + 5 P), and P is twice V since sorts are fast.
"""
PAIRS = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3)]


def sample(n):
    """Two scores, a transverse mass and a rapidity difference; and weights."""
    random = np.random.default_rng(1)
    mass, delta, x, y = random.normal(size=(4, n))
    x, y = x + 0.3 * mass, y + 0.1 * x + 0.2 * delta
    return [x, y, mass, delta], random.uniform(0.1, 1.0, n)


def values(repeats):
    """Against dcor, which knows no weights, by either of its n log n methods."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import dcor
    (x, y, *_), weights = sample(10**6)
    calls = {
        f"dcor, {method}": lambda method=method: dcor.distance_correlation(
            x, y, method=method
        )
        for method in ("mergesort", "avl")
    }
    for call in calls.values():  # compiles
        np.testing.assert_allclose(distance_correlation(x, y), call(), rtol=1e-9)
    calls["oddjet, weighted"] = lambda: distance_correlation(x, y, weights)
    calls["oddjet, equal weights"] = lambda: distance_correlation(x, y)
    times = seconds(calls, repeats)
    best = min(
        ("dcor, mergesort", "dcor, avl"), key=lambda n: np.median(times[n][:, 0])
    )
    claims = [
        (
            f"value, n = 1e6, {kind}",
            best,
            ">= 10",
            cpu_ratio(times, best, f"oddjet, {kind}"),
        )
        for kind in ("weighted", "equal weights")
    ]
    return claims, times, 10**6


def losses(repeats):
    """Value and gradient of a batch, against autograd."""
    (x, y, *_), _ = sample(10**4)

    def with_gradients(loss):
        tensors = [torch.tensor(v, requires_grad=True) for v in (x, y)]
        value = loss(*tensors)
        value.backward()
        return value.item(), *(tensor.grad.numpy() for tensor in tensors)

    found = distance_correlation_gradient(x, y)
    for loss in (n_by_n_loss, blocked_loss):
        for one, other in zip(found, with_gradients(loss), strict=True):
            atol = 1e-9 * np.abs(other).max()
            np.testing.assert_allclose(one, other, rtol=0, atol=atol)
    calls = {
        "oddjet": lambda: distance_correlation_gradient(x, y),
        "torch, n x n": lambda: with_gradients(n_by_n_loss),
        "torch, blocked": lambda: with_gradients(blocked_loss),
    }
    times = seconds(calls, min(3, repeats))
    claims = [
        ("value + gradient, n = 1e4", peer, wanted, cpu_ratio(times, peer, "oddjet"))
        for peer, wanted in (("torch, n x n", ">= 500"), ("torch, blocked", ">= 50"))
    ]
    return claims, times, 10**4


def beside_argsort(repeats):
    """Value and gradient in units of one np.argsort."""
    (x, y, *_), weights = sample(10**6)
    kernel = argsort_kernel()
    calls = {
        "oddjet, equal weights": lambda: distance_correlation_gradient(x, y),
        "oddjet, weighted": lambda: distance_correlation_gradient(x, y, weights),
        f"np.argsort, {kernel}": lambda: np.argsort(x),
    }
    times = seconds(calls, 2 * repeats)
    narrower = {name: argsort_seconds(name) for name in ("AVX2", "baseline")}
    claims = []
    for kind in ("equal weights", "weighted"):
        claim, one = f"value + gradient, n = 1e6, {kind}", f"oddjet, {kind}"
        ratio = cpu_ratio(times, one, f"np.argsort, {kernel}")
        claims.append((claim, f"np.argsort, {kernel}", "<= 6", ratio))
        for name, plain in narrower.items():
            ratio = np.median(times[one][:, 0]) / plain
            claims.append((claim, f"np.argsort, {name}", "-", ratio))
    return claims, times, 10**6


def argsort_kernel():
    """The widest instructions here that NumPy has a sort for."""
    found = np.show_config("dicts")["SIMD Extensions"]["found"]
    names = {
        "X86_V4": "AVX-512",
        "AVX512_SKX": "AVX-512",
        "X86_V3": "AVX2",
        "AVX2": "AVX2",
    }
    return next((names[name] for name in names if name in found), "baseline")


def argsort_seconds(widest):
    """Median CPU time of np.argsort without wider vector instructions."""
    code = (
        "import numpy as np, time; x = np.random.default_rng(1).normal(size=10**6)\n"
        "def cpu():\n start = time.process_time(); np.argsort(x)\n"
        " return time.process_time() - start\n"
        "print(np.median([cpu() for _ in range(9)]))"
    )
    found = np.show_config("dicts")["SIMD Extensions"]["found"]
    if widest == "AVX2":
        found = [name for name in found if name.startswith(("X86_V4", "AVX512"))]
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"NPY_DISABLE_CPU_FEATURES": " ".join(found)},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def several_pairs(repeats):
    """The pairs of the ABCD loss, with derivatives by the two scores."""
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
        np.testing.assert_equal(one, other)
    times = seconds({"at once": at_once, "one by one": one_by_one}, 4 * repeats)
    ratio = cpu_ratio(times, "at once", "one by one")
    claims = [
        ("five pairs of four variables, n = 55,000", "five calls", "<= 0.6", ratio)
    ]
    return claims, times, 55_000


def two_threads(repeats):
    (x, y, *_), weights = sample(10**6)
    points = np.random.default_rng(1).normal(size=(6000, 3))
    cases = {
        "gradient, n = 1e6": lambda threads: distance_correlation_gradient(
            x, y, weights, threads=threads
        ),
        "points, n = 6e3": lambda threads: (
            distance_correlation(points, points[:, :2], threads=threads),
        ),
    }
    for name, call in cases.items():
        for one, two in zip(call(1), call(2), strict=True):
            np.testing.assert_array_equal(one, two)
        calls = {f"{name}, {n}": lambda n=n, call=call: call(n) for n in (1, 2)}
        times = seconds(calls, repeats)
        wall, cpu = thread_ratios(times, f"{name}, 1", f"{name}, 2")
        yield f"{name}, 2 threads over 1", "itself", ">= 1.7", wall
        yield f"{name}, CPU of 2 threads over 1", "itself", "<= 1.15", cpu


def growth(largest):
    """Median CPU seconds and peak memory of value and gradient, by n; one thread."""
    rows = []
    for n in (10**4, 10**5, 10**6, 10**7):
        if n > largest:
            break
        (x, y, *_), _ = sample(n)
        calls = {
            "value + gradient": lambda x=x, y=y: distance_correlation_gradient(x, y),
            "np.argsort": lambda x=x: np.argsort(x),
        }
        # Later calls get memory that the first one gave back.
        peak = peak_bytes(calls["value + gradient"])
        times = seconds(calls, 3)
        cpu = {name: float(np.median(pairs[:, 0])) for name, pairs in times.items()}
        rows.append({"n": n, "seconds": cpu, "bytes_an_event": peak / n})
        print(
            f"n = {n:>8}: {1e9 * cpu['value + gradient'] / n:4.0f} ns and "
            f"{peak / n:4.0f} bytes an event, results included"
        )
    return rows


def value_bytes():
    """Peak memory of a weighted value alone, in bytes an event; in its own process."""
    code = (
        "import bench_distance_correlation as bench\n"
        "(x, y, *_), weights = bench.sample(10**6)\n"
        "bench.distance_correlation(x[:10], y[:10])  # what a first call loads\n"
        "call = lambda: bench.distance_correlation(x, y, weights)\n"
        "print(bench.peak_bytes(call) / 10**6)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def peak_bytes(call):
    """How far the memory of this process rises in a call."""
    Path("/proc/self/clear_refs").write_text("5", "utf-8")  # forget the last peak
    before = status_bytes("VmRSS")
    result = call()
    peak = status_bytes("VmHWM")
    del result
    return peak - before


def status_bytes(field):
    text = Path("/proc/self/status").read_text("utf-8")
    return 1024 * int(re.search(rf"{field}:\s+(\d+) kB", text)[1])


def accuracy():
    """How far rounding moves R^2 far from zero and near it, at n = 1e6."""
    (x, y, *_), _ = sample(10**6)
    independent = np.random.default_rng(5).normal(size=10**6)
    order = np.random.default_rng(6).permutation(10**6)
    rows = {}
    for name, other in (("dependent", y), ("independent", independent)):
        value = distance_correlation_squared(x, other)
        # Integers below 2^40 keep their differences exactly under a shift of 1e6.
        grid_x, grid_y = (np.round(v * 2**20) / 2**20 for v in (x, other))
        moved = distance_correlation_squared(grid_x + 2.0**20, grid_y - 2.0**24)
        again = distance_correlation_squared(other[order], x[order])
        rows[name] = {
            "R^2": value,
            "shifted by 1e6": moved / distance_correlation_squared(grid_x, grid_y) - 1,
            "reordered and exchanged": again / value - 1,
        }
    return rows


def main():
    """Measure, print the tables and, if asked to, write them as JSON and SVG."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--largest", type=float, default=1e7)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)

    alone = value_bytes()
    print(f"value alone, n = 1e6, weighted: {alone:.0f} bytes an event")
    rows = growth(options.largest)
    claims, times, items = [], {}, {}
    for bench in (several_pairs, beside_argsort, values, losses):
        found, measured, n = bench(options.repeats)
        claims += found
        times |= {f"{bench.__name__}: {name}": each for name, each in measured.items()}
        items |= dict.fromkeys((f"{bench.__name__}: {name}" for name in measured), n)
    claims += two_threads(options.repeats)
    print_claims(claims)
    print_times(times, items, "event")
    print(PROFILE)
    if options.output:
        draw_growth(rows, options.output.with_suffix(".svg"))
        settings = {
            "repeats": options.repeats,
            "growth": rows,
            "bytes_an_event of a value": alone,
            "accuracy at n = 1e6": accuracy(),
        }
        versions = {"numpy": np.__version__, "torch": torch.__version__}
        text = as_json(
            "distance_correlation",
            versions,
            settings,
            claims=claims,
            times=times,
            items=items,
        )
        options.output.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
