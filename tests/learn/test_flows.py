"""Generative models of features at a mass: scaling, density, matching, transport."""

from __future__ import annotations

import numpy as np
import pytest

from oddjet.learn.flows.config import (
    CURTAINS_PRESETS,
    DENSITY_PRESETS,
    FLOW_MATCHING_PRESETS,
    FlowConfig,
)
from oddjet.learn.flows.density import train_density
from oddjet.learn.flows.epochs import learning_rate_share
from oddjet.learn.flows.matching import train_flow_matching
from oddjet.learn.flows.scaling import FeatureScaling
from oddjet.learn.flows.transport import train_transport
from oddjet.runs.errors import UserError

QUICK = FlowConfig(
    transforms=2, hidden=(16,), epochs=8, learning_rate=1e-2, batch_size=512
)
MATCHING = FLOW_MATCHING_PRESETS["cpu"].model_copy(
    update={
        "epochs": 30,
        "learning_rate": 1e-2,
        "warmup_steps": 20,
        "sampling_steps": 20,
    }
)
MOVING = CURTAINS_PRESETS["cpu"].model_copy(
    update={
        "base": QUICK,
        "top": QUICK.model_copy(update={"coupling": True, "epochs": 4}),
    }
)


def events(seed=1, number=5000):
    """A feature that follows the mass, and one in (0, 1) that does not."""
    rng = np.random.default_rng(seed)
    mass = rng.uniform(2000, 3800, number)
    first = (mass - 2900) / 900 + 0.5 * rng.normal(size=number)
    return np.column_stack([first, rng.beta(2, 3, number)]), mass


def test_scaling_goes_there_and_back():
    features, _ = events()
    scaling = FeatureScaling.learn(features, [None, (0.0, 1.0)])
    scaled = scaling.forward(features)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(scaled.std(axis=0), 1)
    np.testing.assert_allclose(scaling.inverse(scaled), features, rtol=1e-9, atol=1e-9)


def test_derivative_of_the_scaling():
    features, _ = events(number=50)
    scaling = FeatureScaling.learn(features)
    step = 1e-6
    slopes = (scaling.forward(features + step) - scaling.forward(features - step)) / (
        2 * step
    )
    wanted = np.log(np.abs(slopes)).sum(axis=1)
    np.testing.assert_allclose(scaling.log_derivative(features), wanted, rtol=1e-5)


def test_rounding_at_the_end_of_a_range_is_not_an_error():
    features, _ = events()
    scaling = FeatureScaling.learn(features, [None, (0.0, 1.0)])
    edge = np.array([[0.0, -3e-8], [0.0, 0.0], [0.0, 1 + 3e-8]])
    scaled = scaling.forward(edge)
    assert np.isfinite(scaled).all()
    assert scaled[0, 1] == scaled[1, 1]
    with pytest.raises(UserError, match=r"feature 1 of row 0 is -0\.01, outside its"):
        scaling.forward([[0.0, -0.01]])


def test_what_is_drawn_stays_in_its_range():
    features, _ = events()
    scaling = FeatureScaling.learn(features, [None, (0.0, 1.0)])
    drawn = scaling.inverse([[-50.0, 50.0], [50.0, -50.0]])
    assert drawn.min() >= scaling.low.min()
    assert np.all(drawn <= scaling.high)


@pytest.mark.parametrize("kind", ["affine", "spline"])
def test_density_integrates_to_one(kind):
    """One feature, on a grid: a wrong derivative of the scaling shows at once."""
    features, mass = events(number=2000)
    config = QUICK.model_copy(update={"kind": kind, "kept_epochs": 2})
    density = train_density(features[:, :1], mass, config=config, seed=1)
    low, high = density.scaling.features.low[0], density.scaling.features.high[0]
    edges = np.linspace(low, high, 2001)
    grid = (edges[1:] + edges[:-1])[:, None] / 2
    for at in (2100.0, 3000.0):
        p = np.exp(density.log_density(grid, np.full(len(grid), at)))
        assert np.sum(p * np.diff(edges)) == pytest.approx(1, abs=2e-3)
        mean = np.sum(p * grid[:, 0] * np.diff(edges))
        assert mean == pytest.approx((at - 2900) / 900, abs=0.15)


