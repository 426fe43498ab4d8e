"""What a training step of two ABCD scores costs, beside the n x n loss.

    python bench/bench_abcd_training.py [--n-by-n 4000] [--result FILE.json]

A step: both networks forwards and backwards, five distance correlations of the
background, the multipliers. Each case runs in a process of its own, on one thread, and
tells its CPU time and its peak memory above what loading the libraries takes. The n x n
loss runs at one size that its memory allows; beyond, its n^2 is extrapolated.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from oddjet.learn.abcd_config import AbcdTrainingConfig, DecorrelationTerm
from oddjet.learn.abcd_sample import AbcdSample
from oddjet.learn.abcd_training import AbcdTrainer
from peers.distance_correlation_losses import n_by_n_loss

PAIRS = (("X", "Y"), ("X", "mass"), ("Y", "mass"), ("X", "delta"), ("Y", "delta"))


def trainer_of(n):
    """A full batch of n background events and a tenth as many of signal."""
    rng = np.random.default_rng(1)
    total = n + n // 10
    is_signal = np.arange(total) >= n
    features = rng.normal(size=(total, 12)).astype(np.float32)
    features += is_signal[:, None]
    mass, delta = rng.normal(size=(2, total))
    sample = AbcdSample(
        features, is_signal, np.ones(total), {"mass": mass, "delta": delta}
    )
    terms = tuple(DecorrelationTerm(between=pair, target=0.2) for pair in PAIRS)
    config = AbcdTrainingConfig(
        decorrelate=terms, batch_events=None, steps=1, epochs=1000
    )
    return AbcdTrainer(sample, config, seed=1)


def by_n_by_n(variables, pairs, _weights):
    """The same pairs, each with its own n x n matrices."""
    return torch.stack([n_by_n_loss(variables[i], variables[j]) for i, j in pairs])


def measure(form, n, repeats):
    """Seconds of CPU time of a step, bytes above the libraries, and the losses."""
    loaded = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    trainer = trainer_of(n)
    if form == "n x n":
        import oddjet.learn.abcd_terms as terms

        terms.distance_correlations = by_n_by_n
    first = trainer.run(epochs=1)[0].terms
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        trainer.run(epochs=1)
        seconds.append(time.process_time() - start)
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "form": form,
        "n": n,
        "seconds": statistics.median(seconds),
        "bytes": peak - loaded,
        "losses": list(first.values()),
    }


def in_a_process(form, n, repeats):
    done = subprocess.run(
        [sys.executable, __file__, "--measure", form, str(n), str(repeats)],
        capture_output=True,
        text=True,
        check=True,
    )
    row = json.loads(done.stdout)
    print(
        f"{form:>6}, n = {n:>9,}: {row['seconds']:9.3f} s a step, "
        f"{row['bytes'] / 2**20:8.0f} MiB, {row['bytes'] / n:8.0f} bytes an event"
    )
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-by-n", type=int, default=4000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--result", type=Path)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.measure:
        form, n, repeats = options.measure
        print(json.dumps(measure(form, int(n), int(repeats))))
        return
    n = options.n_by_n
    rows = [in_a_process("n x n", n, 1)]
    rows += [in_a_process("oddjet", m, options.repeats) for m in (n, 55_000, 10**6)]
    peer, same, *larger = rows
    np.testing.assert_allclose(same["losses"], peer["losses"], rtol=1e-4)
    ratio = peer["seconds"] / same["seconds"]
    print(f"measured at n = {n:,}: {ratio:.0f} times faster")
    for row in larger:
        factor = (row["n"] / n) ** 2
        print(
            f"extrapolated to n = {row['n']:,}: "
            f"{peer['seconds'] * factor / row['seconds']:,.0f} times faster, n x n "
            f"would need {peer['bytes'] * factor / 2**30:,.0f} GiB"
        )
    result = {
        "theme": "abcd_training",
        "hardware": f"{platform.processor() or platform.machine()}, shared, one thread",
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {"torch": torch.__version__},
        "rows": rows,
        "ratio_measured": ratio,
    }
    if options.result:
        options.result.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
