"""Bagged trees: they learn, never see what they score, and stay the same."""

from __future__ import annotations

import numpy as np
import pytest

from oddjet.learn.classifier_config import ClassifierConfig, TreesConfig
from oddjet.learn.classifiers import load_classifiers, train_classifiers
from oddjet.learn.member_batches import Member
from oddjet.runs.errors import UserError
from oddjet.stats.roc import area_by_label

pytest.importorskip("torch", reason="needs the extra [train]")
pytest.importorskip("sklearn", reason="needs the extra [train]")

QUICK = TreesConfig(bagged=3, iterations=30, patience=5)


def toy(noise=0, events=4000, seed=1):
    """Two classes a standard deviation apart in one feature; the rest says nothing."""
    rng = np.random.default_rng(seed)
    label = np.arange(events) % 2 == 1
    features = rng.normal(size=(events, 1 + noise))
    features[:, 0] += label
    return features, label


def members(events=4000, seeds=(1, 2)):
    training, validation = np.arange(events // 2), np.arange(events // 2, events)
    return [Member(training, validation, seed) for seed in seeds]


def area(trained, noise=0):
    features, label = toy(noise, seed=9)
    return area_by_label(trained.logits(features)[0], label).value


def test_trees_find_what_there_is():
    trained = train_classifiers(*toy(), members(), QUICK)
    # The likelihood ratio of two unit normals that are one apart has 0.760.
    assert area(trained) == pytest.approx(0.760, abs=0.02)


def test_trees_lose_less_than_networks_to_features_that_say_nothing():
    networks = ClassifierConfig(epochs=10, patience=10, dropout=0.0)
    lost = {}
    for name, config in (("trees", QUICK), ("networks", networks)):
        few, many = (
            area(train_classifiers(*toy(noise), members(), config), noise)
            for noise in (0, 40)
        )
        lost[name] = few - many
    assert lost["trees"] < 0.05
    assert lost["trees"] < lost["networks"]


def test_members_are_their_own_and_survive_the_disk(tmp_path):
    features, label = toy()
    trained = train_classifiers(features, label, members(), QUICK)
    scores = trained.logits(features)
    assert not np.array_equal(scores[0], scores[1])
    alone = train_classifiers(features, label, members(seeds=(2,)), QUICK)
    np.testing.assert_array_equal(alone.logits(features)[0], scores[1])
    trained.save(tmp_path / "trees.npz")
    again = load_classifiers(tmp_path / "trees.npz")
    assert len(again) == 2
    np.testing.assert_array_equal(again[1:].logits(features)[0], scores[1])


def test_networks_are_read_back_as_networks(tmp_path):
    features, label = toy(events=400)
    config = ClassifierConfig(hidden=(4,), epochs=1)
    trained = train_classifiers(features, label, members(400), config)
    trained.save(tmp_path / "networks.npz")
    again = load_classifiers(tmp_path / "networks.npz")
    np.testing.assert_array_equal(again.logits(features), trained.logits(features))
    # A part of the members scores as it does among all of them, up to rounding.
    np.testing.assert_allclose(
        again[1:2].logits(features)[0], trained.logits(features)[1], atol=1e-5
    )


def test_rows_of_no_member_change_nothing():
    features, label = toy()
    other = features.copy()
    other[1900:2000] = 50.0
    rows = Member(np.arange(1900), np.arange(2000, 4000), 1)
    one, two = (
        train_classifiers(table, label, [rows], QUICK).logits(features)
        for table in (features, other)
    )
    np.testing.assert_array_equal(one, two)


def test_weights_are_balanced():
    """A class of a tenth of the weight is no less likely for it."""
    features, label = toy()
    weights = np.where(label, 0.1, 1.0)
    trained = train_classifiers(features, label, members(), QUICK, weights=weights)
    assert abs(np.mean(trained.logits(features))) < 0.2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": -1.0}, "no negative weights, and row 7 has -1"),
        ({"weights": np.nan}, "weight of row 7 is not finite"),
        ({"labels": True}, "its 0 template events sum to 0"),
    ],
)
def test_refusals(change, message):
    features, label = toy()
    weights = np.ones(len(label))
    if "weights" in change:
        weights[7] = change["weights"]
    else:
        label[:] = True
    with pytest.raises(UserError, match=message):
        train_classifiers(features, label, members(), QUICK, weights=weights)
