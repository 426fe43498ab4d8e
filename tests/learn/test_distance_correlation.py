"""The loss on the CPU and its tensor form, against the n x n definition by autograd."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import oddjet
from oddjet.learn.losses import (
    distance_correlation,
    distance_correlations,
    sorted_sums,
)
from oddjet.learn.losses.sorted_sums import tensor_form
from tolerances import CENTRED_SUM


def n_by_n(x, y, weights=None):
    """Equations 5.18-5.28 of J. Janik et al., as tensors; sgn(0) = 0 in abs."""
    p = torch.ones_like(x) if weights is None else weights.to(x.dtype)
    p = p / p.sum()

    def centred(values):
        distances = (values[:, None] - values[None, :]).abs()
        rows = distances @ p
        return distances - rows[:, None] - rows[None, :] + p @ rows

    a, b = centred(x), centred(y)
    covariance, *variances = (p @ (a * b) @ p, p @ (a * a) @ p, p @ (b * b) @ p)
    return (covariance / (variances[0] * variances[1]).sqrt()).sqrt()


def related(n, seed=1, *, tied=False, dtype=torch.float64, device="cpu"):
    """Two related variables, and weights of which some are zero or negative."""
    random = np.random.default_rng(seed)
    x = random.normal(size=n)
    y = 0.5 * x**2 + random.normal(size=n)
    if tied:
        x, y = np.round(2 * x), np.round(y)
        x[1::7], y[1::7] = -0.0, 0.0
    weights = np.clip(random.uniform(-0.3, 1, n), -0.1, None)
    weights[0] = 0.0
    tensors = [torch.tensor(values, dtype=dtype) for values in (x, y, weights)]
    return [tensor.to(device) for tensor in tensors]


def with_gradients(loss, x, y, weights):
    x, y = x.clone().requires_grad_(), y.clone().requires_grad_()
    value = loss(x, y, weights)
    value.backward()
    return value.detach(), x.grad, y.grad


def tensor_form_with_gradients(x, y, weights):
    return tensor_form([x, y], [(0, 1)], weights, [True, True])[0]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("n", [3, 8, 33, 128, 500])
def test_loss_and_tensor_form_are_the_n_by_n_definition(n, tied, weighted):
    x, y, weights = related(n, tied=tied)
    weights = (weights.abs() if n < 30 else weights) if weighted else None
    expected = with_gradients(n_by_n, x, y, weights)
    for found in (
        with_gradients(distance_correlation, x, y, weights),
        tensor_form_with_gradients(x, y, weights),
    ):
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("weighted", [False, True])
def test_gradcheck(weighted):
    x, y, weights = related(12, seed=2)
    mass = x.exp()
    weights = weights.abs() if weighted else None

    def loss(x, y):
        return distance_correlations([x, y, mass], [(0, 1), (1, 2), (0, 2)], weights)

    assert torch.autograd.gradcheck(loss, (x.requires_grad_(), y.requires_grad_()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_types_come_back(dtype):
    x, y, weights = related(50, dtype=dtype)
    value, by_x, by_y = with_gradients(distance_correlation, x, y, weights)
    assert value.dtype == by_x.dtype == by_y.dtype == dtype
    assert value.shape == ()
    expected = oddjet.distance_correlation(x.numpy(), y.numpy(), weights.numpy())
    assert value.item() == pytest.approx(expected, rel=1e-7)
    mixed = distance_correlation(x, y.double().requires_grad_(), weights)
    assert mixed.dtype == torch.float64


def test_pairs_share_their_variables():
    x, y, weights = related(300, seed=3)
    mass = (x * y).clone()
    pairs = [(0, 1), (0, 2), (1, 2), (2, 0)]
    scale = torch.tensor([1.0, 0.5, -2.0, 3.0], dtype=torch.float64)
    separate = [x.clone().requires_grad_(), y.clone().requires_grad_(), mass]
    together = [x.clone().requires_grad_(), y.clone().requires_grad_(), mass]
    losses = torch.stack(
        [distance_correlation(separate[i], separate[j], weights) for i, j in pairs]
    )
    (scale @ losses).backward()
    at_once = distance_correlations(together, pairs, weights)
    (scale @ at_once).backward()
    torch.testing.assert_close(at_once, losses, rtol=1e-12, atol=0)
    for one, other in zip(together[:2], separate[:2], strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-10, atol=1e-15)
    assert mass.grad is None
    for pair, found in zip(
        pairs,
        tensor_form([x, y, mass], pairs, weights, [True, False, False]),
        strict=True,
    ):
        value, *gradients = found
        expected = distance_correlation(separate[pair[0]], separate[pair[1]], weights)
        assert value.item() == pytest.approx(expected.item(), abs=CENTRED_SUM)
        assert [each is not None for each in gradients] == [
            index == 0 for index in pair
        ]


@pytest.mark.parametrize("constant", [0.0, -3.0, 1e300])
def test_constant_input_is_zero_with_zero_gradient(constant):
    x, y, _ = related(20)
    for one, other in (
        (torch.full_like(x, constant), y),
        (x, torch.full_like(y, constant)),
        (torch.tensor([0.0, 1, 0, 1]).double(), torch.tensor([0.0, 0, 1, 1]).double()),
    ):
        for found in (
            with_gradients(distance_correlation, one, other, None),
            tensor_form_with_gradients(one, other, None),
        ):
            assert all(not each.any() for each in found)


def test_extreme_magnitudes_in_the_tensor_form():
    x, y, weights = related(40)
    expected = tensor_form_with_gradients(x, y, weights)
    for scale in (2.0**900, 2.0**-900):
        value, by_x, by_y = tensor_form_with_gradients(scale * x, y, weights)
        assert torch.equal(value, expected[0])
        assert torch.equal(by_x * scale, expected[1])
        assert torch.equal(by_y, expected[2])


def test_the_weights_have_no_gradient():
    x, y, weights = related(20)
    weights.requires_grad_()
    distance_correlation(x.requires_grad_(), y, weights).backward()
    assert weights.grad is None


def test_memory_is_linear():
    """The tensor form of 2^17 events holds less than a thousandth of n x n doubles."""
    n = 1 << 17
    x, y, _ = related(n, seed=4, dtype=torch.float32)
    kernel = distance_correlation(x, y)
    value, *_ = tensor_form_with_gradients(x, y, None)
    assert kernel.item() == pytest.approx(value.item(), rel=1e-6)


def test_it_decorrelates():
    """A correlated score is driven to independence of the mass."""
    x, y, _ = related(400, seed=5)
    mass = x + 0.1 * y
    score = torch.nn.Parameter(torch.tensor([1.0, 0.0], dtype=torch.float64))
    optimizer = torch.optim.Adam([score], lr=0.05)
    start = distance_correlation(score[0] * x + score[1] * mass + 0.3 * y, mass).item()
    for _ in range(60):
        optimizer.zero_grad()
        loss = distance_correlation(score[0] * x + score[1] * mass + 0.3 * y, mass)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.5 * start


@pytest.mark.parametrize("form", ["kernel", "tensor"])
def test_bad_samples_are_named(form):
    def call(x, y, weights=None):
        if form == "kernel":
            return distance_correlation(x, y, weights)
        return tensor_form_with_gradients(x, y, weights)

    x = torch.arange(5.0)
    bad = x.clone()
    bad[3] = torch.nan
    for arguments, problem in (
        ((x[:1], x[:1]), "there must be >= 2 events"),
        ((x, x[:4]), "variable 1 must have one value an event, 5, got"),
        ((x, x, x[:4]), "weights must have one value an event, 5, got"),
        ((x, x, 0 * x), "the sum of weights must be finite and > 0, got 0"),
        ((x, bad), "value 3 of variable 1 is non-finite, nan"),
        ((x, x, bad), "weight 3 is non-finite, nan"),
    ):
        with pytest.raises(ValueError, match=f"distance_correlation: {problem}"):
            call(*arguments)


@pytest.mark.gpu
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("n", [100, 20_000])
def test_cuda_is_the_kernel(n, tied):
    on_host = related(n, tied=tied, dtype=torch.float32)
    on_device = [tensor.cuda() for tensor in on_host]
    torch.cuda.reset_peak_memory_stats()
    found = with_gradients(distance_correlation, *on_device)
    assert torch.cuda.max_memory_allocated() < 1000 * n + 2**24  # bytes: O(n)
    for one, other in zip(
        found, with_gradients(distance_correlation, *on_host), strict=True
    ):
        assert one.is_cuda
        torch.testing.assert_close(one.cpu(), other, rtol=1e-5, atol=1e-7)


def test_the_device_decides_the_form(monkeypatch):
    """A tensor that is not on the CPU goes the way of whole tensors."""
    x, y, weights = related(10)
    expected = tensor_form_with_gradients(x, y, weights)
    seen = []
    monkeypatch.setattr(
        "oddjet.learn.losses.correlation._kernel",
        lambda *arguments: seen.append(1) or sorted_sums.tensor_form(*arguments),
    )
    found = with_gradients(distance_correlation, x, y, weights)
    assert seen == [1]
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)