@pytest.mark.parametrize(
    ("train", "config"), [(train_density, QUICK), (train_flow_matching, MATCHING)]
)
def test_samples_follow_the_mass(train, config):
    features, mass = events()
    model = train(features, mass, config=config, seed=2, ranges=[None, (0, 1)])
    again = train(features, mass, config=config, seed=2, ranges=[None, (0, 1)])
    for at in (2200.0, 3600.0):
        drawn = model.sample(np.full(4000, at), seed=3)
        assert drawn[:, 0].mean() == pytest.approx((at - 2900) / 900, abs=0.1)
        assert drawn[:, 0].std() == pytest.approx(0.5, rel=0.15)
        assert drawn[:, 1].mean() == pytest.approx(0.4, abs=0.03)
        assert drawn[:, 1].min() >= 0
        np.testing.assert_array_equal(drawn, again.sample(np.full(4000, at), seed=3))
    assert not np.array_equal(drawn, model.sample(np.full(4000, at), seed=4))


@pytest.mark.parametrize(
    ("train", "config"), [(train_density, QUICK), (train_flow_matching, MATCHING)]
)
def test_events_count_by_their_weight(train, config):
    """Two populations; one weighs 1, the other 2 and -2."""
    rng = np.random.default_rng(5)
    first = np.arange(4000) % 2 == 0
    features = rng.normal(np.where(first, 0.0, 4.0), 1.0)[:, None]
    weights = np.where(first, 1.0, np.where(np.arange(4000) % 4 == 1, 2.0, -2.0))
    plain, weighted = (
        train(features, rng.uniform(2e3, 4e3, 4000), config=config, seed=1, weights=w)
        .sample(np.full(4000, 3e3), seed=2)
        .mean()
        for w in (None, weights)
    )
    assert plain == pytest.approx(2.0, abs=0.3)
    assert weighted == pytest.approx(0.0, abs=0.3)


def test_latent_variables_are_normal_at_every_mass():
    features, mass = events()
    density = train_density(features, mass, config=QUICK, seed=2)
    fresh, at = events(seed=9)
    inside = np.all(
        (fresh > density.scaling.features.low)
        & (fresh < density.scaling.features.high),
        axis=1,
    )
    latent = density.latent(fresh[inside], at[inside])
    np.testing.assert_allclose(latent.mean(axis=0), 0, atol=0.1)
    np.testing.assert_allclose(latent.std(axis=0), 1, atol=0.15)
    assert abs(np.corrcoef(latent[:, 0], at[inside])[0, 1]) < 0.1


@pytest.mark.parametrize("context", ["difference", "masses"])
def test_transport_moves_events_and_brings_them_back(context):
    features, mass = events()
    config = MOVING.model_copy(update={"context": context})
    transport = train_transport(features, mass, config=config, seed=4)
    some, here = features[:1000], mass[:1000]
    there = np.full(1000, 2900.0)
    moved = transport.move(some, here, there)
    step = moved[:, 0] - some[:, 0]
    slope = np.polyfit(there - here, step, 1)[0]
    assert slope == pytest.approx(1 / 900, rel=0.15)
    # It is a map, not a redraw: what an event has, it keeps.
    rest = some[:, 0] - (here - 2900) / 900
    assert np.corrcoef(moved[:, 0], rest)[0, 1] > 0.9
    back = transport.move(moved, there, here)
    np.testing.assert_allclose(back, some, atol=2e-3)


def test_events_may_all_move_the_same_way():
    """Also in training: the last batch may hold a single event."""
    features, mass = events(number=641)
    lone = QUICK.model_copy(update={"batch_size": 512, "epochs": 1})
    config = MOVING.model_copy(
        update={"top": lone.model_copy(update={"coupling": True})}
    )
    assert 641 - int(641 * lone.validation_fraction) == 513
    transport = train_transport(features, mass, config=config, seed=4)
    lowest, highest = np.full(641, mass.min()), np.full(641, mass.max())
    for target in (lowest, highest):
        assert np.isfinite(transport.move(features, mass, target)).all()


