"""oddjet.measure_jets: together as alone, and clustered once."""

from __future__ import annotations

import functools

import awkward as ak
import pytest

from oddjet.jets import cluster
from oddjet.runs.errors import UserError
from oddjet.substructure import (
    energy_correlation,
    filter_jets,
    jet_shapes,
    lund_tree,
    mass_drop,
    measure_jets,
    nsubjettiness,
    prune,
    soft_drop,
    trim,
)
from particle_events import random_events

pytestmark = pytest.mark.kernel

QUANTITIES = {
    "soft drop": functools.partial(soft_drop, z_cut=0.1, beta=1.0, radius=0.8),
    "mMDT": functools.partial(soft_drop, z_cut=0.1, beta=0.0, radius=0.8),
    "trimmed": functools.partial(trim, subjet_radius=0.3, pt_fraction=0.05),
    "filtered": functools.partial(filter_jets, subjet_radius=0.3, algorithm="kt"),
    "mass drop": mass_drop,
    "pruned": prune,
    "rays": functools.partial(nsubjettiness, radius=0.8),
    "rays again": lambda jets: nsubjettiness(jets, (4, 2), radius=1.0, beta=2.0),
    "correlation": energy_correlation,
    "shapes": jet_shapes,
    "lund": lund_tree,
    "primary": functools.partial(lund_tree, plane="primary", logarithms=False),
}


def some_jets():
    return cluster(random_events(12, 60), algorithm="antikt", radius=1.0)


def assert_identical(found, expected):
    assert found.type == expected.type
    assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("per_event", [True, False])
def test_together_as_alone(per_event):
    jets = some_jets() if per_event else ak.flatten(some_jets())
    found = measure_jets(jets, QUANTITIES)
    assert list(found) == list(QUANTITIES)
    for name, quantity in QUANTITIES.items():
        assert_identical(found[name], quantity(jets))


def test_threads_change_nothing():
    jets = some_jets()
    one, two = (measure_jets(jets, QUANTITIES, threads=n) for n in (1, 2))
    for name in QUANTITIES:
        assert_identical(one[name], two[name])


def test_no_quantity_no_answer():
    assert measure_jets(some_jets(), {}) == {}


@pytest.mark.parametrize(
    "quantity", ["tau_1", cluster, lambda _: 3, functools.partial(measure_jets)]
)
def test_what_is_no_quantity_is_named(quantity):
    with pytest.raises((UserError, TypeError), match=r"'rays' must be|missing"):
        measure_jets(some_jets(), {"rays": quantity})


def test_threads_are_given_once():
    quantity = functools.partial(lund_tree, threads=2)
    with pytest.raises(ValueError, match="measure_jets: threads are its own"):
        measure_jets(some_jets(), {"lund": quantity})


def test_options_are_still_checked():
    quantity = functools.partial(trim, subjet_radius=0.0, pt_fraction=0.1)
    with pytest.raises(ValueError, match="trim: subjet_radius must be > 0"):
        measure_jets(some_jets(), {"trimmed": quantity, "shapes": jet_shapes})
