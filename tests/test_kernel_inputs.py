"""Arrays as people have them: each kernel gives the right answer or says what is wrong.

Missing values, masks, views, read-only memory and other types, for every function that
takes jets or arrays; what single functions refuse is in their own files.
"""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

import oddjet
from oddjet.correlation import distance_correlation_gradient, distance_correlations
from oddjet.runs.errors import UserError

SPEC = oddjet.FeatureSpec(num_constituents=3)
SMEARING = {"resolution": "cms_hcal", "negative_pt": "zero"}

OF_JETS = {
    "constituent_features": lambda jets: oddjet.constituent_features(jets, SPEC)[0],
    "ragged_constituent_features": lambda jets: oddjet.ragged_constituent_features(
        jets, SPEC
    )[0],
    "energy_fractions": oddjet.energy_fractions,
    "jet_images": lambda jets: oddjet.jet_images(jets, bins=9),
    "rotate_jets": lambda jets: oddjet.rotate_jets(jets, seed=1).constituents.eta,
    "rotate_events": lambda jets: oddjet.rotate_events(jets.constituents, seed=1).phi,
    "smear_directions": lambda jets: (
        oddjet.smear_directions(jets.constituents, scale_gev=0.1, seed=1).eta
    ),
    "smear_pt": lambda jets: oddjet.smear_pt(jets.constituents, seed=1, **SMEARING).pt,
}

OF_VARIABLES = {
    "distance_correlation": oddjet.distance_correlation,
    "squared": oddjet.distance_correlation_squared,
    "unbiased": oddjet.distance_correlation_squared_unbiased,
    "gradient": lambda *sample: distance_correlation_gradient(*sample)[1],
    "pairs": lambda x, y, *weights: distance_correlations([x, y], [(0, 1)], *weights)[
        0
    ][0],
    "points": lambda x, y, *weights: oddjet.distance_correlation(
        x[:, None], y[:, None], *weights
    ),
    "independence_test": lambda *sample: oddjet.independence_test(*sample, seed=1),
}


def constituent(pt):
    return {"pt": pt, "eta": 0.1, "phi": 0.2, "mass": 0.0, "pdg_id": 22}


def jets_of(*constituents):
    jet = {"pt": 100.0, "eta": 0.1, "phi": 0.2, "mass": 5.0}
    return ak.Array(
        [
            jet | {"constituents": list(constituents)},
            jet | {"constituents": [constituent(5.0)]},
        ]
    )


JETS = jets_of(constituent(30.0), constituent(20.0) | {"eta": 0.3})


def same(found, expected):
    assert ak.to_list(found) == ak.to_list(expected)


@pytest.mark.parametrize("name", OF_JETS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_named(name, value):
    problem = r"(constituent|particle) 1 of (jet|event) 0 has non-finite pt"
    with pytest.raises(ValueError, match=f"^{name.removeprefix('ragged_')}: {problem}"):
        OF_JETS[name](jets_of(constituent(30.0), constituent(value)))


@pytest.mark.parametrize("name", OF_JETS)
@pytest.mark.parametrize("missing", ["value", "constituent", "list"])
def test_a_missing_value_is_named(name, missing):
    jets = jets_of(constituent(30.0), constituent(None))
    if missing == "constituent":
        jets = jets_of(constituent(30.0), None)
    if missing == "list":
        jets["constituents"] = ak.mask(JETS.constituents, [False, True])
    with pytest.raises(UserError, match=r"has a missing value \(None\) in event 0"):
        OF_JETS[name](jets)


@pytest.mark.parametrize("name", OF_JETS)
def test_an_option_that_misses_nothing_is_taken(name):
    jets = ak.mask(JETS, [True, True])
    jets["constituents"] = ak.mask(JETS.constituents, JETS.constituents.pt > 0)
    same(OF_JETS[name](jets), OF_JETS[name](JETS))


@pytest.mark.parametrize("name", OF_JETS)
def test_views_of_jets_are_the_jets(name):
    view = ak.concatenate([JETS, JETS])[[2, 1]]
    same(OF_JETS[name](view), OF_JETS[name](JETS))


@pytest.mark.parametrize("name", OF_JETS)
def test_read_only_jets_are_taken_and_stay(name):
    form, length, buffers = ak.to_buffers(ak.to_packed(JETS))
    for buffer in buffers.values():
        buffer.flags.writeable = False
    locked = ak.from_buffers(form, length, buffers)
    same(OF_JETS[name](locked), OF_JETS[name](JETS))
    same(locked, JETS)


@pytest.fixture
def variables():
    return np.random.default_rng(1).uniform(0.5, 1.5, size=(3, 20))


@pytest.mark.parametrize("name", OF_VARIABLES)
def test_any_order_in_memory_is_taken(name, variables):
    expected = OF_VARIABLES[name](*variables)
    views = [np.repeat(each, 2)[::-2][::-1] for each in variables]
    for view in views:
        view.flags.writeable = False
    assert not views[0].flags.c_contiguous
    np.testing.assert_array_equal(OF_VARIABLES[name](*views), expected)


@pytest.mark.parametrize("name", OF_VARIABLES)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_masked_value_is_no_value(name, place, variables):
    sample = [np.ma.masked_array(each) for each in variables]
    np.testing.assert_array_equal(
        OF_VARIABLES[name](*sample), OF_VARIABLES[name](*variables)
    )
    sample[place] = np.ma.masked_less(sample[place], np.sort(sample[place])[3])
    what = ("variable 0", "variable 1", "weights")[place]
    with pytest.raises(UserError, match=f"^{what} has a masked value at"):
        OF_VARIABLES[name](*sample)


@pytest.mark.parametrize("name", OF_VARIABLES)
@pytest.mark.parametrize("dtype", [">f8", "i8", "f2", "O", "c16"])
def test_no_other_type_is_converted(name, dtype, variables):
    x, y, weights = variables
    with pytest.raises(TypeError, match="must be float32 or float64, got"):
        OF_VARIABLES[name](x.astype(dtype), y, weights)
    with pytest.raises(TypeError, match="must be float32 or float64, got"):
        OF_VARIABLES[name](x, y, weights.astype(dtype))


def test_graphs_of_views_and_masked_points(variables):
    points = variables.T[None]  # Fortran order
    points.flags.writeable = False
    expected = oddjet.knn_graph(points.copy(), k=3)
    for found, wanted in zip(oddjet.knn_graph(points, k=3), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)
    hidden = np.ma.masked_array(points, points == points[0, 4, 1])
    with pytest.raises(UserError, match=r"^points has a masked value at \(0, 4, 1\)"):
        oddjet.knn_graph(hidden, k=3)
