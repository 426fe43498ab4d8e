from __future__ import annotations

import numpy as np
import pytest
import torch

from oddjet.learn.batches import TrainingSample
from oddjet.learn.config import TrainingConfig
from oddjet.learn.loop import reproducible, train
from oddjet.learn.models.config import EdgeConvConfig
from oddjet.learn.models.edge_conv import EdgeConvNetwork
from oddjet.runs.errors import UserError
from toy_jets import toy_jets


class Breaking(torch.nn.Module):
    """Its third output is not a number; it remembers its weight until then."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.seen = []

    def forward(self, values, mask):
        self.seen.append(self.weight.item())
        broken = torch.nan if len(self.seen) == 3 else 1.0
        return self.weight * values[:, 0, 2] * mask[:, 0] * broken


class Constant(torch.nn.Module):
    """One logit for every jet."""

    def __init__(self):
        super().__init__()
        self.logit = torch.nn.Parameter(torch.ones(()))

    def forward(self, values, mask):
        return self.logit * mask.any(dim=1).to(values.dtype)


def toy_sample(count, *, weight=1.0):
    values, mask = toy_jets(count, seed=1)
    label = np.arange(count) % 4 == 0
    return TrainingSample(values, mask, label, np.where(label, weight, 1.0))


def test_a_loss_that_is_not_finite_stops_before_the_step():
    network = Breaking()
    config = TrainingConfig(epochs=3, batch_size=50)
    with pytest.raises(UserError, match="the loss became nan in epoch 2; lower"):
        train(network, toy_sample(100), config, seed=1)
    assert len(set(network.seen)) == 3
    assert network.weight.item() == network.seen[-1]


@pytest.mark.parametrize("weight", [0.01, 1.0, 100.0])
def test_regions_balance_whatever_their_size_and_weight(weight):
    network = Constant()
    config = TrainingConfig(
        epochs=40, batch_size=400, learning_rate=0.2, weight_average=0
    )
    loss = train(network, toy_sample(400, weight=weight), config, seed=1)
    assert abs(network.logit.item()) < 0.2
    assert loss[-1] == pytest.approx(np.log(2), abs=1e-2)


def test_without_class_weights_the_sizes_of_the_regions_are_learnt():
    network = Constant()
    config = TrainingConfig(
        epochs=150,
        batch_size=400,
        learning_rate=0.1,
        weight_average=0,
        balance_regions=False,
    )
    train(network, toy_sample(400), config, seed=1)
    assert network.logit.item() == pytest.approx(np.log(1 / 3), abs=0.05)


def test_a_plateau_ends_the_training():
    config = TrainingConfig.paper(learning_rate=1e-30, batch_size=400)
    loss = train(Constant(), toy_sample(100), config, seed=1)
    assert len(loss) == 1 + 8 + 4


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there_is_refused():
    config = TrainingConfig(device="cuda")
    with pytest.raises(UserError, match="PyTorch finds no CUDA device here; install"):
        train(Constant(), toy_sample(100), config, seed=1)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_training_on_cuda_ends_near_that_on_a_cpu():
    losses = [
        train(
            EdgeConvNetwork(EdgeConvConfig(), 7, (0, 1)),
            toy_sample(2000),
            TrainingConfig(epochs=3, device=device),
            seed=1,
        )[-1]
        for device in ("cpu", "cuda")
    ]
    assert losses[1] == pytest.approx(losses[0], abs=0.02)


def test_every_epoch_is_told():
    told = []
    config = TrainingConfig(epochs=3, batch_size=50)
    loss = train(
        Constant(),
        toy_sample(100),
        config,
        seed=1,
        on_epoch=lambda epoch, loss: told.append((epoch, loss)),
    )
    assert told == list(enumerate(loss, start=1))


def test_settings_of_the_caller_come_back():
    before = torch.get_num_threads(), torch.random.get_rng_state()
    with reproducible(1, threads=1):
        assert torch.are_deterministic_algorithms_enabled()
        first = torch.rand(5)
    with reproducible(1, threads=1):
        assert (torch.rand(5) == first).all()
    assert torch.get_num_threads() == before[0]
    assert (torch.random.get_rng_state() == before[1]).all()
    assert not torch.are_deterministic_algorithms_enabled()