def test_many_events_need_fewer_epochs():
    features, mass = events(number=2000)
    config = QUICK.model_copy(update={"batch_size": 100, "steps": 40})
    model = train_density(features, mass, config=config, seed=1)
    assert len(model.kept.history) == 2  # of 16 steps
    config = QUICK.model_copy(update={"batch_size": 100, "steps": 3})
    assert len(train_density(features, mass, config=config, seed=1).kept.history) == 1


def test_presets_are_what_they_are_called():
    density = DENSITY_PRESETS["published"]
    assert (density.transforms, density.hidden, density.kept_epochs) == (15, (128,), 10)
    curtains = CURTAINS_PRESETS["published"]
    assert (curtains.base.transforms, curtains.base.bins) == (15, 10)
    assert (curtains.top.transforms, curtains.top.coupling) == (8, True)
    matching = FLOW_MATCHING_PRESETS["published"]
    assert (matching.hidden, matching.batch_size) == ((32, 32, 32), 64)
    assert set(DENSITY_PRESETS) == set(CURTAINS_PRESETS) == {"cpu", "published"}


@pytest.mark.parametrize(
    ("train", "config"),
    [
        (train_density, DENSITY_PRESETS["published"]),
        (train_flow_matching, FLOW_MATCHING_PRESETS["published"]),
    ],
)
def test_published_sizes_train(train, config):
    features, mass = events(number=300)
    once = config.model_copy(update={"epochs": 1})
    model = train(features, mass, config=once, seed=1)
    assert np.isfinite(model.sample(mass, seed=1)).all()


def test_learning_rate_rises_stays_or_falls():
    config = QUICK.model_copy(update={"warmup_steps": 4})
    shares = [learning_rate_share(step, 100, config) for step in (0, 1, 3, 50, 99)]
    assert shares == [0.25, 0.5, 1, 1, 1]
    config = QUICK.model_copy(update={"schedule": "cosine"})
    shares = [learning_rate_share(step, 100, config) for step in (0, 50, 100)]
    np.testing.assert_allclose(shares, [1, 0.5, 0], atol=1e-12)


def test_best_epochs_are_kept():
    features, mass = events(number=2000)
    config = QUICK.model_copy(update={"kept_epochs": 3})
    kept = train_density(features, mass, config=config, seed=1).kept
    assert len(kept.history) == config.epochs
    np.testing.assert_array_equal(kept.losses, np.sort(kept.history)[:3])


FEATURES, MASS = events()
WITH_NAN = np.where(np.arange(len(MASS))[:, None] == 7, np.nan, FEATURES)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": WITH_NAN}, "or the mass of row 7 is not finite"),
        ({"features": FEATURES[:99], "mass_gev": MASS[:99]}, "at least 100 events"),
        ({"features": FEATURES[:0], "mass_gev": MASS[:0]}, "no events to train on"),
        ({"weights": -np.ones(len(MASS))}, "weights that sum to -"),
        ({"features": FEATURES * [1, 0]}, "feature 1 is 0 in all 5000 events"),
        ({"ranges": [None, (0.0, 0.5)]}, "outside its range of 0 to 0.5"),
        ({"ranges": [(0.0, 1.0)]}, "1 ranges are given for 2 features"),
    ],
)
@pytest.mark.parametrize(
    ("train", "config"),
    [
        (train_density, QUICK),
        (train_flow_matching, MATCHING),
        (train_transport, MOVING),
    ],
)
def test_refusals(train, config, change, message):
    given = {"features": FEATURES, "mass_gev": MASS} | change
    with pytest.raises(UserError, match=message):
        train(**given, config=config, seed=1)


def test_a_training_that_diverges_is_one_sentence():
    features, mass = events(number=500)
    config = QUICK.model_copy(update={"kind": "affine", "learning_rate": 1e30})
    with pytest.raises(UserError, match="lower the learning rate"):
        train_density(features, mass, config=config, seed=1)
