"""SPANet: symmetries, padding, pairings by trying all of them, and that it learns."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from oddjet.learn.models.spanet import Spanet, chosen_pairs, pairing_loss
from oddjet.learn.models.spanet_config import SpanetConfig

SMALL = SpanetConfig(width=16, heads=2, encoder_layers=1)


@pytest.fixture
def network():
    torch.manual_seed(1)
    return Spanet(5, SMALL).eval()


def events(seed, number=6, jets=7):
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(number, jets, 5, generator=generator)
    mask = torch.arange(jets) < torch.tensor([7, 4, 5, 6, 4, 7])[:number, None]
    return values, mask


def test_pairs_are_probabilities_of_real_different_jets(network):
    values, mask = events(1)
    found = network(values, mask)
    probability = found.log_pairs.exp()
    np.testing.assert_allclose(
        probability.sum(dim=(2, 3)).detach().numpy(), 1.0, rtol=1e-5
    )
    real = mask[:, None, :, None] & mask[:, None, None, :]
    upper = torch.ones(7, 7, dtype=torch.bool).triu(1)
    assert (probability[(~(real & upper)).expand_as(probability)] == 0).all()


def test_the_order_of_jets_means_nothing(network):
    values, mask = events(2)
    order = torch.tensor([3, 1, 2, 0, 4, 5, 6])  # the first four are real everywhere
    found, turned = network(values, mask), network(values[:, order], mask)
    torch.testing.assert_close(found.logit, turned.logit, rtol=1e-4, atol=1e-5)
    full = found.log_pairs.exp() + found.log_pairs.exp().transpose(2, 3)
    other = turned.log_pairs.exp() + turned.log_pairs.exp().transpose(2, 3)
    torch.testing.assert_close(
        full[:, :, order][..., order], other, rtol=1e-3, atol=1e-5
    )


def test_padding_changes_nothing(network):
    values, mask = events(3)
    other = torch.where(mask[..., None], values, torch.full_like(values, 9.0))
    longer = torch.nn.functional.pad(values, (0, 0, 0, 3))
    more = torch.nn.functional.pad(mask, (0, 3))
    found = network(values, mask)
    for again in (network(other, mask), network(longer, more)):
        torch.testing.assert_close(found.logit, again.logit, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(
            found.log_pairs, again.log_pairs[:, :, :7, :7], rtol=1e-4, atol=1e-4
        )


def literal_choice(logs):
    """The best of all ways to choose two pairs without a common jet."""
    best, chosen = -math.inf, [[-1, -1], [-1, -1]]
    pairs = list(itertools.combinations(range(logs.shape[-1]), 2))
    for one, other in itertools.product(pairs, repeat=2):
        total = float(logs[0][one] + logs[1][other])
        if not set(one) & set(other) and total > best:
            best, chosen = total, [list(one), list(other)]
    return chosen


def test_chosen_pairs_share_no_jet():
    generator = torch.Generator().manual_seed(4)
    logs = torch.randn(20, 2, 5, 5, generator=generator)
    logs = logs.masked_fill(~torch.ones(5, 5, dtype=torch.bool).triu(1), -torch.inf)
    assert chosen_pairs(logs).tolist() == [literal_choice(one) for one in logs]


def test_too_few_jets_have_no_pairs(network):
    values, _ = events(5, number=2)
    mask = torch.arange(7) < torch.tensor([3, 1])[:, None]
    found = network(values, mask)
    assert torch.isfinite(found.logit).all()
    assert (chosen_pairs(found.log_pairs) == -1).all()
    assert (chosen_pairs(network(values[:, :1], mask[:, :1]).log_pairs) == -1).all()


def test_the_loss_does_not_care_which_resonance_is_first():
    values, mask = events(6, number=2)
    torch.manual_seed(1)
    logs = Spanet(5, SMALL)(values, mask).log_pairs.detach()
    pairs = torch.tensor([[[0, 1], [2, 3]], [[1, 0], [3, 2]]])
    loss = pairing_loss(logs, pairs)
    literal = [
        min(
            float(-logs[e, 0, 0, 1] - logs[e, 1, 2, 3]),
            float(-logs[e, 1, 0, 1] - logs[e, 0, 2, 3]),
        )
        for e in range(2)
    ]
    assert float(loss) == pytest.approx(np.mean(literal) + math.log(2), rel=1e-5)
    assert float(pairing_loss(logs, pairs.flip(1))) == pytest.approx(float(loss))
    unknown = torch.full_like(pairs, -1)
    assert float(pairing_loss(logs, unknown)) == 0
    half = torch.cat([pairs[:1], unknown[:1]])
    assert float(pairing_loss(logs, half)) == pytest.approx(
        literal[0] + math.log(2), rel=1e-5
    )


def test_it_learns_which_jets_belong_together():
    """Partners share a number that no other jet has."""
    torch.manual_seed(2)
    generator = torch.Generator().manual_seed(3)
    network = Spanet(2, SMALL)
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)

    def batch(size):
        numbers = torch.randn(size, 2, 1, generator=generator).sign()
        numbers[:, 1] = -numbers[:, 0]
        of_jets = numbers.repeat_interleave(2, dim=1)
        order = torch.rand(size, 4, generator=generator).argsort(dim=1)
        jets = of_jets.gather(1, order[..., None])
        noise = torch.randn(size, 4, 1, generator=generator)
        place = order.argsort(dim=1).reshape(size, 2, 2)
        return torch.cat([jets, noise], dim=2), place

    mask = torch.ones(64, 4, dtype=torch.bool)
    for _ in range(150):
        jets, pairs = batch(64)
        loss = pairing_loss(network(jets, mask).log_pairs, pairs)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    jets, pairs = batch(64)
    found = chosen_pairs(network(jets, mask).log_pairs)
    right = [
        {frozenset(p) for p in a} == {frozenset(p) for p in b}
        for a, b in zip(found.tolist(), pairs.tolist(), strict=True)
    ]
    assert np.mean(right) > 0.95


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="width that heads divide, got 10 and 4"):
        SpanetConfig(width=10, heads=4)
