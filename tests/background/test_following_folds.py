"""Copies that do not follow the fold of their source fake an excess.

Pure background: the features of sidebands and signal region have one distribution. The
template is made of copies of sideband events. A network that saw copies of the sideband
events that it scores calls these background; then too few of them are expected to
pass a cut, and the signal region shows an excess. Early stopping hides most of it at
this size, so the networks are trained to the end.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from oddjet.background.template import FeatureTable, Template
from oddjet.learn.classifier_config import ClassifierConfig, TreesConfig
from oddjet.learn.classifiers import train_classifiers
from oddjet.learn.member_batches import Member

TOYS, FOLDS, EVENTS, COPIES, EFFICIENCY = 16, 3, 400, 4, 0.1
NETWORKS = ClassifierConfig(
    hidden=(64, 64),
    dropout=0.0,
    learning_rate=1e-2,
    batch_size=256,
    epochs=25,
    patience=25,
)
TREES = TreesConfig(bagged=1, share=1.0, iterations=30, patience=30)
EITHER = pytest.mark.parametrize("config", [NETWORKS, TREES], ids=["networks", "trees"])


def background(rng):
    return FeatureTable(
        rng.normal(size=(EVENTS, 6)),
        np.zeros(EVENTS),
        rng.integers(0, FOLDS, EVENTS),
        np.ones(EVENTS),
    )


def copies_of(sidebands, rng):
    rows = np.repeat(np.arange(EVENTS), COPIES)
    table = sidebands[rows]
    moved = table.features + 0.02 * rng.normal(size=table.features.shape)
    return Template("copies", dataclasses.replace(table, features=moved), rows)


def leaky(template, rng):
    folds = rng.permutation(template.table.folds)
    table = dataclasses.replace(template.table, folds=folds)
    return dataclasses.replace(template, table=table)


def significance(trained, region, sidebands):
    """Events above cuts that pass a tenth of the signal region, fold by fold."""
    observed = expected = 0
    for fold in range(FOLDS):
        scores, beside = (
            trained.logits(table.features[table.folds == fold])[fold]
            for table in (region, sidebands)
        )
        cut = np.quantile(scores, 1 - EFFICIENCY)
        observed += np.sum(scores > cut)
        expected += np.sum(beside > cut)
    return (observed - expected) / np.sqrt(observed + expected)


def mean_significance(config, change):
    found = []
    for toy in range(TOYS):
        rng = np.random.default_rng(toy)
        region, sidebands = background(rng), background(rng)
        template = change(copies_of(sidebands, rng), rng)
        features = np.concatenate([region.features, template.table.features])
        members = [
            Member(rows, rows, seed=100 * toy + fold)
            for fold in range(FOLDS)
            for rows in [
                np.flatnonzero(np.r_[region.folds != fold, template.seen_by(fold)])
            ]
        ]
        is_data = np.arange(len(features)) < EVENTS
        trained = train_classifiers(features, is_data, members, config)
        found.append(significance(trained, region, sidebands))
    return float(np.mean(found))


@EITHER
def test_copies_that_do_not_follow_their_source_fake_an_excess(config):
    assert mean_significance(config, leaky) > 4


@EITHER
def test_copies_that_follow_their_source_fake_none(config):
    found = mean_significance(config, lambda template, _: template)
    assert abs(found) < 3 / np.sqrt(TOYS)
