"""Many small classifiers as one model against one after the other.

    python bench/bench_batched_training.py --members 50 --threads 2

The peer is what most people write: nn.Sequential, torch.optim.Adam, a loop.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from definitions import mlp
from oddjet.learn.batched_training import train_members
from oddjet.learn.classifier_config import ClassifierConfig
from oddjet.learn.member_batches import Member


def one_by_one(features, labels, members, config):
    torch.set_num_threads(config.threads)
    x = torch.from_numpy(features)
    y = torch.from_numpy(labels).float()
    for member in members:
        rows = member.training
        weights = torch.ones(len(rows))
        random = np.random.default_rng(member.seed)

        def batches(_epoch, random=random, rows=rows):
            order = random.permutation(len(rows))
            return np.split(
                order, range(config.batch_size, len(order), config.batch_size)
            )

        valid = member.validation
        mlp.train(
            mlp.network(features.shape[1], config.hidden, config.dropout),
            x[rows],
            y[rows],
            weights,
            batches,
            validation=(x[valid], y[valid], torch.ones(len(valid))),
            config=config,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--members", type=int, default=50)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=512)
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    features = rng.normal(size=(2 * options.rows, 6)).astype(np.float32)
    labels = rng.random(len(features)) < 0.5
    members = [
        Member(order[: options.rows], order[options.rows :][: options.rows // 3], seed)
        for seed in range(options.members)
        for order in [np.random.default_rng(seed).permutation(len(features))]
    ]
    config = ClassifierConfig(
        epochs=options.epochs, threads=options.threads, batch_size=options.batch_size
    )
    calls = {"one by one": one_by_one, "batched": train_members}
    times = {name: [] for name in calls}
    for _ in range(options.repeats):
        for name, call in calls.items():
            wall, cpu = time.perf_counter(), time.process_time()
            call(features, labels, members, config)
            times[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    medians = {name: np.median(pairs, axis=0) for name, pairs in times.items()}
    for name, (wall, cpu) in medians.items():
        print(f"{name:12} wall {wall:7.2f} s  CPU {cpu:7.2f} s")
    wall, cpu = medians["one by one"] / medians["batched"]
    print(f"batched is faster by: wall {wall:.2f}, CPU {cpu:.2f} (median of repeats)")


if __name__ == "__main__":
    main()
