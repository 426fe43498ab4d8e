from __future__ import annotations

import pytest
import torch

from oddjet.learn.weight_average import WeightAverage


def set_all(network, value):
    for parameter in network.parameters():
        torch.nn.init.constant_(parameter, value)


def averaged(values, memory):
    network = torch.nn.Linear(2, 1)
    set_all(network, values[0])
    average = WeightAverage(network, memory)
    for value in values[1:]:
        set_all(network, value)
        average.update(network)
    average.load_into(network)
    return network.bias.item()


def test_no_memory_keeps_the_last_weights():
    assert averaged([1.0, 2.0, 5.0], memory=0) == 5


def test_a_late_step_enters_with_its_share():
    values = [0.0] * 1000 + [1.0]
    assert averaged(values, memory=0.9) == pytest.approx(0.1)


def test_the_beginning_is_soon_forgotten():
    assert averaged([1.0] + [0.0] * 30, memory=0.999) < 1e-6


def test_statistics_of_batch_norm_are_averaged_too():
    network = torch.nn.BatchNorm1d(1)
    average = WeightAverage(network, 0.0)
    network(torch.tensor([[1.0], [3.0]]))
    expected = network.running_mean.clone()
    average.update(network)
    network.running_mean.zero_()
    average.load_into(network)
    assert (network.running_mean == expected).all()
