"""Targets by rule: what the analysis needs, or what the events can show."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra [train]")

from oddjet.learn.abcd_config import AbcdTrainingConfig
from oddjet.learn.abcd_rules import terms_by_rule
from oddjet.learn.abcd_sample import AbcdSample
from oddjet.learn.abcd_terms import AbcdTerms
from oddjet.stats.closure_targets import (
    closure_target,
    distance_correlation_floor,
    distance_correlation_target,
)

CONFIG = AbcdTrainingConfig(hidden=(8,), epochs=2, steps=2, batch_events=None)


def sample(events, *, in_vp=0.2, bins=2):
    random = np.random.default_rng(1)
    inside = random.random(events) > in_vp
    return AbcdSample(
        features=random.normal(size=(events, 2)).astype(np.float32),
        is_signal=np.arange(events) < events // 4,
        weight=random.uniform(0.5, 1.5, events),
        variables={"mass": random.normal(size=events)},
        planes={"SP": inside, "VP": ~inside},
        bin_of=random.integers(0, bins, events),
        num_bins=bins,
    )


def rule(found, non_closure=0.05):
    return terms_by_rule(
        found, CONFIG, non_closure=non_closure, independent_of=("mass",)
    )


def test_many_events_are_asked_for_what_the_analysis_needs():
    config = rule(sample(200_000), non_closure=0.2)
    names = [term.name for term in config.decorrelate]
    assert names == ["R(X, Y)", "R(X, mass)", "R(Y, mass)"]
    wanted = distance_correlation_target(0.2, pass_x=0.1, pass_y=0.1)
    assert {term.target for term in config.decorrelate} == {wanted}
    assert len(config.closure) == 4
    assert {term.target for term in config.closure} == {closure_target(0.2)}


def test_fewer_events_are_asked_for_what_they_can_show():
    few = sample(4_000)
    config = rule(few)
    floor = distance_correlation_floor(few.effective_background(None))
    assert config.decorrelate[0].target == pytest.approx(1.5 * floor)
    # What the rule gives is never refused as impossible.
    AbcdTerms(config, few)


def test_planes_and_bins_with_hardly_an_event_are_asked_for_nothing():
    config = rule(sample(1_000, in_vp=0.02))
    assert [(term.plane, term.binned) for term in config.closure] == [
        ("SP", False),
        ("SP", True),
    ]
