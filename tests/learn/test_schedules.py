from __future__ import annotations

import numpy as np
import pytest
import torch

from oddjet.learn.config import TrainingConfig
from oddjet.learn.schedules import schedule_of


def optimizer_of(rate=1e-3):
    return torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=rate)


def rate_of(optimizer):
    return optimizer.param_groups[0]["lr"]


def plateau(optimizer):
    return schedule_of(TrainingConfig.paper(), optimizer, 100)


def run(schedule, optimizer, losses):
    """Rates after each epoch, until the schedule ends the training."""
    rates = []
    for loss in losses:
        ended = schedule.after_epoch(loss)
        rates.append(rate_of(optimizer))
        if ended:
            break
    return np.array(rates)


def test_a_plateau_cuts_the_step_after_eight_epochs_and_ends_four_later():
    optimizer = optimizer_of()
    rates = run(plateau(optimizer), optimizer, [0.7, 0.6, *[0.6] * 50])
    assert len(rates) == 2 + 8 + 4
    np.testing.assert_allclose(rates, [1e-3] * 9 + [1e-4] * 5)


def test_a_lower_loss_starts_the_count_anew():
    optimizer = optimizer_of()
    losses = [0.7, *[0.8] * 11, 0.69, *[0.69] * 50]
    rates = run(plateau(optimizer), optimizer, losses)
    assert len(rates) == 13 + 8 + 4
    np.testing.assert_allclose(rates[[7, 8, 19, 20]], [1e-3, 1e-4, 1e-4, 1e-5])


def test_a_falling_loss_never_ends():
    optimizer = optimizer_of()
    rates = run(plateau(optimizer), optimizer, np.linspace(1, 0.5, 75))
    assert len(rates) == 75
    assert (rates == 1e-3).all()


def test_the_cosine_ends_at_zero():
    optimizer = optimizer_of()
    schedule = schedule_of(TrainingConfig(), optimizer, 10)
    rates = []
    for _ in range(10):
        optimizer.step()
        schedule.after_step()
        rates.append(rate_of(optimizer))
    expected = 1e-3 * (1 + np.cos(np.pi * np.arange(1, 11) / 10)) / 2
    np.testing.assert_allclose(rates, expected, atol=1e-12)
    assert not schedule.after_epoch(1.0)


@pytest.mark.parametrize("settings", [{}, {"schedule": "plateau", "epochs": 20}])
def test_a_schedule_goes_on_where_it_was(settings):
    config = TrainingConfig(**settings)
    losses = [0.7, *[0.8] * 15]
    optimizer, other = optimizer_of(), optimizer_of()
    schedule = schedule_of(config, optimizer, 40)
    resumed = schedule_of(config, other, 40)
    for epoch, loss in enumerate(losses):
        if epoch == 6:
            resumed.load_state_dict(schedule.state_dict())
            other.load_state_dict(optimizer.state_dict())
        for one, at in ((schedule, optimizer), (resumed, other)):
            at.step()
            one.after_step()
        ended = schedule.after_epoch(loss)
        if epoch >= 6:
            assert resumed.after_epoch(loss) == ended
            assert rate_of(other) == rate_of(optimizer)


def test_a_plateau_needs_epochs():
    with pytest.raises(ValueError, match=r"more epochs \(12\) than a plateau takes"):
        TrainingConfig.paper(epochs=12)


def test_steps_fall_after_their_epochs_and_never_end():
    weight = torch.nn.Parameter(torch.zeros(()))
    optimizer = torch.optim.Adam([weight], lr=1e-3)
    config = TrainingConfig.lund_net(falls_after=(2, 3))
    schedule = schedule_of(config, optimizer, 100)
    rates = []
    for _ in range(4):
        schedule.after_step()
        rates.append(optimizer.param_groups[0]["lr"])
        assert not schedule.after_epoch(1.0)
        state = schedule.state_dict()
        schedule = schedule_of(config, optimizer, 100)
        schedule.load_state_dict(state)
    assert rates == pytest.approx([1e-3, 1e-3, 1e-4, 1e-5])
