"""oddjet.images: every pixel, and what no jet's orientation may change."""

from __future__ import annotations

import math
from itertools import product

import awkward as ak
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tolerances
from definitions.images import eigenvector, principal_axis
from definitions.images import jet_image as definition
from oddjet import _core  # noqa: TID251 no array of records has such columns
from oddjet.images import dijet_images, jet_images
from oddjet.jets import cluster
from oddjet.runs.errors import UserError
from particle_events import CARTESIAN, CYLINDRICAL, events_of, random_events

pytestmark = pytest.mark.kernel

STEPS = ("center", "rotate", "flip", "normalise")


def jets_of(axes, constituents, names=CYLINDRICAL, dtype=np.float64):
    """Jets at (eta, phi), hardest first, of constituents (pt, eta, phi)."""
    momenta = {
        "pt": np.arange(len(axes), 0.0, -1.0),
        "eta": np.array([eta for eta, _ in axes], float),
        "phi": np.array([phi for _, phi in axes], float),
        "mass": np.zeros(len(axes)),
    }
    jets = ak.zip(momenta, with_name="Momentum4D")
    rows = [[(*row, 0.0) for row in jet] for jet in constituents]
    lists = events_of(rows, CYLINDRICAL, dtype)
    if names != CYLINDRICAL:
        lists = ak.zip({n: getattr(lists, n) for n in names}, with_name="Momentum4D")
    return ak.with_field(jets, lists, "constituents")


def jet_image(axis, constituents, **options):
    return jet_images(jets_of([axis], [constituents]), **options)[0]


def random_jets(count, *, seed=1, size=40):
    """Axes and rows (pt, eta, phi) of jets without ties or symmetries."""
    random = np.random.default_rng(seed)
    axes = np.stack(
        [random.uniform(-2, 2, count), random.uniform(-math.pi, math.pi, count)], -1
    )
    spread = random.normal(0.0, [0.2, 0.1], (count, size, 2))
    tilt = random.uniform(0, 2 * math.pi, count)[:, np.newaxis]
    away = np.stack(
        [
            np.cos(tilt) * spread[..., 0] - np.sin(tilt) * spread[..., 1],
            np.sin(tilt) * spread[..., 0] + np.cos(tilt) * spread[..., 1],
        ],
        -1,
    )
    pt = random.exponential(10.0, (count, size, 1)) + 0.1
    rows = np.concatenate([pt, axes[:, np.newaxis] + away], -1)
    return axes.tolist(), [[tuple(row) for row in jet] for jet in rows.tolist()]


def images_of(axes, rows, **options):
    return jet_images(jets_of(axes, rows), **options)


def assert_same_but_for_edges(one, other, pt=1e4):
    """Rounding may move a constituent over an edge, and no more than one in 10^4."""
    moved = np.abs(one - other) > tolerances.SINGLE * pt
    assert np.count_nonzero(moved) <= 1e-4 * np.count_nonzero(one)
    assert np.count_nonzero(one) > 0


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
    square = [(1.0, 0.3, 0.1), (1.0, -0.3, -0.1), (1.0, 0.1, -0.3), (1.0, -0.1, 0.3)]
    one = jet_image((0.0, 0.0), square, flip=False)
    np.testing.assert_array_equal(
        one, jet_image((0.0, 0.0), square, flip=False, rotate=False)
    )


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


# --- physics ------------------------------------------------------------------------


def transformed(kind, axes, rows):
    """The same jets after a symmetry of the image."""
    if kind == "azimuth":
        turn = 2.0
        axes = [(eta, wrapped(phi + turn)) for eta, phi in axes]
        rows = [[(pt, e, wrapped(p + turn)) for pt, e, p in jet] for jet in rows]
    elif kind == "boost":
        axes = [(eta + 0.7, phi) for eta, phi in axes]
        rows = [[(pt, e + 0.7, p) for pt, e, p in jet] for jet in rows]
    elif kind == "reflect eta":
        axes = [(-eta, phi) for eta, phi in axes]
        rows = [[(pt, -e, p) for pt, e, p in jet] for jet in rows]
    elif kind == "reflect phi":
        axes = [(eta, -phi) for eta, phi in axes]
        rows = [[(pt, e, -p) for pt, e, p in jet] for jet in rows]
    elif kind == "turn":
        rows = [
            [turned(row, axis, 0.3 + i) for row in jet]
            for i, (axis, jet) in enumerate(zip(axes, rows, strict=True))
        ]
    elif kind == "order":
        rows = [jet[::-1] for jet in rows]
    elif kind == "split":
        rows = [[(pt / 2, e, p) for pt, e, p in jet for _ in range(2)] for jet in rows]
    elif kind == "axis":
        axes = [(eta + 0.1, phi - 0.2) for eta, phi in axes]
    return axes, rows


def turned(row, axis, angle):
    pt, eta, phi = row
    x, y = eta - axis[0], wrapped(phi - axis[1])
    cosine, sine = math.cos(angle), math.sin(angle)
    return pt, axis[0] + cosine * x - sine * y, axis[1] + sine * x + cosine * y


def wrapped(angle):
    return math.remainder(angle, 2 * math.pi)


@pytest.mark.parametrize(
    "kind",
    [
        "azimuth",
        "boost",
        "reflect eta",
        "reflect phi",
        "turn",
        "order",
        "split",
        "axis",
    ],
)
def test_a_symmetry_changes_no_image(kind):
    axes, rows = random_jets(300)
    one = images_of(axes, rows)
    assert_same_but_for_edges(images_of(*transformed(kind, axes, rows)), one)


def test_the_hardest_quadrant_is_the_first_and_eta_the_longer_axis():
    axes, rows = random_jets(300)
    # An even number of bins, so that pixels lie in one quadrant; nothing outside.
    images = images_of(axes, rows, bins=200, half_width=3.0, normalise=True)
    low, high = slice(0, 100), slice(100, 200)
    first = images[:, high, high].sum(axis=(1, 2))
    for across, up in [(low, high), (high, low), (low, low)]:
        other = images[:, across, up].sum(axis=(1, 2))
        assert np.all(first > other - 10 * tolerances.SINGLE)
    place = np.linspace(-3, 3, 200) ** 2
    along_eta = images.sum(axis=2) @ place
    along_phi = images.sum(axis=1) @ place
    assert np.all(along_eta > along_phi)


def test_pt_is_conserved_within_the_box():
    axes, rows = random_jets(100)
    total = [sum(pt for pt, _, _ in jet) for jet in rows]
    images = images_of(axes, rows, half_width=3.0)
    np.testing.assert_allclose(images.sum(axis=(1, 2), dtype=float), total, rtol=1e-6)
    shares = images_of(axes, rows, half_width=3.0, normalise=True)
    np.testing.assert_allclose(shares.sum(axis=(1, 2), dtype=float), 1.0, rtol=1e-6)


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
