"""How fast LundNet-5 is trained and evaluated: jets per second of one core.

Trees of 1 to 80 nodes, 40 on average, as fat jets have. One thread everywhere, in CPU
time: the figures say what a core does, also on a busy machine.
"""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from oddjet.deploy.bundle import model_bytes
from oddjet.deploy.lund_net_graph import LundNetDesign, bytes_per_node, lund_net_graph
from oddjet.deploy.tree_runtime import TreeSession
from oddjet.learn.loop import reproducible
from oddjet.learn.lund_sample import LundBatch
from oddjet.learn.models.lund_config import LundNetConfig
from oddjet.learn.models.lund_net import LundNet
from toy_lund_net import lund_weights, random_trees

pytestmark = pytest.mark.benchmark(timer=time.process_time)

JETS = 256
CONFIG = LundNetConfig.published(5)


@pytest.fixture(scope="module")
def trees():
    return random_trees(np.random.default_rng(1).integers(1, 81, JETS), seed=1)


@pytest.fixture(scope="module")
def weights():
    return lund_weights(CONFIG.blocks, fusion=CONFIG.fusion, dense=CONFIG.dense, seed=1)


@pytest.fixture(scope="module")
def network(weights):
    network = LundNet(CONFIG)
    state = {name: torch.from_numpy(value) for name, value in weights.items()}
    network.load_state_dict(state, strict=False)
    return network.eval()


def in_batches(network, trees, batch_size):
    starts = range(0, len(trees), batch_size)
    batches = [trees[np.arange(start, start + batch_size)] for start in starts]
    with torch.no_grad():
        return torch.cat([network(LundBatch.of(batch)) for batch in batches]).numpy()


def timed(benchmark, function, expected=None):
    with reproducible(1, threads=1):
        result = function()
        if expected is not None:
            np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5)
        benchmark.pedantic(function, rounds=5, warmup_rounds=1)
    if benchmark.stats:
        rate = JETS / benchmark.stats.stats.median
        benchmark.extra_info["jets_per_second"] = round(rate)
        print(f"{benchmark.name}: {rate:,.0f} jets/s")


@pytest.mark.parametrize("nodes", [None, 40, 160, 2560, 10240])
def bench_runtime(benchmark, weights, network, trees, nodes):
    """`None` is what a core's cache takes."""
    session = TreeSession(
        model_bytes(lund_net_graph([weights], LundNetDesign())),
        "cpu",
        1,
        bytes_per_node=bytes_per_node(weights),
        nodes_per_run=nodes,
    )
    expected = in_batches(network, trees, JETS)
    timed(benchmark, lambda: session.run(trees)[0], expected)


@pytest.mark.parametrize("batch_size", [8, 32, 256])
def bench_torch(benchmark, network, trees, batch_size):
    expected = in_batches(network, trees, JETS)
    timed(benchmark, lambda: in_batches(network, trees, batch_size), expected)


@pytest.mark.parametrize("batch_size", [64, 256])
def bench_training(benchmark, trees, batch_size):
    network = LundNet(CONFIG)
    optimizer = torch.optim.Adam(network.parameters())

    def epoch():
        for start in range(0, JETS, batch_size):
            batch = trees[np.arange(start, start + batch_size)]
            optimizer.zero_grad()
            network(LundBatch.of(batch)).square().mean().backward()
            optimizer.step()

    timed(benchmark, epoch)
