"""The closure loss: its hard limit, its literal definition, the cuts it draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from oddjet.learn.losses.closure import closure_losses, draw_cut, soft_regions
from oddjet.runs.errors import UserError
from oddjet.stats.abcd import symmetric_closure
from oddjet.stats.region_yields import count_regions


def scores(n, seed=1, *, dtype=torch.float64):
    random = np.random.default_rng(seed)
    x = random.uniform(size=n)
    y = np.clip(0.3 * x + random.uniform(0, 0.7, n), 0, 1)
    weights = random.uniform(-0.2, 1, n)
    return [torch.tensor(each, dtype=dtype) for each in (x, y, weights)]


def literally(x, y, weights, cut, sharpness):
    """Equations of the talk, "Loss details (iii)", in its letters."""

    def g(u):
        return 1 / (1 + math.exp(-sharpness * u))

    events = list(zip(x.tolist(), y.tolist(), weights.tolist(), strict=True))
    a = sum(g(x - cut[0]) * g(cut[1] - y) * w for x, y, w in events)
    b = sum(g(x - cut[0]) * g(y - cut[1]) * w for x, y, w in events)
    c = sum(g(cut[0] - x) * g(cut[1] - y) * w for x, y, w in events)
    d = sum(g(cut[0] - x) * g(y - cut[1]) * w for x, y, w in events)
    return abs(a * d - b * c) / (a * d + b * c)


def test_the_literal_definition_bin_by_bin():
    x, y, weights = scores(300)
    bin_of = torch.from_numpy(np.random.default_rng(2).integers(-1, 4, 300))
    found = closure_losses(
        x, y, weights, cut=(0.4, 0.6), bin_of=bin_of, num_bins=3, sharpness=20.0
    )
    for i in range(3):
        here = bin_of == i
        expected = literally(x[here], y[here], weights[here], (0.4, 0.6), 20.0)
        assert found[i].item() == pytest.approx(expected, rel=1e-12)
    (whole,) = closure_losses(x, y, weights, cut=(0.4, 0.6), sharpness=20.0)
    assert whole.item() == pytest.approx(literally(x, y, weights, (0.4, 0.6), 20.0))


def test_a_sharp_cut_is_a_hard_one():
    x, y, weights = scores(2000)
    (found,) = closure_losses(x, y, weights, cut=(0.5, 0.4), sharpness=1e7)
    hard = count_regions(x, y, cut=(0.5, 0.4), weights=weights)
    assert found.item() == pytest.approx(symmetric_closure(hard.weight), rel=1e-9)


def test_regions_share_out_every_weight():
    x, y, weights = scores(500)
    regions = soft_regions(x, y, weights, cut=(0.3, 0.7))
    torch.testing.assert_close(sum(regions.named.values()), weights.sum()[None])


@pytest.mark.parametrize("binned", [False, True])
def test_gradcheck(binned):
    x, y, weights = scores(12, seed=3)
    options = {"cut": (0.45, 0.5), "sharpness": 6.0}
    if binned:
        options |= {"bin_of": torch.arange(12) % 2, "num_bins": 2}

    def loss(x, y):
        return closure_losses(x, y, weights.abs(), **options)

    assert torch.autograd.gradcheck(loss, (x.requires_grad_(), y.requires_grad_()))


class TestDrawnCuts:
    def test_every_decade_of_rejection_is_tested(self):
        """The corner where both scores are high, as well as the bulk."""
        x, y, weights = scores(4000)
        random = np.random.default_rng(4)
        cuts = np.array(
            [draw_cut(x, y, weights, random=random, min_events=1) for _ in range(400)]
        )
        passing = [
            np.mean(score.numpy()[:, None] > column, axis=0)
            for column, score in zip(cuts.T, (x, y), strict=True)
        ]
        corner = passing[0] * passing[1]
        assert 0 < corner.min() < 1e-3
        assert 0.6 < corner.max() < 1
        # Of cuts uniform in independent scores 5.6 % leave less than a hundredth.
        assert 0.2 < np.mean(corner < 0.01) < 0.6

    def test_cuts_of_the_tail_alone(self):
        x, y, weights = scores(20_000)
        random = np.random.default_rng(4)
        options = {"min_events": 20, "max_fraction": 0.03}
        cuts = np.array(
            [draw_cut(x, y, weights, random=random, **options) for _ in range(100)]
        )
        passing = [
            np.mean(score.numpy()[:, None] > column, axis=0)
            for column, score in zip(cuts.T, (x, y), strict=True)
        ]
        corner = passing[0] * passing[1]
        assert 0.02 < corner.max() < 0.0301
        assert corner.min() < 0.005

    def test_every_region_of_every_bin_holds_events(self):
        x, y, weights = scores(800)
        bin_of = torch.arange(800) % 3
        random = np.random.default_rng(5)
        options = {"bin_of": bin_of, "num_bins": 3}
        for _ in range(50):
            cut = draw_cut(x, y, weights, random=random, min_events=15, **options)
            counted = soft_regions(x, y, torch.ones_like(x), cut=cut, **options)
            weighted = soft_regions(x, y, weights, cut=cut, **options)
            assert all((each > 15).all() for each in counted.named.values())
            assert all((each > 0).all() for each in weighted.named.values())

    def test_one_source_of_random_numbers(self):
        x, y, weights = scores(500)
        first, second = (
            draw_cut(x, y, weights, random=np.random.default_rng(6)) for _ in range(2)
        )
        assert first == second

    @pytest.mark.parametrize("score", ["constant", "equal"])
    def test_no_cut_is_a_clear_refusal(self, score):
        x, y, weights = scores(500)
        y = torch.full_like(x, 0.5) if score == "constant" else x
        options = {"random": np.random.default_rng(7), "attempts": 50}
        with pytest.raises(
            UserError,
            match=r"50 pairs of cuts leave at most .* of the batch, more than",
        ):
            draw_cut(x, y, weights, min_events=130.0, **options)

    def test_an_empty_bin_is_named(self):
        x, y, weights = scores(500)
        with pytest.raises(
            UserError, match=r"leave at most 0 events .* of bin 1, more"
        ):
            draw_cut(
                x,
                y,
                weights,
                random=np.random.default_rng(8),
                bin_of=torch.zeros(500, dtype=torch.int64),
                num_bins=2,
                attempts=5,
            )

    def test_negative_totals_are_no_region(self):
        x, y, weights = scores(500)
        with pytest.raises(UserError, match="of positive total weight are needed"):
            draw_cut(x, y, -weights.abs(), random=np.random.default_rng(9), attempts=5)


def test_it_teaches_closure():
    """Scores that depend on each other are taught to close at drawn cuts."""
    x, y, weights = scores(3000, seed=10)
    random = np.random.default_rng(11)
    slope = torch.nn.Parameter(torch.zeros((), dtype=torch.float64))
    optimiser = torch.optim.Adam([slope], lr=0.02)
    for _ in range(150):
        moved = torch.sigmoid(8 * (y + slope * x - 0.5))
        cut = draw_cut(x, moved, weights, random=random)
        (loss,) = closure_losses(x, moved, weights, cut=cut)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert slope.item() == pytest.approx(-0.3, abs=0.05)
