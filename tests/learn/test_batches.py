from __future__ import annotations

import numpy as np
import pytest

from oddjet.learn.batches import TrainingSample, epoch_batches
from oddjet.learn.config import TrainingConfig
from oddjet.runs.errors import UserError
from toy_jets import toy_jets


def sample_of(count, *, seed=1, sizes=(2, 6)):
    values, mask = toy_jets(count, seed=seed, sizes=sizes)
    in_signal_region = np.arange(count) % 3 == 0
    weight = np.random.default_rng(seed).uniform(0.5, 2.0, count)
    return TrainingSample(values, mask, in_signal_region, weight)


def test_an_epoch_meets_every_jet_once():
    sample = sample_of(103)
    batches = list(epoch_batches(sample, 10, np.random.default_rng(1)))
    assert {len(batch.label) for batch in batches} == {9, 10}
    met = np.concatenate([batch.inputs[0][:, 0, 2].numpy() for batch in batches])
    assert not (met == sample.values[:, 0, 2]).all()
    assert (np.sort(met) == np.sort(sample.values[:, 0, 2])).all()


def test_every_batch_has_two_jets_or_more():
    smallest = TrainingConfig.model_fields["batch_size"].metadata[0].ge
    assert smallest == 4
    for batch_size in range(smallest, 9):
        for count in range(4, 40):
            batches = epoch_batches(
                sample_of(count), batch_size, np.random.default_rng(1)
            )
            assert min(len(batch.label) for batch in batches) >= 2
    with pytest.raises(ValueError, match="greater than or equal to 4"):
        TrainingConfig(batch_size=3)


def test_batches_are_cut_to_their_longest_jet():
    sample = sample_of(30, sizes=(2, 6))
    for batch in epoch_batches(sample, 8, np.random.default_rng(1)):
        values, mask = batch.inputs
        assert values.shape[1] == mask.sum(dim=1).max() <= 6


def test_regions_weigh_the_same_and_one_jet_weighs_one():
    sample = sample_of(50)
    weight = sample.balanced_weight()
    assert weight[sample.in_signal_region].sum() == pytest.approx(25)
    assert weight[~sample.in_signal_region].sum() == pytest.approx(25)
    ratio = weight / sample.weight
    assert np.ptp(ratio[sample.in_signal_region]) < 1e-12


def test_moments_are_those_of_real_constituents():
    sample = sample_of(50)
    mean, scale = sample.moments()
    constituents = sample.values[sample.mask].astype(np.float64)
    np.testing.assert_allclose(mean, constituents.mean(axis=0))
    np.testing.assert_allclose(scale, constituents.std(axis=0))
    constant = np.where(sample.mask[..., np.newaxis], 3, sample.values * 0)
    flat = TrainingSample(
        constant.astype(np.float32), sample.mask, sample.in_signal_region, sample.weight
    )
    assert (flat.moments()[1] == 1).all()


def test_a_region_without_events_is_refused():
    sample = sample_of(9)
    only_signal = sample[sample.in_signal_region]
    with pytest.raises(UserError, match=r"control region events .*got 0 events"):
        only_signal.balanced_weight()
    with pytest.raises(UserError, match="two jets with constituents, got 0 of 0;"):
        sample[np.zeros(9, bool)].moments()
    with pytest.raises(UserError, match="two jets with constituents, got 1 of 1;"):
        sample[np.arange(9) == 4].moments()
    sample.values[2, 0, 1] = np.inf
    with pytest.raises(UserError, match="1 of 9 jets to train on have"):
        sample.moments()
