"""Jet images and augmentation beside NumPy: `python bench/bench_jet_images.py`.

Toy jets of 20 to 80 constituents, all different; awkward arrays in, results out. One
thread is measured in CPU time, two threads in wall time; all contenders take turns
and the median of the repeats counts (of two threads over one the best). Answers are
compared before the clock runs.

At 75 x 75 pixels the images are 20 times larger than the jets, and nobody is faster
than the system is at handing out memory full of zeros: `memory` is np.zeros with one
pixel of each image written to.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import awkward as ak
import numpy as np

from oddjet.augment import rotate_jets, smear_directions, smear_pt
from oddjet.images import jet_images
from peers.flat_numpy_images import flat_numpy_images
from taking_turns import (
    as_json,
    cpu_ratio,
    print_claims,
    print_times,
    seconds,
    thread_ratios,
)

SCALE_GEV = 0.1
SMEAR_PT = {"resolution": "cms_hcal", "negative_pt": "drop"}


def toy_jets(count, *, seed=1):
    """Jets with constituents around their axes, as of R = 0.8 and pt > 750 GeV."""
    random = np.random.default_rng(seed)
    size = random.integers(20, 81, count)
    total = size.sum()
    eta, phi = random.uniform(-2, 2, count), random.uniform(-np.pi, np.pi, count)
    radius, angle = random.exponential(0.2, total), random.uniform(0, 2 * np.pi, total)
    constituents = {
        "pt": random.exponential(15.0, total) + 0.5,
        "eta": np.repeat(eta, size) + radius * np.cos(angle),
        "phi": _wrapped(np.repeat(phi, size) + radius * np.sin(angle)),
        "mass": np.zeros(total),
    }
    lists = ak.unflatten(ak.zip(constituents, with_name="Momentum4D"), size)
    axes = {
        "pt": np.full(count, 800.0),
        "eta": eta,
        "phi": phi,
        "mass": np.zeros(count),
    }
    return ak.with_field(ak.zip(axes, with_name="Momentum4D"), lists, "constituents")


def _wrapped(angle):
    return np.remainder(angle + np.pi, 2 * np.pi) - np.pi


def zeroed_memory(jets, bins):
    """The bound that the size of the answer sets."""
    images = np.zeros((len(jets), bins, bins), np.float32)
    images[:, bins // 2, bins // 2] = 1.0
    return images


def smear_with_numpy(constituents):
    """Directions smeared by a stateful generator, as one would write it."""
    random = np.random.default_rng(1)
    flat = ak.flatten(constituents)
    sigma = SCALE_GEV / ak.to_numpy(flat.pt)
    smeared = {
        "pt": flat.pt,
        "eta": random.normal(flat.eta, sigma),
        "phi": _wrapped(random.normal(flat.phi, sigma)),
        "mass": flat.mass,
    }
    zipped = ak.zip(smeared, with_name="Momentum4D")
    return ak.unflatten(zipped, ak.num(constituents))


def check_images(jets, bins):
    """Peers agree in all but the jets in which rounding moved a constituent."""
    expected = flat_numpy_images(jets, bins=bins, dense=True)
    sparse = flat_numpy_images(jets, bins=bins)
    for found in (jet_images(jets, bins=bins), sparse):
        differs = np.any(np.abs(found - expected) > 1e-3, axis=(1, 2))
        assert np.mean(differs) < 1e-3, np.mean(differs)


def check_smearing(constituents):
    """Both deviations are scale / pt, within the error of the sample."""
    flat = ak.flatten(constituents)
    for smear in (oddjet_smearing(1), smear_with_numpy):
        pull = (ak.flatten(smear(constituents)).eta - flat.eta) * flat.pt / SCALE_GEV
        assert abs(np.std(pull) - 1) < 5 / np.sqrt(2 * len(flat))
        assert abs(np.mean(pull)) < 5 / np.sqrt(len(flat))


def oddjet_smearing(threads):
    return lambda constituents: smear_directions(
        constituents, scale_gev=SCALE_GEV, seed=1, threads=threads
    )


def image_calls(jets, bins):
    return {
        "oddjet, 1 thread": lambda: jet_images(jets, bins=bins, threads=1),
        "oddjet, 2 threads": lambda: jet_images(jets, bins=bins, threads=2),
        "NumPy, bincount": lambda: flat_numpy_images(jets, bins=bins, dense=True),
        "NumPy, add.at": lambda: flat_numpy_images(jets, bins=bins),
        "memory": lambda: zeroed_memory(jets, bins),
    }


def augment_calls(jets):
    constituents = jets.constituents
    calls = {
        "rotate_jets": lambda n: rotate_jets(jets, seed=1, threads=n),
        "smear_directions": lambda n: oddjet_smearing(n)(constituents),
        "smear_pt": lambda n: smear_pt(constituents, seed=1, threads=n, **SMEAR_PT),
    }
    return {
        f"{name}, {n} thread{'s' * (n > 1)}": lambda call=call, n=n: call(n)
        for name, call in calls.items()
        for n in (1, 2)
    } | {"smear_directions, NumPy": lambda: smear_with_numpy(constituents)}


def image_claims(times, jets, bins):
    one, two = "oddjet, 1 thread", "oddjet, 2 threads"
    wall = {name: np.median(pairs[:, 1]) for name, pairs in times.items()}
    size = f"{bins} x {bins}"
    for peer in ("NumPy, bincount", "NumPy, add.at", "memory"):
        wanted = ">= 5" if peer == "NumPy, bincount" else "-"
        yield f"{size}, one thread, CPU", peer, wanted, cpu_ratio(times, peer, one)
        yield f"{size}, two threads, wall", peer, wanted, wall[peer] / wall[two]
    yield from thread_claims(times, size, one, two)
    claim = f"{size}, seconds for 1e5 jets, two threads"
    yield claim, "-", "< 3", wall[two] * 1e5 / jets


def thread_claims(times, claim, one, two):
    wall, cpu = thread_ratios(times, one, two)
    yield f"{claim}, 2 threads over 1", "itself", ">= 1.7", wall
    yield f"{claim}, CPU of 2 threads over 1", "itself", "<= 1.15", cpu


def augment_claims(times):
    name = "smear_directions"
    ratio = cpu_ratio(times, f"{name}, NumPy", f"{name}, 1 thread")
    yield name, "NumPy", "-", ratio
    for name in ("rotate_jets", "smear_directions", "smear_pt"):
        yield from thread_claims(times, name, f"{name}, 1 thread", f"{name}, 2 threads")


def main():
    """Measure, print the tables and, if asked to, write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jets", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--bins", type=int, nargs="+", default=[75, 25])
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()

    jets = toy_jets(options.jets)
    constituents = len(ak.flatten(jets.constituents))
    print(f"{options.jets} jets of {constituents} constituents\n")
    check_smearing(jets.constituents)
    times, claims = {}, []
    for bins in options.bins:
        check_images(jets, bins)
        measured = seconds(image_calls(jets, bins), options.repeats)
        claims += image_claims(measured, options.jets, bins)
        times |= {f"{name}, {bins} x {bins}": pairs for name, pairs in measured.items()}
    measured = seconds(augment_calls(jets), options.repeats)
    claims += augment_claims(measured)
    times |= measured

    items = dict.fromkeys(times, options.jets)
    print_claims(claims)
    print_times(times, items, "jet")
    if options.output:
        versions = {"numpy": np.__version__, "awkward": ak.__version__}
        settings = {
            "jets": options.jets,
            "constituents": constituents,
            "repeats": options.repeats,
        }
        text = as_json(
            "jet_images", versions, settings, claims=claims, times=times, items=items
        )
        options.output.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
