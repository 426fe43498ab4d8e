from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from oddjet.learn import fold_training
from oddjet.learn.batches import TrainingSample
from oddjet.learn.checkpoint import Checkpoint
from oddjet.learn.config import TrainingConfig
from oddjet.learn.fold_training import train_fold
from oddjet.learn.models.config import EdgeConvConfig
from oddjet.runs.errors import UserError
from toy_jets import FEATURES, toy_jets

NETWORK = EdgeConvConfig(blocks=((8,), (8,)), neighbours=3, dense=(8,), dropout=0.2)
COUNT = 120


class Killed(BaseException):
    """Nothing inside may catch it, as nothing can catch SIGKILL."""


@pytest.fixture(scope="module")
def sample():
    values, mask = toy_jets(COUNT, seed=1)
    return TrainingSample(values, mask, np.arange(COUNT) % 2 == 0, np.ones(COUNT))


@pytest.fixture(autouse=True)
def every_step(monkeypatch):
    """Keep the state after each step; by default a minute passes in between."""
    monkeypatch.setattr(
        fold_training,
        "Checkpoint",
        lambda path, key: Checkpoint(path, key, interval_s=0.0),
    )


def trained(
    sample, training, directory=None, *, die_after=None, member=0, network=NETWORK
):
    steps = 0
    offer = Checkpoint.offer

    def deadly(self, state):
        nonlocal steps
        offer(self, state)
        steps += 1
        if steps == die_after:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoint, "offer", deadly)
        return train_fold(
            sample,
            np.ones(COUNT, np.int64),
            0,
            network=network,
            training=training,
            features=FEATURES,
            seed=1,
            member=member,
            checkpoints=directory,
        )


def assert_equal(first, second):
    assert first.loss == second.loss
    for name, value in first.weights.items():
        assert value.tobytes() == second.weights[name].tobytes(), name


@pytest.mark.parametrize("schedule", ["cosine", "plateau"])
@pytest.mark.parametrize("die_after", [1, 4, 5, 11])
def test_killed_and_resumed_equals_uninterrupted(sample, tmp_path, schedule, die_after):
    training = TrainingConfig(
        epochs=4, batch_size=32, schedule=schedule, patience=1, patience_to_stop=2
    )
    whole = trained(sample, training)
    with pytest.raises(Killed):
        trained(sample, training, tmp_path, die_after=die_after)
    assert len(list(tmp_path.iterdir())) == 1
    assert_equal(trained(sample, training, tmp_path), whole)
    assert not list(tmp_path.iterdir())


def test_killed_twice(sample, tmp_path):
    training = TrainingConfig(epochs=3, batch_size=32)
    for die_after in (3, 4):
        with pytest.raises(Killed):
            trained(sample, training, tmp_path, die_after=die_after)
    assert_equal(trained(sample, training, tmp_path), trained(sample, training))


def test_another_training_has_another_checkpoint(sample, tmp_path):
    training = TrainingConfig(epochs=2, batch_size=32)
    others = [
        {"training": training.model_copy(update={"learning_rate": 1e-3})},
        {"member": 1},
        {"sample": replace(sample, weight=sample.weight * 2)},
        {"network": NETWORK.model_copy(update={"slope": 0.1})},
    ]
    for change in [{}, *others]:
        arguments = {"sample": sample, "training": training} | change
        with pytest.raises(Killed):
            trained(**arguments, directory=tmp_path, die_after=2)
    assert len(list(tmp_path.iterdir())) == 5


def test_the_checkpoint_of_another_configuration_is_refused(sample, tmp_path):
    training = TrainingConfig(epochs=2, batch_size=32)
    other = training.model_copy(update={"epochs": 3})
    paths = []
    for config in (training, other):
        with pytest.raises(Killed):
            trained(sample, config, tmp_path, die_after=2)
        paths += set(tmp_path.iterdir()) - set(paths)
    paths[0].replace(paths[1])
    with pytest.raises(UserError, match="training with another configuration, sample"):
        trained(sample, other, tmp_path)
    assert paths[1].exists()


@pytest.mark.parametrize("content", [b"", b"nothing", None])
def test_a_damaged_checkpoint_is_refused(tmp_path, content):
    checkpoint = Checkpoint(tmp_path / "state.pt", "key")
    checkpoint.keep({"weights": torch.zeros(3)})
    content = checkpoint.path.read_bytes()[:-100] if content is None else content
    checkpoint.path.write_bytes(content)
    with pytest.raises(UserError, match="is damaged or no checkpoint"):
        checkpoint.restore()


def test_a_state_is_kept_when_the_last_one_is_old(tmp_path):
    checkpoint = Checkpoint(tmp_path / "state.pt", "key", interval_s=1e6)
    assert checkpoint.restore() is None
    checkpoint.offer(lambda: {"step": 1})
    assert not checkpoint.path.exists()
    checkpoint.interval_s = 0.0
    checkpoint.offer(lambda: {"step": 2})
    assert checkpoint.restore() == {"step": 2}
    checkpoint.discard()
    assert checkpoint.restore() is None
