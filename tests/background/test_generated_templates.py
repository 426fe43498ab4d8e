"""Templates that are drawn or moved: what they look like, and what they have seen."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest

from oddjet.background.cathode import cathode_template, flow_matching_template
from oddjet.background.closure import sideband_closure, two_sample_test
from oddjet.background.curtains import curtains_template
from oddjet.background.latent import LatentSpaces, lacathode_template
from oddjet.background.methods import METHODS, TemplateTask, make_template
from oddjet.background.resampling import down_up_sample
from oddjet.background.sideband import sideband_template
from oddjet.background.template import FeatureTable
from oddjet.learn.flows.config import (
    CurtainsConfig,
    FlowConfig,
    FlowMatchingConfig,
)
from oddjet.runs.errors import UserError
from toy_features import QUICK, REGION, inside, toy

FLOW = FlowConfig(
    kind="affine",
    transforms=4,
    hidden=(32,),
    learning_rate=5e-3,
    batch_size=256,
    epochs=12,
    schedule="cosine",
    activation="silu",
)
MATCHING = FlowMatchingConfig(
    learning_rate=1e-2,
    batch_size=512,
    epochs=100,
    kept_epochs=4,
    warmup_steps=20,
    schedule="cosine",
    sampling_steps=20,
)
MOVING = CurtainsConfig(
    base=FLOW,
    top=FLOW.model_copy(update={"coupling": True, "transforms": 2, "epochs": 8}),
)
GENERATED = [
    pytest.param(cathode_template, FLOW, id="cathode"),
    pytest.param(flow_matching_template, MATCHING, id="flow matching"),
    pytest.param(curtains_template, MOVING, id="curtains"),
]


def short(config):
    """One epoch: what was seen does not depend on how much was learnt."""
    once = {"epochs": 1}
    if isinstance(config, CurtainsConfig):
        return config.model_copy(
            update={
                "base": config.base.model_copy(update=once),
                "top": config.top.model_copy(update=once),
            }
        )
    return config.model_copy(update=once)


def replaced(table, chosen, value):
    features = np.where(chosen[:, None], value, table.features)
    return dataclasses.replace(table, features=features)


def closure(table):
    """Tell a template from other events of the signal region."""
    truth = toy(20, 10_000, slope=1.5)
    return two_sample_test(truth[inside(truth)], table, seed=1, config=QUICK)


def test_sidebands_of_a_feature_that_moves_do_not_close():
    made = sideband_template(toy(1, 16_000, slope=1.5), **REGION)
    auc, error = closure(made.table)
    assert auc - 0.5 > 8 * error


@pytest.mark.parametrize(("template", "config"), GENERATED)
def test_template_closes_where_the_sidebands_do_not(template, config):
    data = toy(1, 16_000, slope=1.5, folds=2)
    made = template(data, **REGION, seed=3, config=config, copies=1)
    part = made.table[made.seen_by(0)]
    auc, error = closure(part)
    assert abs(auc - 0.5) < 3 * error
    # In the sidebands too, each fold with the model that has not seen it.
    beside = sideband_closure(data[~inside(data)], made.beside, seed=4, config=QUICK)
    assert abs(beside.value - 0.5) < 4 * beside.error
    truth = data.features[inside(data)]
    moved = part.features.mean(axis=0) - truth.mean(axis=0)
    np.testing.assert_allclose(moved, 0, atol=0.1)
    # The second feature knows nothing of the mass, and stays.
    assert part.features[:, 1].std() == pytest.approx(1, abs=0.06)
    assert abs(np.corrcoef(part.features[:, 1], part.mass_gev)[0, 1]) < 0.06


@pytest.mark.parametrize(("template", "config"), GENERATED)
def test_no_part_has_seen_its_fold_or_the_signal_region(template, config):
    """Events of fold 1, and features of the signal region, are made unrecognisable."""
    data = toy(2, 3000, folds=3)
    config = short(config)
    made = template(data, **REGION, seed=3, config=config)
    for changed in (
        replaced(data, data.folds == 1, 9.0),
        dataclasses.replace(
            data, mass_gev=np.where(data.folds == 1, 2650.0, data.mass_gev)
        ),
    ):
        other = template(changed, **REGION, seed=3, config=config)
        for column in ("features", "mass_gev", "weights", "folds"):
            one, two = (
                getattr(some.table, column)[some.seen_by(1)] for some in (made, other)
            )
            np.testing.assert_array_equal(one, two)
        one, two = (
            some.beside.features[some.beside.folds == 1] for some in (made, other)
        )
        np.testing.assert_array_equal(one, two)
        assert not np.array_equal(
            made.table.features[made.seen_by(0)][:100],
            other.table.features[other.seen_by(0)][:100],
        )
    hidden = template(
        replaced(data, inside(data), 9.0), **REGION, seed=3, config=config
    )
    np.testing.assert_array_equal(made.table.features, hidden.table.features)


@pytest.mark.parametrize(("template", "config"), GENERATED)
def test_parts_are_whole(template, config):
    data = toy(2, 3000, folds=3)
    made = template(data, **REGION, seed=3, config=short(config), copies=2)
    assert inside(made.table).all()
    np.testing.assert_array_equal(
        np.sum([made.seen_by(f) for f in range(3)], axis=0), 1
    )
    for fold in range(3):
        part = made.table[made.seen_by(fold)]
        taught = ~inside(data) & (data.folds != fold)
        assert len(part) == 2 * np.sum(taught)
        assert part.weights.sum() == pytest.approx(np.sum(taught))
        assert set(part.folds) == set(range(3)) - {fold}
    again = template(data, **REGION, seed=3, config=short(config), copies=2)
    np.testing.assert_array_equal(made.table.features, again.table.features)
    other = template(data, **REGION, seed=4, config=short(config), copies=2)
    assert not np.array_equal(made.table.features, other.table.features)


def test_copies_of_curtains_follow_their_source():
    data = toy(2, 3000, folds=3)
    made = curtains_template(data, **REGION, seed=3, config=short(MOVING), copies=2)
    np.testing.assert_array_equal(made.table.folds, data.folds[made.sources])
    assert not inside(data)[made.sources].any()
    drawn = cathode_template(data, **REGION, seed=3, config=short(FLOW))
    assert set(drawn.sources) == {-1}


@pytest.mark.parametrize("method", sorted(METHODS))
def test_methods_by_name(method):
    data = toy(5, 700, folds=2)
    task = TemplateTask(data, **REGION, seed=1, simulation=toy(6, 700))
    made = make_template(method, pickle.loads(pickle.dumps(task)))
    assert len(made.table) == len(made.sources)
    assert made.table.weights.sum() > 0
    assert np.any(made.seen_by(0))


def test_latent_variables_close_at_every_mass():
    """Also the events of the signal region, of a fold that no density has seen."""
    data = toy(1, 16_000, slope=1.5, folds=2)
    made = lacathode_template(data, **REGION, seed=3, config=FLOW, copies=1)
    own = data[data.folds == 0]
    own = dataclasses.replace(own, features=made.spaces.carry(0, own))
    template = made.table[made.seen_by(0)]
    auc, error = two_sample_test(own[inside(own)], template, seed=1, config=QUICK)
    assert abs(auc - 0.5) < 3 * error
    assert abs(np.corrcoef(own.features[:, 0], own.mass_gev)[0, 1]) < 0.08
    assert set(template.folds) == {1}


def test_latent_spaces_are_kept_and_hold_what_no_data_hold(tmp_path):
    data = toy(1, 1500, slope=1.5, folds=2)
    made = lacathode_template(data, **REGION, seed=3, config=short(FLOW))
    made.spaces.save(tmp_path / "spaces.npz")
    again = LatentSpaces.load(tmp_path / "spaces.npz")
    for fold in (0, 1):
        carried = again.carry(fold, data)
        np.testing.assert_array_equal(carried, made.spaces.carry(fold, data))
    # Each fold has a space of its own.
    assert np.abs(again.carry(0, data) - again.carry(1, data)).max() > 0.01
    signal = dataclasses.replace(data[:3], features=np.full((3, 2), 99.0))
    assert np.isfinite(again.carry(0, signal)).all()


def test_down_up_sampling_forgets_a_signal_and_keeps_the_rest():
    background, rng = toy(8, 10_000), np.random.default_rng(1)
    size = 150
    data = FeatureTable(
        np.concatenate([background.features, rng.normal(3, 0.1, (size, 2))]),
        np.concatenate([background.mass_gev, rng.normal(2900, 40, size)]),
        np.concatenate([background.folds, rng.integers(0, 5, size)]),
        np.ones(len(background) + size),
    )

    def in_box(table):
        near = np.abs(table.features - 3).max(axis=1) < 0.3
        return int(np.sum(near & inside(table)))

    made = down_up_sample(data, fraction=0.1, seed=2, config=MATCHING)
    assert in_box(data) > 145
    assert in_box(made) < in_box(data) / 5
    assert len(made) == len(data)
    assert made.mass_gev.mean() == pytest.approx(data.mass_gev.mean(), abs=20)
    slope = np.polyfit(made.mass_gev, made.features[:, 0], 1)[0]
    assert slope == pytest.approx(1 / 900, rel=0.15)
    larger = down_up_sample(data, fraction=0.1, seed=2, config=MATCHING, number=30_000)
    assert len(larger) == 30_000


def weighted(table, weights):
    return dataclasses.replace(table, weights=weights)


DATA = toy(1, 1000, folds=2)
FEW = DATA[np.flatnonzero((DATA.folds == 0) | (np.arange(1000) < 100))]
ONES = np.ones(1000)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (toy(1, 1000, folds=1), "two folds or more are needed"),
        (FEW, "without fold 0: .* at least 100 events"),
        (DATA[~inside(DATA)], "without fold 0: the 0 events with 2600 <= mass < 3200"),
        (weighted(DATA, -ONES), "weights that sum to -.*give the fitted one"),
        (weighted(DATA, np.where(inside(DATA), 1.0, -1.0)), "weights that sum to -"),
        (DATA[DATA.mass_gev > 2600][:0], "two folds or more are needed"),
    ],
)
@pytest.mark.parametrize(("template", "config"), GENERATED)
def test_refusals(template, config, data, message):
    with pytest.raises(UserError, match=message):
        template(data, **REGION, seed=1, config=config)


def test_refusals_of_the_table_of_methods():
    task = TemplateTask(DATA, **REGION, seed=1)
    with pytest.raises(UserError, match=r"must be one of .*'curtains'.* not 'anode'"):
        make_template("anode", task)
    with pytest.raises(UserError, match="reweights a simulation, and none is given"):
        make_template("salad", task)
    with pytest.raises(UserError, match=r"preset must be one of .* not 'large'"):
        make_template("cathode", dataclasses.replace(task, preset="large"))
    with pytest.raises(UserError, match="copies must be 1 or more, got 0"):
        TemplateTask(DATA, **REGION, seed=1, copies=0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"fraction": 0.0}, r"fraction must be in \(0, 1\], got 0"),
        ({"fraction": 0.05}, "at least 100 events"),
        ({"data": weighted(DATA, ONES - 2), "fraction": 1}, "must not be negative"),
    ],
)
def test_refusals_of_down_up_sampling(given, message):
    with pytest.raises(UserError, match=message):
        down_up_sample(**{"data": DATA, "seed": 1} | given)
