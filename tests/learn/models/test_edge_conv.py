from __future__ import annotations

import numpy as np
import pytest
import torch

from definitions.edge_conv import edge_conv_logit, faithful_logit
from oddjet.learn.models.config import EdgeConvConfig
from oddjet.learn.models.edge_conv import EdgeConvNetwork
from oddjet.runs.errors import UserError
from toy_jets import FEATURES, toy_jets, toy_weights

SMALL = EdgeConvConfig(
    blocks=((6, 5), (8,)), neighbours=3, dense=(7, 4), dropout=0.0, slope=0.1
)


def network_of(config, *, seed=1, slots=None):
    network = EdgeConvNetwork(config, len(FEATURES), (0, 1), slots)
    weights = toy_weights(
        config.blocks,
        config.dense,
        seed=seed,
        input_norm=config.input_norm,
        outputs=config.outputs,
    )
    state = {name: torch.from_numpy(value) for name, value in weights.items()}
    network.load_state_dict(state, strict=False)
    return network.eval(), weights


def logits_of(network, values, mask):
    with torch.no_grad():
        return network(torch.from_numpy(values), torch.from_numpy(mask)).numpy()


@pytest.mark.parametrize("slope", [0.0, 0.1])
@pytest.mark.parametrize("k", [1, 3, 15])
def test_network_equals_its_definition(k, slope):
    config = SMALL.model_copy(update={"neighbours": k, "slope": slope})
    network, weights = network_of(config)
    values, mask = toy_jets(20, seed=2, sizes=(1, 12))
    expected = [
        edge_conv_logit(weights, jet[real], k=k, slope=slope, coordinates=(0, 1))
        for jet, real in zip(values, mask, strict=True)
    ]
    np.testing.assert_allclose(logits_of(network, values, mask), expected, atol=1e-5)


def test_parameters_are_those_of_particle_net_lite():
    # Published: 26k, exactly 26,416 with batch norm on the 7 inputs (14), only the
    # last block (64) in front of the dense layer, and two outputs.
    network = EdgeConvNetwork(EdgeConvConfig(), 7, (0, 1))
    count = sum(parameter.numel() for parameter in network.parameters())
    assert count - (7 + 32) * 128 + (128 + 1) + 14 == 26_416


def test_parameters_are_those_of_the_published_dgcnn():
    network = EdgeConvNetwork(EdgeConvConfig.dgcnn(), 7, (0, 1))
    assert sum(parameter.numel() for parameter in network.parameters()) == 449_744
    assert network.dense[0].in_features == 7 + 64 + 128 + 256 == 455


@pytest.mark.parametrize("padding", ["masked", "faithful"])
def test_the_dgcnn_equals_its_definition(padding):
    config = EdgeConvConfig.dgcnn(padding=padding)
    network, weights = network_of(config, slots=40)
    values, mask = toy_jets(6, seed=2, sizes=(1, 40), length=40)
    settings = {"k": 16, "slope": 0.1, "coordinates": (0, 1)}
    if padding == "masked":
        expected = [
            edge_conv_logit(weights, jet[real], **settings)
            for jet, real in zip(values, mask, strict=True)
        ]
    else:
        expected = [
            faithful_logit(weights, jet[real], 40, **settings)
            for jet, real in zip(values, mask, strict=True)
        ]
    np.testing.assert_allclose(
        logits_of(network, values, mask), expected, atol=2e-5 * np.ptp(expected)
    )


FAITHFUL = SMALL.model_copy(update={"padding": "faithful"})


@pytest.mark.parametrize("k", [1, 3, 11])
def test_faithful_padding_equals_its_definition(k):
    config = FAITHFUL.model_copy(update={"neighbours": k})
    network, weights = network_of(config, slots=12)
    values, mask = toy_jets(20, seed=2, sizes=(0, 12))
    expected = [
        faithful_logit(weights, jet[real], 12, k=k, slope=0.1, coordinates=(0, 1))
        for jet, real in zip(values, mask, strict=True)
    ]
    np.testing.assert_allclose(logits_of(network, values, mask), expected, atol=1e-5)


