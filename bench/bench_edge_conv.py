"""How fast ParticleNet-Lite is trained and evaluated: jets per second of one core.

Jets of 40 slots with 32 real constituents on average, as mono-jets have. One thread
everywhere, in CPU time: the figures say what a core does, also on a busy machine.
"""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from oddjet.deploy.batching import BatchPolicy
from oddjet.deploy.bundle import model_bytes
from oddjet.deploy.edge_conv_graph import EdgeConvDesign, edge_conv_graph
from oddjet.deploy.runtime import JetSession
from oddjet.learn.loop import reproducible
from oddjet.learn.models.config import EdgeConvConfig
from oddjet.learn.models.edge_conv import EdgeConvNetwork
from peers.padded_edge_conv import padded_edge_conv
from toy_jets import FEATURES, toy_jets, toy_weights

pytestmark = pytest.mark.benchmark(timer=time.process_time)

JETS = 512
CONFIG = EdgeConvConfig()
# Each alternative finds its own neighbours in feature space, where two distances may
# agree up to rounding: then a jet differs visibly.
EQUAL, EQUAL_FRACTION = 1e-4, 0.99


@pytest.fixture(scope="module")
def jets():
    return toy_jets(JETS, seed=1, sizes=(24, 40), length=40)


@pytest.fixture(scope="module")
def weights():
    return toy_weights(CONFIG.blocks, CONFIG.dense, seed=1)


@pytest.fixture(scope="module")
def network(weights):
    network = EdgeConvNetwork(CONFIG, len(FEATURES), (0, 1))
    state = {name: torch.from_numpy(value) for name, value in weights.items()}
    network.load_state_dict(state, strict=False)
    return network.eval()


@pytest.fixture(scope="module")
def expected(network, jets):
    return in_batches(network, jets, JETS)


def in_batches(function, jets, batch_size):
    values, mask = map(torch.from_numpy, jets)
    batches = zip(values.split(batch_size), mask.split(batch_size), strict=True)
    with torch.no_grad():
        return torch.cat([function(*batch) for batch in batches]).numpy()


def timed(benchmark, function, expected=None):
    with reproducible(1, threads=1):
        result = function()
        if expected is not None:
            close = np.abs(result - expected) < EQUAL * np.ptp(expected)
            assert np.mean(close) > EQUAL_FRACTION
        benchmark.pedantic(function, rounds=5, warmup_rounds=1)
    if benchmark.stats:
        rate = JETS / benchmark.stats.stats.median
        benchmark.extra_info["jets_per_second"] = round(rate)
        print(f"{benchmark.name}: {rate:,.0f} jets/s")


@pytest.mark.parametrize("batch_size", [1, 8, 32, 128, 512])
def bench_runtime(benchmark, weights, jets, expected, batch_size):
    design = EdgeConvDesign(CONFIG.neighbours, CONFIG.slope, (0, 1))
    model = model_bytes(edge_conv_graph([weights], design))
    # Padded to 40 and cut in a fixed size, as the peers are.
    policy = BatchPolicy(batch_size, 1 << 40, 40, full=True)
    session = JetSession(model, "cpu", 1, policy=policy)
    timed(benchmark, lambda: session.run(*jets)[0], expected)


@pytest.mark.parametrize("batch_size", [8, 32, 128, 512])
def bench_torch(benchmark, network, jets, expected, batch_size):
    timed(benchmark, lambda: in_batches(network, jets, batch_size), expected)


@pytest.mark.parametrize("batch_size", [8, 32, 128, 512])
def bench_torch_padded(benchmark, network, jets, expected, batch_size):
    def peer(values, mask):
        return padded_edge_conv(network, values, mask)

    timed(benchmark, lambda: in_batches(peer, jets, batch_size), expected)


@pytest.mark.parametrize("batch_size", [32, 128, 512])
def bench_training(benchmark, jets, batch_size):
    network = EdgeConvNetwork(CONFIG, len(FEATURES), (0, 1))
    optimizer = torch.optim.Adam(network.parameters())
    values, mask = map(torch.from_numpy, jets)

    def epoch():
        batches = zip(values.split(batch_size), mask.split(batch_size), strict=True)
        for batch in batches:
            optimizer.zero_grad()
            network(*batch).square().mean().backward()
            optimizer.step()

    timed(benchmark, epoch)
