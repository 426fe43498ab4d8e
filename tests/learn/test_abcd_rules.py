"""Targets by rule: what the analysis needs, or what the events can show."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra [train]")

from oddjet.learn.abcd_config import AbcdTrainingConfig
from oddjet.learn.abcd_rules import terms_by_rule
from oddjet.learn.abcd_sample import AbcdSample
from oddjet.learn.abcd_terms import AbcdTerms
from oddjet.stats.closure_targets import (
    closure_floor,
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
    wanted = closure_target(0.2)
    found = [(term.plane, term.target) for term in config.closure]
    assert found == [
        (plane, target) for plane in ("SP", "VP") for target in (wanted, (wanted,) * 2)
    ]


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


def falling(events=20_000, **changed):
    """Bins of half, a quarter, ... of the events; the first has unlike weights."""
    random = np.random.default_rng(2)
    bin_of = np.minimum(random.geometric(0.5, events) - 1, 7)
    weight = np.where(bin_of == 0, random.exponential(size=events) ** 2, 1.0)
    everywhere = {"SP": np.ones(events, bool)}
    found = dataclasses.replace(
        sample(events), weight=weight, planes=everywhere, bin_of=bin_of, num_bins=8
    )
    return dataclasses.replace(found, **changed)


def test_every_bin_has_the_target_that_its_own_events_can_show():
    found = falling()
    config = rule(found)
    (binned,) = (term for term in config.closure if term.binned)
    assert len(binned.target) == found.num_bins
    for i, target in enumerate(binned.target[:4]):
        weight = found.weight[~found.is_signal & (found.bin_of == i)]
        quarter = weight.sum() ** 2 / np.sum(weight**2) / 4
        expected = max(closure_target(0.05), 1.5 * closure_floor(*[quarter] * 4))
        assert target == pytest.approx(expected)
    # The richest bin is worth less than the next one, for its weights.
    assert binned.target[0] > binned.target[1]
    assert binned.target[1] < binned.target[2] < binned.target[3]
    # 12 events in the last but one bin: no cut leaves ten in every region.
    assert binned.target[6:] == (None, None)
    terms = AbcdTerms(config, found)  # never refused as impossible
    assert "closure(SP), bin 3" in terms.names
    assert "closure(SP), bin 6" not in terms.names


def test_copies_of_an_event_show_no_more_than_the_event():
    once = falling(weight=np.ones(20_000))
    rows = np.repeat(np.arange(20_000), 4)
    copies = dataclasses.replace(
        once,
        features=once.features[rows],
        is_signal=once.is_signal[rows],
        weight=once.weight[rows] / 4,
        variables={"mass": once.variables["mass"][rows]},
        planes={"SP": once.planes["SP"][rows]},
        bin_of=once.bin_of[rows],
    )
    alone, known, taken_for_events = (
        rule(each) for each in (once, dataclasses.replace(copies, source=rows), copies)
    )
    for one, same, lower in zip(
        alone.decorrelate, known.decorrelate, taken_for_events.decorrelate, strict=True
    ):
        assert same.target == pytest.approx(one.target)
        assert lower.target < 0.6 * one.target
    one, same = (each.closure[-1].target[:4] for each in (alone, known))
    assert same == pytest.approx(one)
