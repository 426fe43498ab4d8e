"""Drawn tags against the sum over all configurations of tags."""

from __future__ import annotations

import itertools

import awkward as ak
import numpy as np
import pytest

from oddjet.events.source_hash import source_hash
from oddjet.select.btagging import draw_tags, tag_efficiency

P = [0.7, 0.2, 0.9, 0.01, 0.5, 0.6]


def configurations(probabilities, at_least):
    """Each set of tags with enough of them, and how probable it is."""
    for tags in itertools.product([False, True], repeat=len(probabilities)):
        if sum(tags) >= at_least:
            factors = [p if t else 1 - p for p, t in zip(probabilities, tags)]  # noqa: B905
            yield tags, float(np.prod(factors))


def hashes(number):
    ids = {"file": np.zeros(number, np.uint64), "entry": np.arange(number)}
    return source_hash(ids, 7)


@pytest.mark.parametrize("at_least", range(7))
def test_the_weight_is_the_probability_of_enough_tags(at_least):
    _, weight = draw_tags(ak.Array([P]), at_least, hashes(1))
    wanted = sum(chance for _, chance in configurations(P, at_least))
    assert weight[0] == pytest.approx(wanted, rel=1e-12)


def test_configurations_come_as_often_as_they_are_probable():
    number = 40_000
    tagged, weight = draw_tags(ak.Array([P] * number), 4, hashes(number))
    found, counts = np.unique(ak.to_numpy(tagged), axis=0, return_counts=True)
    wanted = dict(configurations(P, 4))
    for tags, count in zip(found.tolist(), counts, strict=True):
        expected = number * wanted.pop(tuple(tags)) / weight[0]
        assert abs(count - expected) < 5 * np.sqrt(expected)
    assert all(chance / weight[0] * number < 12 for chance in wanted.values())


def test_a_weighted_sum_is_that_of_tagging_jet_by_jet():
    """The mean place of the first tag, which no single jet decides."""
    number = 60_000
    tagged, weight = draw_tags(ak.Array([P] * number), 2, hashes(number))
    first = ak.to_numpy(ak.argmax(tagged, axis=1))
    wanted = sum(chance * tags.index(True) for tags, chance in configurations(P, 2))
    assert np.mean(weight * first) == pytest.approx(wanted, rel=0.02)


def test_an_event_has_its_tags_in_any_company():
    rng = np.random.default_rng(3)
    lists = [rng.random(n).tolist() for n in rng.integers(0, 9, 200)]
    hashed = hashes(200)
    tagged, weight = draw_tags(ak.Array(lists), 2, hashed)
    part, part_weight = draw_tags(ak.Array(lists[50:60]), 2, hashed[50:60])
    assert part.tolist() == tagged[50:60].tolist()
    np.testing.assert_array_equal(part_weight, weight[50:60])
    numbers = ak.to_numpy(ak.sum(tagged, axis=1))
    assert np.all(numbers[weight > 0] >= 2)
    assert np.all(numbers[weight == 0] == 0)
    assert ak.num(tagged).tolist() == [len(each) for each in lists]


def test_probabilities_must_be_some():
    with pytest.raises(ValueError, match=r"event 1 is outside \[0, 1\]"):
        draw_tags(ak.Array([[0.5], [1.5]]), 1, hashes(2))
    with pytest.raises(ValueError, match="at_least must be >= 0"):
        draw_tags(ak.Array([[0.5]]), -1, hashes(1))
    tagged, weight = draw_tags(ak.Array([[0.5]])[:0], 4, hashes(0))
    assert len(tagged) == len(weight) == 0
    tagged, weight = draw_tags(
        ak.values_astype(ak.Array([[], []]), float), 4, hashes(2)
    )
    assert tagged.tolist() == [[], []]
    np.testing.assert_array_equal(weight, [0, 0])


def test_efficiencies_rise_with_flavour():
    bottom, charm, light = tag_efficiency([60.0] * 3, [5, 4, 21])
    assert bottom > charm > light > 0.01
    # Half a TeV: b jets are harder to tag, light ones easier to mistake.
    assert tag_efficiency(500.0, 5) < tag_efficiency(150.0, 5)
    assert tag_efficiency(500.0, 0) > tag_efficiency(150.0, 0)
