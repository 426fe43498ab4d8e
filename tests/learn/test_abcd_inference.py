"""Expected significance and CLs of an ABCD analysis: values, gradients, limits."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from oddjet.learn.losses.abcd_inference import (
    expected_cls,
    expected_significance,
    profiled_parameters,
)
from oddjet.stats.abcd import predicted_yield
from oddjet.stats.abcd_likelihood import AbcdLikelihood, AbcdUncertainties
from oddjet.stats.abcd_limits import abcd_cls
from oddjet.stats.region_yields import FourRegions

BACKGROUND = np.array([[48, 19, 4.0], [110, 40, 12], [95, 30, 11], [210, 70, 25]])
SIGNAL = np.array([[12, 9, 4.0], [2, 2, 1], [1, 2, 1], [0.3, 0.2, 0.1]])


def tensors(table):
    return FourRegions(*torch.tensor(table, dtype=torch.float64))


def likelihood(background, signal, floor, *, with_signal):
    """The same in the library's own likelihood: another fit, of all bins together."""
    regions = FourRegions(*background)
    prediction = predicted_yield(regions)
    size = np.hypot(prediction / regions.pass_pass - 1, floor)
    data = np.vstack([prediction, background[1:]]) + with_signal * signal
    return AbcdLikelihood(
        FourRegions(*data), FourRegions(*signal), AbcdUncertainties(non_closure=size)
    )


@pytest.mark.parametrize("floor", [0.01, 0.2])
def test_significance_is_that_of_the_likelihood(floor):
    found = expected_significance(
        tensors(BACKGROUND), tensors(SIGNAL), non_closure_floor=floor
    )
    wanted = likelihood(BACKGROUND, SIGNAL, floor, with_signal=1).significance()
    assert found.item() == pytest.approx(wanted, rel=1e-8)


@pytest.mark.parametrize("scale", [0.3, 1.0, 3.0])
def test_cls_is_that_of_the_likelihood(scale):
    found = expected_cls(tensors(BACKGROUND), tensors(scale * SIGNAL))
    data = likelihood(BACKGROUND, scale * SIGNAL, 0.02, with_signal=0)
    assert found.item() == pytest.approx(abcd_cls(data, 1.0).expected[2], rel=1e-7)


@pytest.mark.parametrize("quantity", [expected_significance, expected_cls])
def test_gradients_are_finite_differences(quantity):
    """Of all 24 yields: the fit is differentiated through, not past."""
    start = torch.tensor(np.stack([BACKGROUND, SIGNAL]), requires_grad=True)

    def of(both):
        return quantity(FourRegions(*both[0]), FourRegions(*both[1]))

    assert torch.autograd.gradcheck(of, (start,), eps=1e-4, atol=1e-7, rtol=1e-5)


def test_fitted_values_carry_their_gradient():
    """The deviance alone would not notice: its gradient by the values vanishes."""
    counts, signal = torch.tensor(BACKGROUND), torch.tensor(SIGNAL)
    size = torch.tensor([0.05, 0.1, 0.2], dtype=torch.float64)

    def of(counts, signal, size):
        return profiled_parameters(counts, signal, torch.tensor(BACKGROUND), size)

    inputs = tuple(each.clone().requires_grad_() for each in (counts, signal, size))
    assert torch.autograd.gradcheck(of, inputs, eps=1e-5, atol=1e-7, rtol=1e-5)
    assert of(*inputs).abs().max() > 0.05  # a signal at mu = 1 moves the background


def test_many_events_give_the_gaussian_formula():
    """s / sqrt(b + its variance + (non-closure b)^2), in quadrature over bins."""
    background = 1e6 * np.array([[1.0, 2], [2, 2], [3, 3], [6, 3]])
    signal = np.array([[900.0, 800], [0, 0], [0, 0], [0, 0]])
    floor = 1e-3
    variance = background[0] + background[0] ** 2 * (
        np.sum(1 / background[1:], axis=0) + floor**2
    )
    wanted = math.sqrt(np.sum(signal[0] ** 2 / variance))
    found = expected_significance(
        tensors(background), tensors(signal), non_closure_floor=floor
    )
    assert found.item() == pytest.approx(wanted, rel=2e-3)


def test_a_bias_is_no_excess():
    """Less predicted than there is would look like signal; it costs instead."""
    closing = tensors(BACKGROUND)
    closing = replace(closing, pass_pass=predicted_yield(closing))
    biased = replace(closing, pass_pass=1.5 * closing.pass_pass)
    best = expected_significance(closing, tensors(SIGNAL))
    assert expected_significance(biased, tensors(SIGNAL)) < 0.9 * best


def test_no_signal_has_no_significance_and_no_gradient():
    background = torch.tensor(BACKGROUND, requires_grad=True)
    found = expected_significance(
        FourRegions(*background), tensors(np.zeros_like(SIGNAL))
    )
    found.backward()
    assert found.item() == pytest.approx(0.0, abs=1e-6)
    assert torch.isfinite(background.grad).all()
