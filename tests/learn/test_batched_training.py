"""Many classifiers as one model: equal to each alone, and to plain torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from definitions import mlp
from oddjet.learn.batched_training import train_members
from oddjet.learn.classifier_config import ClassifierConfig
from oddjet.learn.member_batches import Member, balanced_weights, epoch_rows
from oddjet.learn.models.mlp import StackedMLP
from oddjet.runs.errors import UserError
from oddjet.runs.seeds import derive_seed

SMALL = ClassifierConfig(
    hidden=(8, 8), dropout=0.0, batch_size=64, epochs=12, patience=3, learning_rate=5e-3
)


def toy(rows=1200, seed=1, shift=0.7):
    rng = np.random.default_rng(seed)
    labels = rng.random(rows) < 0.4
    features = rng.normal(size=(rows, 3)) * [1, 10, 0.1] + shift * labels[:, None] * [
        1,
        0,
        0.1,
    ]
    return features.astype(np.float32), labels, rng.uniform(0.5, 2, rows)


def members(rows=1200):
    """Different sizes: some rest while others still step."""
    order = np.random.default_rng(2).permutation(rows)
    return [
        Member(order[: 300 + 250 * i], order[300 + 250 * i :][:200], seed=i)
        for i in range(3)
    ]


def auc(labels, scores):
    ranks = np.argsort(np.argsort(scores)) + 1
    positive = labels.sum()
    return (ranks[labels].sum() - positive * (positive + 1) / 2) / (
        positive * (len(labels) - positive)
    )


def test_each_member_is_what_plain_torch_makes_of_it():
    features, labels, weights = toy()
    together = train_members(features, labels, members(), SMALL, weights=weights)
    for i, member in enumerate(members()):
        start = StackedMLP(3, SMALL.hidden, [derive_seed(member.seed, "weights")])
        alone = mlp.with_weights(
            mlp.network(3, SMALL.hidden),
            [weight.detach()[0] for weight in start.weights],
            [bias.detach()[0] for bias in start.biases],
        )
        train, valid = member.training, member.validation
        mean, scale = features[train].mean(axis=0), features[train].std(axis=0)
        x = torch.from_numpy((features - mean) / scale)
        y = torch.from_numpy(labels).float()
        w_train, w_valid = (
            torch.from_numpy(balanced_weights(labels[rows], weights[rows], "")).float()
            for rows in (train, valid)
        )
        steps = -(-len(train) // 64)

        def batches(epoch, member=member, steps=steps):
            positions, chosen = epoch_rows(member, epoch, 64, steps)
            return [rows[used] for rows, used in zip(positions, chosen, strict=True)]

        best_epoch, best_loss = mlp.train(
            alone,
            x[train],
            y[train],
            w_train,
            batches,
            validation=(x[valid], y[valid], w_valid),
            config=SMALL,
        )
        assert together.best_epoch[i] == best_epoch
        assert together.best_loss[i] == pytest.approx(best_loss, rel=1e-4)
        with torch.no_grad():
            wanted = alone(x)[:, 0].numpy()
        np.testing.assert_allclose(together.logits(features)[i], wanted, atol=2e-3)


def test_company_does_not_matter_without_dropout():
    features, labels, _ = toy()
    together = train_members(features, labels, members(), SMALL)
    alone = [train_members(features, labels, [one], SMALL) for one in members()]
    assert len(set(together.best_epoch.tolist())) > 1, "early stopping is not tested"
    for i, one in enumerate(alone):
        assert one.best_epoch[0] == together.best_epoch[i]
        np.testing.assert_allclose(
            one.logits(features)[0], together.logits(features)[i], atol=2e-3
        )


def test_company_is_noise_with_dropout():
    features, labels, _ = toy(4000)
    test_features, test_labels, _ = toy(4000, seed=9)
    config = SMALL.model_copy(update={"dropout": 0.2})
    crowd = members(4000)
    together = train_members(features, labels, crowd, config).logits(test_features)
    alone = [
        train_members(features, labels, [one], config).logits(test_features)[0]
        for one in crowd
    ]
    pairs = np.array(
        [
            [auc(test_labels, together[i]), auc(test_labels, alone[i])]
            for i in range(len(crowd))
        ]
    )
    assert np.all(pairs > 0.7)
    assert np.all(abs(pairs[:, 0] - pairs[:, 1]) < 0.02)


def test_the_same_seed_gives_the_same_bits():
    features, labels, _ = toy()
    config = SMALL.model_copy(update={"dropout": 0.1})
    one, two = (train_members(features, labels, members(), config) for _ in range(2))
    np.testing.assert_array_equal(one.logits(features), two.logits(features))


def test_nothing_is_learnt_from_nothing():
    features, labels, _ = toy(6000, shift=0.0)
    crowd = [Member(np.arange(3000), np.arange(3000, 4000), seed) for seed in range(3)]
    scores = train_members(features, labels, crowd, SMALL).logits(features[4000:])
    # One standard deviation of an AUC of 2,000 events is 0.013.
    assert all(abs(auc(labels[4000:], one) - 0.5) < 0.05 for one in scores)


def test_balanced_weights():
    labels = np.array([True, False, False, False])
    found = balanced_weights(labels, np.array([5.0, 1.0, 2.0, -1.0]), "here")
    np.testing.assert_allclose(found, [2, 1, 2, -1])
    with pytest.raises(UserError, match="here: the weights of its 0 data events"):
        balanced_weights(~labels[:1], np.ones(1), "here")


def test_refusals():
    features, labels, weights = toy()
    with pytest.raises(ValueError, match="no members"):
        train_members(features, labels, [], SMALL)
    features[7, 1] = np.nan
    with pytest.raises(UserError, match="row 7 is not finite"):
        train_members(features, labels, members(), SMALL)
    features[7, 1] = 0
    weights[labels] *= -1
    with pytest.raises(UserError, match="training of member 0"):
        train_members(features, labels, members(), SMALL, weights=weights)
