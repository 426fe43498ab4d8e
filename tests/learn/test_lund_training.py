"""LundNet through the training that all networks share: folds, epochs, resuming."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from oddjet.features import LundTrees
from oddjet.learn.batches import epoch_batches
from oddjet.learn.checkpoint import Checkpoint
from oddjet.learn.config import TrainingConfig
from oddjet.learn.cross_scores import cross_scores
from oddjet.learn.fold_training import train_fold
from oddjet.learn.folds import RESERVE, in_validation, training_folds
from oddjet.learn.loop import reproducible, train
from oddjet.learn.lund_sample import LundSample
from oddjet.learn.models.config import EdgeConvConfig
from oddjet.learn.models.lund_config import LundNetConfig
from oddjet.learn.models.lund_net import LundNet
from oddjet.learn.validation import Validation
from oddjet.runs.errors import UserError
from toy_trees import tree_sample

NETWORK = LundNetConfig(blocks=((8, 8), (16,)), fusion=16, dense=8)
NAMES = NETWORK.tree.names
TRAINING = TrainingConfig.lund_net(
    epochs=6, batch_size=64, learning_rate=5e-3, falls_after=(4,)
)
COUNT = 900


@pytest.fixture(scope="module")
def sample():
    trees, is_signal = tree_sample(COUNT)
    weight = np.random.default_rng(3).uniform(0.5, 1.5, COUNT)
    return LundSample(trees, is_signal, weight)


@pytest.fixture(scope="module")
def ids():
    # Two jets an event.
    return {"file": np.zeros(COUNT, np.uint64), "entry": np.arange(COUNT) // 2}


@pytest.fixture(scope="module")
def folds(sample, ids):
    return training_folds(ids, ~sample.is_signal, folds=2)


def area(score, is_signal):
    above = score[is_signal][:, None] - score[~is_signal][None, :]
    return np.mean(above > 0) + 0.5 * np.mean(above == 0)


def scores_of(sample, folds, ids, **options):
    return cross_scores(
        sample,
        folds,
        network=NETWORK,
        training=TRAINING,
        features=NAMES,
        seed=1,
        validates=in_validation(ids, TRAINING.validation_fraction),
        **options,
    )


def test_scores_out_of_fold_tell_two_prongs_from_one(sample, folds, ids):
    found = scores_of(sample, folds, ids)
    assert (np.isnan(found.score) == (folds == RESERVE)).all()
    for fold in range(2):
        own = folds == fold
        assert area(found.score[own], sample.is_signal[own]) > 0.95
    assert len(found.losses) == 2
    assert len(found.losses[0]) == TRAINING.epochs


def test_shuffled_labels_teach_nothing_about_other_folds(sample, folds, ids):
    label = np.random.default_rng(7).permutation(sample.is_signal)
    shuffled = LundSample(sample.trees, label, sample.weight)
    found = scores_of(shuffled, folds, ids)
    own = folds == 0
    # Of n1 + n2 jets without a difference the area spreads by sqrt((n+1) / 12 n1 n2).
    n1, n2 = np.count_nonzero(label[own]), np.count_nonzero(~label[own])
    spread = np.sqrt((n1 + n2 + 1) / (12 * n1 * n2))
    assert abs(area(found.score[own], label[own]) - 0.5) < 4 * spread


def test_jets_of_one_event_stay_together(folds, ids):
    validates = in_validation(ids, 0.3)
    assert (validates[::2] == validates[1::2]).all()
    scored = np.maximum(folds[::2], 0) == np.maximum(folds[1::2], 0)
    reserved = (folds[::2] == RESERVE) | (folds[1::2] == RESERVE)
    assert (scored | reserved).all()
    assert validates.mean() == pytest.approx(0.3, abs=0.06)


def test_batches_hold_whole_trees(sample):
    seen = []
    for batch in epoch_batches(sample, 64, np.random.default_rng(1)):
        (trees,) = batch.inputs
        assert len(trees.values) == int(trees.counts.sum())
        assert int(trees.edges.neighbours.max()) < len(trees.values)
        seen.append(trees.counts.numpy())
    assert sorted(np.concatenate(seen)) == sorted(np.diff(sample.trees.offsets))


def test_the_best_epoch_is_kept(sample):
    """The weights are those after the epoch of best accuracy, not the last ones."""
    held_out = sample[np.arange(COUNT) < 300]
    kept = []

    class Watched(Validation):
        def after_epoch(self, network, average):
            super().after_epoch(network, average)
            kept.append({k: v.clone() for k, v in network.state_dict().items()})

    validation = Watched(held_out)
    with reproducible(1, threads=1):
        network = LundNet(NETWORK)
        train(
            network,
            sample[np.arange(COUNT) >= 300],
            TRAINING.model_copy(update={"learning_rate": 0.03}),
            seed=1,
            validation=validation,
        )
    best = int(np.argmax(validation.accuracies))
    assert len(validation.accuracies) == TRAINING.epochs
    assert max(validation.accuracies) > 0.85
    assert validation.accuracies[best] > validation.accuracies[0]
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            assert torch.equal(value, kept[best][name])


def test_accuracy_counts_weights():
    trees, is_signal = tree_sample(40, seed=5)
    weight = np.where(is_signal, 3.0, 1.0)

    class AllSignal(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.one = torch.nn.Parameter(torch.ones(()))

        def forward(self, trees):
            return self.one * torch.ones(len(trees.counts))

    class Same:
        def load_into(self, network):
            pass

    sample = LundSample(trees, is_signal, weight)
    for balance, expected in (
        (True, 0.5),
        (False, weight[is_signal].sum() / weight.sum()),
    ):
        validation = Validation(sample, balance_regions=balance)
        validation.after_epoch(AllSignal(), Same())
        assert validation.accuracies == [pytest.approx(expected)]


class Killed(Exception):
    pass


@pytest.mark.parametrize("after", [3, 9])
def test_an_interrupted_training_ends_with_the_same_bits(
    sample, ids, tmp_path, monkeypatch, after
):
    folds = training_folds(ids, ~sample.is_signal, folds=2)

    def trained(where):
        return train_fold(
            sample,
            folds,
            0,
            network=NETWORK,
            training=TRAINING,
            features=NAMES,
            seed=1,
            validates=in_validation(ids, 0.2),
            checkpoints=where,
        )

    whole = trained(None)
    monkeypatch.setattr(Checkpoint, "offer", lambda self, state: self.keep(state()))
    keep, kept = Checkpoint.keep, []

    def killed(self, state):
        keep(self, state)
        kept.append(state)
        if len(kept) == after:
            raise Killed

    monkeypatch.setattr(Checkpoint, "keep", killed)
    with pytest.raises(Killed):
        trained(tmp_path)
    resumed = trained(tmp_path)
    assert resumed.loss == whole.loss
    assert resumed.accuracy == whole.accuracy
    assert len(whole.accuracy) == TRAINING.epochs
    for name, value in whole.weights.items():
        assert (resumed.weights[name] == value).all()
    assert not list(tmp_path.iterdir())


def test_a_sample_of_another_kind_is_refused(sample, folds):
    with pytest.raises(UserError, match="reads constituents of jets; give it a sample"):
        train_fold(
            sample,
            folds,
            0,
            network=EdgeConvConfig(),
            training=TrainingConfig(),
            features=NAMES,
            seed=1,
        )


def test_no_background_is_refused(sample):
    only = sample[sample.is_signal]
    with pytest.raises(UserError, match=r"needs background events .*got 0 events"):
        only.balanced_weight()
    none = LundTrees(
        np.zeros((0, 5), np.float32), np.zeros((0, 3), np.int64), np.zeros(1, np.int64)
    )
    empty = LundSample(none, np.zeros(0, bool), np.zeros(0))
    with pytest.raises(UserError, match="at least two jets, got 0"):
        empty.moments()
