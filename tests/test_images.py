"""oddjet.images: every pixel, every decision and every error."""

from __future__ import annotations

import math
from itertools import product

import awkward as ak
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from definitions.images import eigenvector, principal_axis
from definitions.images import jet_image as definition
from image_jets import (
    assert_same_but_for_edges,
    images_of,
    jet_image,
    jets_of,
    random_jets,
)
from oddjet import _core  # noqa: TID251 no array of records has such columns
from oddjet.images import dijet_images, jet_images
from oddjet.jets import cluster
from oddjet.runs.errors import UserError
from particle_events import CARTESIAN, CYLINDRICAL, events_of, random_events

pytestmark = pytest.mark.kernel

STEPS = ("center", "rotate", "flip", "normalise")


# --- the definition -----------------------------------------------------------------

_PT = st.sampled_from([0.0, 1.0, 2.0, 5.0]) | st.floats(1e-3, 1e3)
_OFFSET = st.sampled_from([0.0, 0.5, -0.5, 0.25, 1.0, -1.0]) | st.floats(-1.5, 1.5)
_ROW = st.tuples(_PT, _OFFSET, _OFFSET)
_AXIS = st.tuples(st.sampled_from([0.0]) | st.floats(-3, 3), st.floats(-10, 10))


@given(
    st.lists(st.tuples(_AXIS, st.lists(_ROW, max_size=7)), min_size=1, max_size=4),
    st.integers(1, 12),
    st.sampled_from([1.0, 0.5, 0.7]),
    st.tuples(*[st.booleans()] * 4),
    st.sampled_from([np.float32, np.float64]),
)
def test_images_are_those_of_the_definition(jets, bins, half_width, steps, dtype):
    options = {"bins": bins, "half_width": half_width}
    options |= dict(zip(STEPS, steps, strict=True))
    axes = [axis for axis, _ in jets]
    rows = [
        [(pt, axis[0] + x, axis[1] + y) for pt, x, y in points] for axis, points in jets
    ]
    arrays = jets_of(axes, rows, dtype=dtype)
    found = jet_images(arrays, **options)
    assert found.dtype == np.float32
    constituents = ak.to_list(arrays.constituents)
    for image, axis, jet in zip(found, axes, constituents, strict=True):
        points = [(p["pt"], p["eta"], p["phi"]) for p in jet]
        np.testing.assert_array_equal(image, definition(axis, points, **options))


@pytest.mark.parametrize("steps", list(product([False, True], repeat=4)))
def test_every_step_can_be_left_out(steps):
    axes, rows = random_jets(20)
    options = dict(zip(STEPS, steps, strict=True))
    found = images_of(axes, rows, bins=25, **options)
    for image, axis, jet in zip(found, axes, rows, strict=True):
        np.testing.assert_array_equal(image, definition(axis, jet, bins=25, **options))
    # No step is idle: each of them changes nearly every jet.
    for step in STEPS:
        other = images_of(axes, rows, bins=25, **options | {step: not options[step]})
        differs = np.any(other != found, axis=(1, 2))
        assert np.mean(differs) > 0.6, step


def test_the_axis_is_the_eigenvector_of_the_larger_eigenvalue():
    axes, rows = random_jets(200)
    found = images_of(axes, rows)
    expected = [
        definition(axis, jet, axis=eigenvector)
        for axis, jet in zip(axes, rows, strict=True)
    ]
    assert_same_but_for_edges(found, np.stack(expected))


@given(st.floats(-math.pi, math.pi), st.floats(1e-3, 1.0))
def test_the_half_angle_formulae_give_the_axis(tilt, shorter):
    across, along = (math.cos(tilt), math.sin(tilt)), (-math.sin(tilt), math.cos(tilt))
    points = [(1.0, *across), (1.0, *(-x for x in across))]
    points += [(shorter / 2, *along), (shorter / 2, *(-x for x in along))]
    cosine, sine = principal_axis(points)
    assert math.hypot(cosine, sine) == pytest.approx(1.0, abs=1e-12)
    assert abs(cosine * across[0] + sine * across[1]) == pytest.approx(1.0, abs=1e-12)


