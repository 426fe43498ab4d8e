"""Templates on a toy whose features move with the mass."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from oddjet.background.closure import (
    feature_closures,
    sideband_closure,
    two_sample_test,
)
from oddjet.background.salad import SALAD_PRESETS, salad_template
from oddjet.background.sideband import sideband_template
from oddjet.background.template import FeatureTable
from oddjet.runs.errors import UserError
from toy_features import QUICK, REGION, inside, toy


def test_sideband_is_balanced_and_follows_its_sources():
    data = toy(1)
    made = sideband_template(data, **REGION)
    below = made.table.mass_gev < 2600
    weights = made.table.weights
    assert weights[below].sum() == pytest.approx(weights[~below].sum())
    assert weights.sum() == pytest.approx(np.sum(~inside(data)))
    np.testing.assert_array_equal(made.table.folds, data.folds[made.sources])
    np.testing.assert_array_equal(made.table.features, data.features[made.sources])
    assert not inside(made.table).any()


def test_salad_makes_data_of_a_wrong_simulation():
    """Simulated features are shifted by 0.5 and the sample is twice the data."""
    data, simulation = toy(2), toy(3, 24_000, offset=0.5)
    made = salad_template(data, simulation, **REGION, seed=4, config=QUICK)
    truth = data[inside(data)]
    mean = np.average(made.table.features[:, 0], weights=made.table.weights)
    wanted, before = (
        float(np.mean(features[:, 0]))
        for features in (truth.features, made.table.features)
    )
    assert before - wanted == pytest.approx(0.5, abs=0.05)
    assert abs(mean - wanted) < 0.1
    # N_data / N_simulation of the sidebands is in the weights, of four folds of five.
    for fold in range(5):
        known = np.sum(truth.folds != fold)
        total = made.table.weights[made.held_out == fold].sum()
        assert total == pytest.approx(known, rel=0.08)
    np.testing.assert_array_equal(made.table.folds, simulation.folds[made.sources])
    assert inside(made.table).all()


def test_closure_in_the_sidebands_tells_a_good_template_from_a_bad_one():
    data, simulation = toy(2, folds=3), toy(3, 24_000, offset=0.5, folds=3)
    made = salad_template(data, simulation, **REGION, seed=4, config=QUICK)
    sidebands = data[~inside(data)]
    good = sideband_closure(sidebands, made.beside, seed=5, config=QUICK)
    assert abs(good.value - 0.5) < 3 * good.error
    flat = dataclasses.replace(made.beside, weights=np.ones(len(made.beside)))
    bad = sideband_closure(sidebands, flat, seed=5, config=QUICK)
    assert bad.value - 0.5 > 8 * bad.error
    # Each fold's template weighs as much as its data.
    for found, reach in ((made.beside, 0.1), (flat, 0.7)):
        first, second = feature_closures(sidebands, found, num_bins=10)
        assert first.template.sum() == pytest.approx(first.data.sum(), rel=0.03)
        far = first.data > 100
        worst = np.max(abs(first.template[far] / first.data[far] - 1))
        assert worst < 0.25 if found is made.beside else worst > reach
        np.testing.assert_array_equal(second.data, second.data_variance)


def test_a_template_that_is_the_sidebands_has_nothing_beside():
    assert sideband_template(toy(1), **REGION).beside is None


def test_salad_never_sees_the_signal_region():
    data, simulation = toy(2, 3000), toy(3, 3000)
    other = FeatureTable(
        np.where(inside(data)[:, None], 99.0, data.features),
        data.mass_gev,
        data.folds,
        data.weights,
    )
    one, two = (
        salad_template(table, simulation, **REGION, seed=4, config=QUICK)
        for table in (data, other)
    )
    np.testing.assert_array_equal(one.table.weights, two.table.weights)


def test_the_weights_of_a_fold_know_nothing_of_its_data():
    data, simulation = toy(2, 3000), toy(3, 3000)
    scored = data.folds == 2
    features = np.where(scored[:, None], data.features + 3.0, data.features)
    other = FeatureTable(features, data.mass_gev, data.folds, data.weights)
    one, two = (
        salad_template(table, simulation, **REGION, seed=4, config=QUICK)
        for table in (data, other)
    )
    for fold in range(5):
        seen = one.seen_by(fold)
        same = one.table.weights[seen] == two.table.weights[seen]
        assert np.all(same) if fold == 2 else not np.any(same)


def test_two_sample_test_sees_a_difference_and_no_more():
    same, error = two_sample_test(toy(5, 6000), toy(6, 6000), seed=1, config=QUICK)
    assert abs(same - 0.5) < 4 * error
    moved, error = two_sample_test(
        toy(5, 6000), toy(6, 6000, offset=0.5), seed=1, config=QUICK
    )
    assert moved - 0.5 > 4 * error
    assert error == pytest.approx(np.sqrt(2 / 3000 / 12), rel=0.05)


def test_template_of_the_sidebands_passes_where_features_ignore_the_mass():
    data = toy(7, 10_000, slope=0.0)
    made = sideband_template(data, **REGION)
    auc, error = two_sample_test(data[inside(data)], made.table, seed=2, config=QUICK)
    assert abs(auc - 0.5) < 4 * error


def test_presets_are_what_they_are_called():
    assert SALAD_PRESETS["published"].hidden == (64, 64, 64)
    assert SALAD_PRESETS["published"].epochs == 200


def test_refusals():
    data = toy(1, 1000)
    with pytest.raises(UserError, match="the upper sideband of 3200-3800 GeV"):
        sideband_template(data, low_gev=3200, high_gev=3800, sideband_gev=600)
    with pytest.raises(UserError, match="no simulated event"):
        salad_template(data, data[data.mass_gev < 2600], **REGION, seed=1)
    mass = data.mass_gev.copy()
    mass[3] = np.nan
    with pytest.raises(UserError, match="mass or weight of row 3"):
        FeatureTable(data.features, mass, data.folds, data.weights)
    with pytest.raises(UserError, match="one mass, fold and weight an event"):
        FeatureTable(data.features, data.mass_gev[:-1], data.folds, data.weights)
