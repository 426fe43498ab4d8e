"""Seven features of the hardest 40 constituents beside NumPy and awkward/vector.

`python bench/bench_constituent_features.py`. Toy jets of 20 to 80 constituents, all
different; awkward jets in, padded arrays out. Constituents as `cluster` leaves them
(hardest first), and in random order as files may have them.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import awkward as ak
import numpy as np
import vector

from oddjet.features import FeatureSpec, constituent_features
from peers.flat_numpy_features import flat_numpy_features
from peers.vector_features import vector_features
from taking_turns import (
    as_json,
    cpu_ratio,
    print_claims,
    print_times,
    seconds,
    thread_ratios,
)

SPEC = FeatureSpec()
# What a missed target is made of.
PROFILE = """
The kernel's time for 20,000 jets in order (perf, Zen 5 beside other work, one thread):
28 % energies and rapidities, 22 % reading the momenta from memory, 13 % rows of the
answer, 12 % the other logarithms, 10 % pages that the system clears, the rest
differences and the hardest constituents. Awkward arrays are taken apart in 0.1 ms a
call. In any order, placing constituents costs as much as half of all this.
"""


def toy_jets(count, *, in_order):
    """Jets with constituents around their axes, as of R = 0.8."""
    random = np.random.default_rng(1)
    size = random.integers(20, 81, count)
    total = size.sum()
    eta, phi = random.uniform(-2, 2, count), random.uniform(-np.pi, np.pi, count)
    radius, angle = random.exponential(0.2, total), random.uniform(0, 2 * np.pi, total)
    pt = random.exponential(15.0, total) + 0.5
    if in_order:
        pt = pt[np.lexsort((-pt, np.repeat(np.arange(count), size)))]
    phis = np.repeat(phi, size) + radius * np.sin(angle)
    constituents = {
        "pt": pt,
        "eta": np.repeat(eta, size) + radius * np.cos(angle),
        "phi": np.remainder(phis + np.pi, 2 * np.pi) - np.pi,
        "mass": random.choice([0.0, 0.13957], total),
    }
    lists = ak.unflatten(ak.zip(constituents, with_name="Momentum4D"), size)
    axes = {
        "pt": random.uniform(300, 900, count),
        "eta": eta,
        "phi": phi,
        "mass": random.uniform(10, 100, count),
    }
    return ak.with_field(ak.zip(axes, with_name="Momentum4D"), lists, "constituents")


def check(jets):
    """Peers agree to single precision of numbers of order ten."""
    values, mask = constituent_features(jets, SPEC)
    for peer in (flat_numpy_features, vector_features):
        found, real = peer(jets, SPEC.num_constituents)
        np.testing.assert_array_equal(real, mask)
        np.testing.assert_allclose(found, values, rtol=1e-6, atol=1e-6)


def calls(jets):
    return {
        f"oddjet, {threads} thread{'s' * (threads > 1)}": (
            lambda threads=threads: constituent_features(jets, SPEC, threads=threads)
        )
        for threads in (1, 2)
    } | {
        "flat NumPy": lambda: flat_numpy_features(jets, SPEC.num_constituents),
        "awkward and vector": lambda: vector_features(jets, SPEC.num_constituents),
    }


def claims_of(case, times):
    one, two = "oddjet, 1 thread", "oddjet, 2 threads"
    for peer, wanted in (("flat NumPy", ">= 5"), ("awkward and vector", ">= 20")):
        yield case, peer, wanted, cpu_ratio(times, peer, one)
    wall, cpu = thread_ratios(times, one, two)
    yield f"{case}, 2 threads over 1", "itself", ">= 1.7", wall
    yield f"{case}, CPU of 2 threads over 1", "itself", "<= 1.15", cpu


def main():
    """Measure, print the tables and, if asked to, write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jets", type=int, nargs="+", default=[20_000, 100_000])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()

    claims, times, items = [], {}, {}
    for count, in_order in itertools.product(options.jets, (True, False)):
        case = f"{count} jets, {'hardest first' if in_order else 'in any order'}"
        jets = toy_jets(count, in_order=in_order)
        check(jets)
        measured = seconds(calls(jets), options.repeats)
        claims += claims_of(case, measured)
        times |= {f"{case}: {name}": pairs for name, pairs in measured.items()}
        items |= {f"{case}: {name}": count for name in measured}

    print_claims(claims)
    print_times(times, items, "jet")
    print(PROFILE)
    if options.output:
        versions = {
            "numpy": np.__version__,
            "awkward": ak.__version__,
            "vector": vector.__version__,
        }
        settings = {"jets": options.jets, "repeats": options.repeats}
        text = as_json(
            "constituent_features",
            versions,
            settings,
            claims=claims,
            times=times,
            items=items,
        )
        options.output.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
