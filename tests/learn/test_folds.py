from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from oddjet.learn.folds import (
    RESERVE,
    TRAINING_ONLY,
    fold_of,
    in_reserve,
    seen_by,
    training_folds,
)
from oddjet.runs.errors import UserError


def ids_of(count, file=3):
    return {"file": np.full(count, file, np.uint64), "entry": np.arange(count)}


def test_folds_are_the_same_for_ever():
    detector = {"run": [1, 1, 2], "lumi": [5, 5, 6], "event": [7, 8, 2**40]}
    detector = {name: np.array(values) for name, values in detector.items()}
    assert fold_of(ids_of(10), 5).tolist() == [2, 2, 4, 2, 2, 1, 1, 3, 1, 2]
    assert fold_of(detector, 1000).tolist() == [598, 167, 80]
    assert np.flatnonzero(in_reserve(ids_of(60), 0.1)).tolist() == [
        5,
        19,
        26,
        32,
        33,
        36,
        37,
        58,
    ]


def test_folds_are_equally_filled_and_independent_of_the_reserve():
    count = 100_000
    folds, reserve = fold_of(ids_of(count), 7), in_reserve(ids_of(count), 0.1)
    five_sigma = 5 * np.sqrt(count / 7)
    assert np.abs(np.bincount(folds) - count / 7).max() < five_sigma
    assert abs(reserve.sum() - count / 10) < 5 * np.sqrt(count / 10)
    reserved_per_fold = np.bincount(folds[reserve], minlength=7)
    assert np.abs(reserved_per_fold - count / 70).max() < 5 * np.sqrt(count / 70)


def test_the_event_decides_and_not_its_position():
    ids = ids_of(1000)
    order = np.random.default_rng(1).permutation(1000)
    shuffled = {name: values[order] for name, values in ids.items()}
    assert (fold_of(shuffled, 5) == fold_of(ids, 5)[order]).all()
    assert (in_reserve(shuffled) == in_reserve(ids)[order]).all()


def test_run_lumi_event_go_before_the_file():
    detector = {name: np.arange(50) for name in ("run", "lumi", "event")}
    in_one_file = fold_of(ids_of(50, file=1) | detector, 5)
    assert (in_one_file == fold_of(ids_of(50, file=2) | detector, 5)).all()
    assert (fold_of(ids_of(50, 1), 5) != fold_of(ids_of(50, 2), 5)).any()


def test_the_id_collection_of_events_is_accepted():
    ids = ids_of(20)
    assert (fold_of(ak.Array(ids), 5) == fold_of(ids, 5)).all()
    assert fold_of(ids_of(0), 5).shape == (0,)


def test_only_control_events_are_in_the_reserve():
    control = np.arange(2000) % 2 == 0
    folds = training_folds(ids_of(2000), control, folds=3, reserve_fraction=0.5)
    assert set(folds[~control]) == {0, 1, 2}
    assert 0.4 < (folds[control] == RESERVE).mean() < 0.6
    kept = folds != RESERVE
    assert (folds[kept] == fold_of(ids_of(2000), 3)[kept]).all()


def test_an_event_without_source_is_refused():
    with pytest.raises(UserError, match=r"needs its id.*these events have entry, run"):
        fold_of({"entry": np.arange(3), "run": np.arange(3)}, 2)
    with pytest.raises(ValueError, match="folds must be >= 1, got 0"):
        fold_of(ids_of(3), 0)


def test_sequential_folds_learn_from_the_past_only():
    ids = {"file": np.zeros(3000, np.uint64), "entry": np.arange(3000)}
    control = np.arange(3000) % 2 == 0
    plain = training_folds(ids, control, folds=4)
    folds = training_folds(ids, control, folds=4, scoring="sequential")
    assert (folds[plain == 0] == TRAINING_ONLY).all()
    assert (folds[plain > 0] == plain[plain > 0] - 1).all()
    assert (folds[plain == RESERVE] == RESERVE).all()
    for fold in range(3):
        seen = folds[seen_by(folds, fold, "sequential")]
        earlier = {TRAINING_ONLY, *range(fold)}
        assert set(seen.tolist()) == earlier


def test_in_sample_scoring_sees_everything():
    ids = {"file": np.zeros(100, np.uint64), "entry": np.arange(100)}
    folds = training_folds(ids, np.ones(100, bool), folds=4, scoring="in_sample")
    assert (folds == 0).all()
    assert seen_by(folds, 0, "in_sample").all()


def test_k_fold_sees_neither_the_fold_nor_the_reserve():
    folds = np.array([RESERVE, 0, 1, 2])
    assert seen_by(folds, 1).tolist() == [False, True, False, True]