def test_coincident_particles_are_their_own_neighbours_if_faithful():
    network, weights = network_of(FAITHFUL, slots=12)
    values, mask = toy_jets(10, seed=2, sizes=(6, 12))
    values[:, 3, :2] = values[:, 1, :2] = values[:, 0, :2]
    expected = [
        faithful_logit(weights, jet[real], 12, k=3, slope=0.1, coordinates=(0, 1))
        for jet, real in zip(values, mask, strict=True)
    ]
    np.testing.assert_allclose(logits_of(network, values, mask), expected, atol=1e-5)


def test_faithful_padding_counts_and_its_slots_are_fixed():
    values, mask = toy_jets(10, seed=3, sizes=(2, 6))
    short = logits_of(network_of(FAITHFUL, slots=12)[0], values, mask)
    cut = logits_of(network_of(FAITHFUL, slots=12)[0], values[:, :6], mask[:, :6])
    np.testing.assert_array_equal(short, cut)
    long = logits_of(network_of(FAITHFUL, slots=20)[0], values, mask)
    assert np.abs(short - long).min() > 1e-3
    with pytest.raises(ValueError, match="have 12 constituents, more than the 6 slots"):
        logits_of(network_of(FAITHFUL, slots=6)[0], values, mask)


@pytest.mark.parametrize("slots", [None, 3])
def test_faithful_padding_needs_slots(slots):
    with pytest.raises(UserError, match=f"than network.neighbours, got {slots} and 3;"):
        EdgeConvNetwork(FAITHFUL, 7, (0, 1), slots)


def test_half_precision_finds_the_same_neighbours():
    network, _ = network_of(SMALL)
    values, mask = toy_jets(20, seed=4)
    exact = logits_of(network, values, mask)
    with torch.autocast("cpu", torch.bfloat16):
        rough = logits_of(network, values, mask)
    np.testing.assert_allclose(rough, exact, atol=0.05 * np.ptp(exact))


def test_padding_changes_nothing():
    network, _ = network_of(SMALL)
    values, mask = toy_jets(20, seed=3, sizes=(0, 12))
    expected = logits_of(network, values, mask)
    longer = np.pad(values, [(0, 0), (0, 9), (0, 0)], constant_values=np.nan)
    longer_mask = np.pad(mask, [(0, 0), (0, 9)])
    np.testing.assert_allclose(
        logits_of(network, longer, longer_mask), expected, atol=1e-6
    )


def test_batch_norm_statistics_ignore_padding():
    values, mask = toy_jets(20, seed=3)
    states = []
    for missing in (0, 9):
        network = network_of(SMALL)[0].train()
        longer = np.pad(values, [(0, 0), (0, missing), (0, 0)])
        logits_of(network, longer, np.pad(mask, [(0, 0), (0, missing)]))
        states.append(network.state_dict())
    for name, value in states[0].items():
        torch.testing.assert_close(value, states[1][name], msg=name)


def test_order_of_constituents_changes_nothing():
    network, _ = network_of(SMALL)
    values, mask = toy_jets(20, seed=4)
    order = np.random.default_rng(4).permutation(values.shape[1])
    np.testing.assert_allclose(
        logits_of(network, values[:, order], mask[:, order]),
        logits_of(network, values, mask),
        atol=1e-5,
    )


def test_jets_of_no_and_of_one_constituent_are_defined():
    network, _ = network_of(SMALL)
    for size in (0, 1):
        values, mask = toy_jets(4, seed=5, sizes=(size, size))
        assert np.isfinite(logits_of(network, values, mask)).all()
    assert logits_of(network, *toy_jets(0, seed=5)).shape == (0,)


def test_gradients_reach_every_parameter():
    network = network_of(SMALL)[0].train()
    values, mask = map(torch.from_numpy, toy_jets(20, seed=6, sizes=(1, 12)))
    network(values, mask).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad.abs().sum() > 0, name