def test_cartesian_momenta_give_the_same_images():
    axes, rows = random_jets(200)
    one = jet_images(jets_of(axes, rows))
    jets = jets_of(axes, rows, CARTESIAN)
    assert_same_but_for_edges(jet_images(jets), one)
    columns = {name: getattr(jets, name) for name in CARTESIAN}
    jets = ak.with_field(ak.zip(columns), jets.constituents, "constituents")
    assert_same_but_for_edges(jet_images(jets), one)
    pairs = dijet_images(ak.unflatten(jets, np.full(100, 2)))
    assert_same_but_for_edges(pairs.reshape(one.shape), one)


# --- decisions ----------------------------------------------------------------------


def test_a_single_constituent_is_the_central_pixel():
    for bins in (1, 3, 74, 75):
        image = jet_image((1.3, 3.0), [(7.0, 1.234, 2.9)], bins=bins)
        assert image[bins // 2, bins // 2] == 7.0
        assert np.count_nonzero(image) == 1


def test_an_isotropic_jet_is_not_turned():
    # Equal moments along both axes, yet no symmetry under a quarter of a turn.
    cross = [(4.0, 0.25, 0.0), (4.0, -0.25, 0.0), (1.0, 0.0, 0.5), (1.0, 0.0, -0.5)]
    image = jet_image((0.0, 0.0), cross, bins=9)
    assert image[3:6, 4].tolist() == [4.0, 0.0, 4.0]
    assert image[4, 2] == image[4, 6] == 1.0


@pytest.mark.parametrize("bins", [4, 10])
def test_pixels_hold_their_lower_edge_and_not_their_upper(bins):
    options = {"bins": bins, "center": False, "rotate": False, "flip": False}
    width = 2.0 / bins
    inside = jet_image((0.0, 0.0), [(1.0, -1.0, 1.0 - width)], **options)
    assert inside[0, bins - 1] == 1.0
    edge = jet_image((0.0, 0.0), [(1.0, 0.0, -1.0)], **options)
    assert edge[bins // 2, 0] == 1.0
    below = jet_image((0.0, 0.0), [(1.0, -1e-9, -1.0)], **options)
    assert below[bins // 2 - 1, 0] == 1.0
    for outside in [(1.0, 0.0), (0.0, 1.0), (-1.0 - 1e-9, 0.0), (0.0, -1.1), (2, 2)]:
        assert not jet_image((0.0, 0.0), [(1.0, *outside)], **options).any()


@pytest.mark.parametrize(
    ("axis", "azimuth"),
    [(0, math.pi), (0, -math.pi), (-math.pi / 2, math.pi / 2), (math.pi, 0)],
)
def test_half_a_turn_away_is_below_the_axis(axis, azimuth):
    options = {"bins": 5, "half_width": 4.0} | dict.fromkeys(STEPS[:3], False)
    image = jet_image((0.0, axis), [(1.0, 0.0, azimuth)], **options)
    assert np.argwhere(image).tolist() == [[2, 0]]


def test_what_lies_outside_still_moves_the_center_and_the_norm():
    rows = [(3.0, 0.0, 0.0), (1.0, 2.0, 0.0)]
    image = jet_image((0.0, 0.0), rows, bins=3, half_width=1.2, normalise=True)
    # The centre is at eta 0.5, so the hard one lies at -0.5, and is flipped to +0.5.
    assert image[2, 1] == 0.75
    assert image.sum() == np.float32(0.75)


@pytest.mark.parametrize(
    ("signs", "first"),
    [
        ([(1, 1), (-1, 1), (1, -1), (-1, -1)], (1, 1)),
        ([(-1, 1), (1, -1), (-1, -1)], (-1, 1)),
        ([(1, -1), (-1, -1)], (1, -1)),
        ([(-1, -1)], (-1, -1)),
    ],
)
def test_of_equal_quadrants_the_first_in_order_is_flipped(signs, first):
    rows = [(2.0, 0.9 * x, 0.3 * y) for x, y in signs]
    marked = [*rows, (0.5, 0.1 * first[0], 0.7 * first[1])]
    options = {"bins": 21, "center": False, "rotate": False}
    image = jet_image((0.0, 0.0), rows, **options)
    expected = [(pt, first[0] * x, first[1] * y) for pt, x, y in rows]
    np.testing.assert_array_equal(
        image, jet_image((0.0, 0.0), expected, flip=False, **options)
    )
    assert jet_image((0.0, 0.0), marked, **options)[11, 17] == 0.5


def test_axes_belong_to_the_upper_quadrants():
    options = {"bins": 21, "center": False, "rotate": False}
    image = jet_image((0.0, 0.0), [(2.0, 0.0, 0.5), (1.0, -0.5, 0.5)], **options)
    assert image[10, 15] == 2.0
    assert image[5, 15] == 1.0  # (0, 0.5) made the first quadrant the hardest
    image = jet_image((0.0, 0.0), [(2.0, 0.5, 0.0), (1.0, 0.5, -0.5)], **options)
    assert image[15, 10] == 2.0
    assert image[15, 5] == 1.0


def test_jets_without_constituents_or_pt_are_blank():
    images = images_of([(0.0, 0.0)] * 3, [[], [(0.0, 0.1, 0.1)], [(1.0, 0.1, 0.1)]])
    assert images.any(axis=(1, 2)).tolist() == [False, False, True]


def test_constituents_without_pt_count_nowhere():
    along_the_beam = {"px": 0.0, "py": 0.0, "pz": 5.0, "energy": 5.0}
    other = {"px": 1.0, "py": 0.0, "pz": 0.0, "energy": 1.0}
    momenta = ak.Array([{"pt": 1.0, "eta": 0.0, "phi": 0.0, "mass": 0.0}] * 2)
    lists = ak.Array([[other, along_the_beam], [other]])
    one, two = jet_images(ak.with_field(momenta, lists, "constituents"))
    np.testing.assert_array_equal(one, two)


# --- pairs, lists, threads ----------------------------------------------------------


def clustered():
    return cluster(random_events(30, 40), algorithm="antikt", radius=0.8)


def test_the_two_hardest_jets_are_the_channels():
    jets = clustered()
    pairs = dijet_images(jets, bins=25)
    assert pairs.shape == (30, 2, 25, 25)
    for channel in (0, 1):
        np.testing.assert_array_equal(
            pairs[:, channel], jet_images(jets[:, channel], bins=25)
        )
    backwards = jets[:, ::-1]
    np.testing.assert_array_equal(dijet_images(backwards, bins=25), pairs)


def test_of_jets_with_equal_pt_the_first_of_the_list_is_the_first_channel():
    rows = [[(1.0, 0.0, 0.0)], [(2.0, 0.0, 0.0)], [(3.0, 0.0, 0.0)]]
    jets = ak.with_field(jets_of([(0.0, 0.0)] * 3, rows), np.ones(3), "pt")
    jets = ak.unflatten(jets, [3])
    assert dijet_images(jets, bins=1).ravel().tolist() == [1.0, 2.0]


def test_an_event_with_fewer_jets_is_refused_or_blank():
    jets = clustered()
    keep = np.array([5, 1, 0, 2] + [3] * 26)
    jets = jets[ak.local_index(jets, axis=1) < keep]
    with pytest.raises(ValueError, match=r"dijet_images: event 1 has 1 jet\(s\)"):
        dijet_images(jets)
    found = dijet_images(jets, bins=25, fewer_jets="blank")
    lit = found.any(axis=(2, 3))
    assert lit[:4].tolist() == [[True] * 2, [True, False], [False] * 2, [True] * 2]
    np.testing.assert_array_equal(found[3:], dijet_images(jets[3:], bins=25))
    np.testing.assert_array_equal(found[1, 0], jet_images(jets[1, :1], bins=25)[0])
    with pytest.raises(ValueError, match="fewer_jets must be 'refuse' or 'blank'"):
        dijet_images(jets, fewer_jets="drop")


def test_jets_are_flattened_in_order_and_nothing_gives_nothing():
    jets = clustered()
    options = {"bins": 15}
    np.testing.assert_array_equal(
        jet_images(jets, **options), jet_images(ak.flatten(jets), **options)
    )
    assert jet_images(jets[:0], **options).shape == (0, 15, 15)
    assert dijet_images(jets[:0], **options).shape == (0, 2, 15, 15)


def test_threads_never_change_the_result():
    axes, rows = random_jets(1000)
    one = images_of(axes, rows, bins=25, threads=1)
    np.testing.assert_array_equal(one, images_of(axes, rows, bins=25, threads=2))


# --- errors -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"bins": 0}, "bins must be >= 1 and <= 10000, got 0"),
        ({"bins": 10_001}, "bins must be >= 1 and <= 10000, got 10001"),
        ({"half_width": 0.0}, "half_width must be > 0 and finite, got 0"),
        ({"half_width": math.nan}, "half_width must be > 0 and finite, got nan"),
        ({"half_width": math.inf}, "half_width must be > 0 and finite, got inf"),
        ({"threads": 0}, "threads must be >= 1, got 0"),
    ],
)
def test_bad_options_are_named(options, problem):
    with pytest.raises(ValueError, match=f"jet_images: {problem}"):
        jet_image((0.0, 0.0), [(1.0, 0.0, 0.0)], **options)


def test_bins_are_an_integer():
    with pytest.raises(TypeError, match="incompatible function arguments"):
        jet_image((0.0, 0.0), [(1.0, 0.0, 0.0)], bins=7.5)


@pytest.mark.parametrize("names", [CYLINDRICAL, CARTESIAN])
@pytest.mark.parametrize("number", [0, 70])
def test_bad_jets_and_constituents_are_named(number, names):
    count = 100
    rows = [[(9.0, 0.0, 0.0)]] * count
    jets = jets_of([(0.0, 0.0)] * count, rows)
    for pt, problem in ((math.nan, "non-finite pt nan"), (0.0, "pt 0, so no axis")):
        pts = np.where(np.arange(count) == number, pt, 1.0)
        bad = ak.with_field(jets, pts, "pt")
        with pytest.raises(ValueError, match=f"jet_images: jet {number} has {problem}"):
            jet_images(bad, threads=2)
    good = [[(1.0, 0.0, 0.0, 2.0)]] * number
    bad = events_of([*good, [(1.0, math.nan, 0.0, 2.0)]], names)
    bad = ak.with_field(jets[: number + 1], bad, "constituents")
    problem = f"constituent 0 of jet {number} has non-finite {names[1]} nan"
    with pytest.raises(ValueError, match=f"jet_images: {problem}"):
        jet_images(bad)


def test_a_negative_pt_and_a_space_like_momentum_are_named():
    for row, problem in [
        ((-1.0, 0.0, 0.0, 0.0), "negative pt -1"),
        ((1.0, 0.0, 0.0, -3.0), "above its energy"),
        ((1e141, 0.0, 0.0, 0.0), "above 1e"),
        ((1.0, 400.0, 0.0, 0.0), "above 1e"),
    ]:
        jets = jets_of([(0.0, 0.0)], [[(9.0, 0.0, 0.0)]])
        bad = ak.with_field(jets, events_of([[row]]), "constituents")
        with pytest.raises(ValueError, match=f"constituent 0 of jet 0 has .*{problem}"):
            jet_images(bad)


def test_a_sum_beyond_single_precision_is_named_unless_normalised():
    rows = [(3e38, 0.0, 0.0), (3e38, 0.0, 0.1)]
    with pytest.raises(ValueError, match=r"jet 0 have a pt of 6e\+38 GeV, beyond"):
        jet_image((0.0, 0.0), rows)
    assert jet_image((0.0, 0.0), rows, normalise=True).sum() == 1.0


def test_columns_that_do_not_fit_are_refused():
    ones = np.ones(3)

    def images(jet_columns, offsets):
        return _core.jet_images(
            jet_coordinates="pt_eta_phi_mass",
            jet_columns=jet_columns,
            coordinates="pt_eta_phi_mass",
            columns=(ones,) * 4,
            offsets=np.array(offsets),
            bins=3,
            half_width=1.0,
            center=True,
            rotate=True,
            flip=True,
            normalise=False,
            threads=1,
        )

    with pytest.raises(ValueError, match="columns must have one length, got 3 and 1"):
        images((ones, ones[:1], ones, ones), [0, 1, 2, 3])
    with pytest.raises(ValueError, match="got 2 lists and 3 jets"):
        images((ones,) * 4, [0, 1, 3])
    with pytest.raises(ValueError, match="offsets must end at the number"):
        images((ones,) * 4, [0, 1, 2, 2])


def test_jets_that_are_no_momenta_are_a_user_error():
    with pytest.raises(UserError, match="jets needs pt, eta, phi, mass"):
        jet_images(ak.Array([{"pt": 1.0, "constituents": []}]))
    with pytest.raises(UserError, match="jets needs pt, eta, phi, mass"):
        dijet_images(ak.Array([[{"pt": 1.0, "constituents": []}]]))
    with pytest.raises(UserError, match="jets must hold one list of records per event"):
        dijet_images(jets_of([(0.0, 0.0)], [[]]))
