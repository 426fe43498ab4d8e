"""Copies with ids of their own: found where that is sound, and nobody accused."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from oddjet.augment import rotate_events, smear_directions, smear_pt
from oddjet.runs.errors import UserError
from oddjet.searches.copied_events import refuse_equal_columns

MASSES = tuple(f"mass_j{jet}" for jet in range(1, 5))
NAMES = ("pt", "eta", "phi", "mass")


def four_jets(seed, events):
    """Jets as a file holds them, in single precision."""
    rng = np.random.default_rng(seed)
    shape = (events, 4)
    values = {
        "pt": 40 + rng.exponential(50, shape),
        "eta": rng.normal(0, 1.2, shape),
        "phi": rng.uniform(-np.pi, np.pi, shape),
        "mass": 4 + rng.exponential(6, shape),
    }
    single = {name: np.asarray(v, np.float32) for name, v in values.items()}
    return ak.from_regular(ak.zip(single, with_name="Momentum4D"))


def columns_of(jets):
    return {
        f"{name}_j{jet + 1}": np.asarray(ak.to_numpy(jets[name][:, jet]), np.float64)
        for jet in range(4)
        for name in NAMES
    }


def test_a_copy_that_changed_pt_and_direction_and_has_its_own_id_is_found():
    jets = four_jets(1, 2000)
    refuse_equal_columns(columns_of(jets), [MASSES], "the signal")
    changed = rotate_events(jets[:12], seed=1)
    changed = smear_directions(changed, scale_gev=10.0, seed=2)
    changed = smear_pt(changed, resolution="cms_hcal", negative_pt="zero", seed=3)
    for name in ("pt", "eta", "phi"):
        assert not (ak.to_numpy(changed[name]) == ak.to_numpy(jets[:12][name])).any()
    both = columns_of(ak.concatenate([jets, changed]))
    with pytest.raises(UserError, match="12 events of the signal are copies of others"):
        refuse_equal_columns(both, [MASSES], "the signal")


def test_an_absent_group_says_nothing():
    columns = columns_of(four_jets(1, 10))
    twice = {name: np.repeat(column, 2) for name, column in columns.items()}
    refuse_equal_columns(twice, [(*MASSES, "mass_j5"), ()], "the signal")
    refuse_equal_columns({"mass_j1": np.empty(0)}, [("mass_j1",)], "the signal")


@pytest.mark.parametrize(
    "stored",
    [
        # Ten bits of mantissa, as reduced formats have them.
        lambda mass: np.ldexp(
            np.round(np.ldexp(np.frexp(mass)[0], 7)), np.frexp(mass)[1] - 7
        ),
        # Tenths of a GeV.
        lambda mass: np.round(mass, 1),
        # A part of the sample without masses, or with those of nothing.
        lambda mass: np.where(np.arange(len(mass))[:, np.newaxis] % 3, mass, 0.0),
        lambda mass: np.where(np.arange(len(mass))[:, np.newaxis] % 3, mass, -999.0),
        lambda mass: np.where(np.arange(len(mass))[:, np.newaxis] % 3, mass, np.nan),
        # Quarks of four jets, each of the mass of its kind.
        lambda mass: np.where(np.arange(len(mass))[:, np.newaxis] % 3, mass, 4.8),
        # Every jet has the mass of the first but for a digit.
        lambda mass: np.round(mass[:, :1] + 0.01 * mass, 2),
    ],
)
def test_different_events_are_not_accused_however_coarsely_they_are_stored(stored):
    rng = np.random.default_rng(5)
    mass = stored(4 + rng.exponential(2.0, (40_000, 4)))
    columns = dict(zip(MASSES, mass.T, strict=True))
    refuse_equal_columns(columns, [MASSES], "the background")


def test_in_many_samples_of_different_events_nobody_is_accused():
    """Where quantities are so coarse that pairs do agree by chance."""
    agreeing = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        mass = np.round(4 + rng.exponential(2.0, (800, 4)), 1)
        agreeing += len(mass) - len(np.unique(mass, axis=0))
        refuse_equal_columns(dict(zip(MASSES, mass.T, strict=True)), [MASSES], "these")
    assert agreeing > 5
