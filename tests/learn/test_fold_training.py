from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from definitions.ranking import area_under_curve
from oddjet.learn.batches import TrainingSample
from oddjet.learn.config import TrainingConfig
from oddjet.learn.fold_training import train_fold
from oddjet.learn.folds import RESERVE
from oddjet.learn.models.config import EdgeConvConfig
from oddjet.learn.models.edge_conv import EdgeConvNetwork
from oddjet.runs.errors import UserError
from toy_jets import FEATURES, toy_jets

NETWORK = EdgeConvConfig(blocks=((8, 8), (8,)), neighbours=3, dense=(8,), dropout=0.1)
TRAINING = TrainingConfig(epochs=4, batch_size=50, learning_rate=5e-3)


def mixed_sample(count, *, seed, signal_fraction):
    """Half signal region, with a fraction of two-prong jets, half control region."""
    values, mask = toy_jets(count, seed=seed)
    odd_values, odd_mask = toy_jets(count, seed=seed + 1, prongs=2)
    in_signal_region = np.arange(count) < count // 2
    is_odd = in_signal_region & (
        np.random.default_rng(seed).random(count) < signal_fraction
    )
    values[is_odd], mask[is_odd] = odd_values[is_odd], odd_mask[is_odd]
    return TrainingSample(values, mask, in_signal_region, np.ones(count)), is_odd


def trained(sample, fold_of_jet, fold=0, *, seed=1, training=TRAINING):
    return train_fold(
        sample,
        fold_of_jet,
        fold,
        network=NETWORK,
        training=training,
        features=FEATURES,
        seed=seed,
    )


def logits_of(weights, sample):
    network = EdgeConvNetwork(NETWORK, len(FEATURES), (0, 1)).eval()
    state = {name: torch.from_numpy(value) for name, value in weights.items()}
    network.load_state_dict(state, strict=False)
    with torch.no_grad():
        values, mask = map(torch.from_numpy, (sample.values, sample.mask))
        return network(values, mask).numpy()


def equal(first, second):
    names_agree = first.weights.keys() == second.weights.keys()
    return names_agree and all(
        (first.weights[name] == second.weights[name]).all() for name in first.weights
    )


@pytest.fixture(scope="module")
def folds():
    return np.random.default_rng(0).integers(0, 2, 1200)


def test_weak_labels_find_a_toy_signal(folds):
    sample, is_odd = mixed_sample(1200, seed=3, signal_fraction=0.4)
    result = trained(sample, folds)
    unseen = folds == 0
    area = area_under_curve(logits_of(result.weights, sample)[unseen], is_odd[unseen])
    assert area > 0.85
    assert result.loss[-1] < result.loss[0]
    assert len(result.loss) == TRAINING.epochs


def test_without_a_difference_nothing_is_found(folds):
    sample, _ = mixed_sample(1200, seed=5, signal_fraction=0.0)
    unseen = folds == 0
    scores = logits_of(trained(sample, folds).weights, sample)
    area = area_under_curve(scores[unseen], sample.in_signal_region[unseen])
    # The error of the area of two equal halves of n is sqrt(1 / (6 n)) for 2n jets.
    assert abs(area - 0.5) < 4 * np.sqrt(1 / (3 * unseen.sum()))


def test_same_seed_gives_the_same_bits(folds):
    sample, _ = mixed_sample(300, seed=7, signal_fraction=0.4)
    folds = folds[:300]
    first, second = trained(sample, folds), trained(sample, folds)
    assert equal(first, second)
    assert first.loss == second.loss
    assert not equal(first, trained(sample, folds, seed=2))
    assert not equal(first, trained(sample, 1 - folds, fold=1))


def test_neither_the_own_fold_nor_the_reserve_is_seen():
    sample, _ = mixed_sample(300, seed=7, signal_fraction=0.4)
    folds = np.random.default_rng(0).integers(RESERVE, 2, 300)
    hidden = folds != 1
    spoilt = sample.values.copy()
    spoilt[hidden] = np.nan
    other = replace(sample, values=spoilt, weight=np.where(hidden, 1e9, 1.0))
    assert equal(trained(sample, folds), trained(other, folds))


def test_features_without_a_plane_are_refused():
    sample, _ = mixed_sample(200, seed=9, signal_fraction=0.4)
    with pytest.raises(UserError, match="needs delta_azimuth among the features"):
        train_fold(
            sample,
            np.ones(200, np.int64),
            0,
            network=NETWORK,
            training=TRAINING,
            features=("delta_rapidity", "log_pt"),
            seed=1,
        )


@pytest.mark.parametrize("count", [2, 5, 6])
def test_jets_of_one_constituent_only_can_be_trained_on(count):
    values, mask = toy_jets(count, seed=13, sizes=(1, 1))
    sample = TrainingSample(values, mask, np.arange(count) % 2 == 0, np.ones(count))
    smallest = TrainingConfig(epochs=3, batch_size=4)
    result = trained(sample, np.ones(count, np.int64), training=smallest)
    assert np.isfinite(result.loss).all()
    assert all(np.isfinite(weight).all() for weight in result.weights.values())


def test_fewer_than_two_jets_with_constituents_are_refused():
    values, mask = toy_jets(3, seed=14)
    mask[1:] = False
    sample = TrainingSample(values, mask, np.arange(3) % 2 == 0, np.ones(3))
    with pytest.raises(UserError, match="two jets with constituents, got 1 of 1;"):
        trained(sample, np.ones(3, np.int64))
