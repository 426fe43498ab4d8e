"""oddjet.graphs: exact neighbours, whatever the ties and the padding."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from definitions.graphs import knn_graph as definition
from oddjet.graphs import knn_graph

pytestmark = pytest.mark.kernel


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@st.composite
def point_clouds(draw):
    shape = draw(st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(1, 4)))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    grid = st.sampled_from([0.0, 1.0, -1.0, 0.5])  # coincident and equally far
    width = 32 if dtype == np.float32 else 64
    values = draw(st.sampled_from([grid, st.floats(-1e3, 1e3, width=width)]))
    points = draw(nps.arrays(dtype, shape, elements=values))
    mask = draw(st.none() | nps.arrays(bool, shape[:2]))
    return points, mask


def without_overflow(*arguments):
    with np.errstate(over="ignore", under="ignore"):
        return definition(*arguments)


@given(point_clouds(), st.integers(1, 12))
def test_neighbours_are_those_of_the_definition(cloud, k):
    points, mask = cloud
    assert_same(knn_graph(points, k=k, mask=mask), definition(points, k, mask))


@pytest.mark.parametrize("dimensions", [1, 2, 7, 64, 256])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_number_of_dimensions(dimensions, dtype):
    points = np.random.default_rng(1).normal(size=(3, 40, dimensions)).astype(dtype)
    mask = np.arange(40) < np.array([[40], [17], [3]])
    assert_same(knn_graph(points, k=16, mask=mask), definition(points, 16, mask))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [1, 3, 16, 31, 99, 200])
def test_any_number_of_neighbours_in_sets_of_any_size(dtype, k):
    for particles in (2, 8, 9, 63, 64, 65, 150):
        random = np.random.default_rng(particles)
        points = random.normal(size=(2, particles, 2)).astype(dtype)
        mask = random.random((2, particles)) < 0.9
        assert_same(knn_graph(points, k=k, mask=mask), definition(points, k, mask))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-42, 1e-30, 1e-20, 1e-12, 1e12, 1e18, 1e25, 1e38])
def test_neighbours_at_every_scale(dtype, scale):
    points = np.random.default_rng(1).uniform(-1, 1, size=(3, 30, 3)) * scale
    points = points.astype(dtype)
    assert_same(knn_graph(points, k=9), without_overflow(points, 9))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("dimensions", [1, 2, 64, 256])
def test_distances_that_single_precision_cannot_tell_apart(dtype, dimensions):
    """All on a sphere up to 1e-7, where points at its centre see them in any order."""
    random = np.random.default_rng(dimensions)
    points = random.normal(size=(4, 70, dimensions))
    points /= np.linalg.norm(points, axis=-1, keepdims=True)
    points *= 1 + 1e-7 * random.normal(size=(4, 70, 1))
    points[:, ::7] = 0.0
    points = points.astype(dtype)
    for k in (5, 16, 40):
        assert_same(knn_graph(points, k=k), definition(points, k))


def test_towers_on_a_grid():
    """Thousands of equal distances, and of those equal but for rounding."""
    grid = np.random.default_rng(1).integers(-9, 10, size=(20, 60, 2)) * np.float32(0.1)
    assert_same(knn_graph(grid, k=16), definition(grid, 16))


@given(point_clouds(), st.integers(1, 12), st.data())
def test_azimuths_are_periodic(cloud, k, data):
    points, mask = cloud
    points = np.clip(points, -3.14159, 3.14159)
    dimensions = range(points.shape[-1])
    periodic = data.draw(st.lists(st.sampled_from(dimensions), unique=True))
    found = knn_graph(points, k=k, mask=mask, periodic=periodic)
    assert_same(found, definition(points, k, mask, periodic))


def test_neighbours_do_not_change_under_a_rotation():
    random = np.random.default_rng(6)
    azimuth = random.integers(-8, 8, (6, 40)) / 8 * math.pi + random.choice(
        [0.0, 0.01, 0.02], (6, 40)
    )
    across = random.normal(size=(6, 40))
    one = knn_graph(np.stack([across, azimuth], axis=-1), k=8, periodic=[1])
    turned = np.remainder(azimuth + 2.0 + math.pi, 2 * math.pi) - math.pi
    other = knn_graph(np.stack([across, turned], axis=-1), k=8, periodic=[1])
    assert_same(one, other)
    flat = knn_graph(np.stack([across, azimuth], axis=-1), k=8)
    assert not np.array_equal(flat[0], one[0])


def test_single_precision_pi_is_within_a_turn():
    points = np.array([[[-np.pi], [np.pi], [0.0]]], np.float32)
    indices, _ = knn_graph(points, k=1, periodic=[np.int64(0)])
    assert indices[0, :, 0].tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("periodic", "problem"),
    [
        ([2], "knn_graph: a periodic dimension must be >= 0 and < 2, got 2"),
        ([-1], "knn_graph: a periodic dimension must be >= 0 and < 2, got -1"),
        (
            [0, 1],
            "dimension 1 is periodic and must lie within 2 pi, got -3.25 and 3.25 in j",
        ),
    ],
)
def test_bad_periods_are_named(periodic, problem):
    points = np.zeros((2, 3, 2))
    points[1, :, 1] = [-3.25, 3.25, 0]
    with pytest.raises(ValueError, match=problem):
        knn_graph(points, k=1, periodic=periodic)


def test_coincident_points_are_neighbours_but_never_of_themselves():
    indices, valid = knn_graph(np.zeros((1, 4, 2)), k=3)
    assert indices[0].tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]
    assert valid.all()


def test_padding_has_and_is_no_neighbour():
    points = np.zeros((1, 4, 2))
    points[0, 1] = math.nan  # never looked at
    mask = np.array([[True, False, True, False]])
    indices, valid = knn_graph(points, k=2, mask=mask)
    assert indices[0].tolist() == [[2, 0], [0, 0], [0, 0], [0, 0]]
    assert valid[0].tolist() == [
        [True, False],
        [False, False],
        [True, False],
        [False, False],
    ]


def test_a_shift_changes_no_neighbour():
    points = np.random.default_rng(2).integers(-50, 50, (5, 30, 3)).astype(float)
    assert_same(knn_graph(points + 1024.0, k=7), knn_graph(points, k=7))


def test_wrapped_azimuths_have_the_neighbours_of_the_circle():
    random = np.random.default_rng(3)
    around = random.uniform(-0.4, 0.4, (4, 30, 1))
    across = random.normal(size=(4, 30, 1))
    wrapped = np.remainder(around + math.pi + math.pi, 2 * math.pi) - math.pi
    relative = np.remainder(wrapped - math.pi + math.pi, 2 * math.pi) - math.pi
    one = knn_graph(np.concatenate([across, around], axis=-1), k=5)
    other = knn_graph(np.concatenate([across, relative], axis=-1), k=5)
    assert_same(one, other)


def test_memory_order_does_not_matter():
    points = np.random.default_rng(4).normal(size=(3, 20, 2))
    mask = np.asfortranarray(np.arange(20) < np.array([[20], [10], [5]]))
    one = knn_graph(np.asfortranarray(points), k=4, mask=mask)
    assert_same(one, knn_graph(points, k=4, mask=mask))


def test_threads_never_change_the_result(monkeypatch):
    points = np.random.default_rng(5).normal(size=(50, 40, 2))
    one = knn_graph(points, k=16, threads=1)
    assert_same(one, knn_graph(points, k=16, threads=2))
    monkeypatch.setenv("ODDJET_THREADS", "2")
    assert_same(one, knn_graph(points, k=16))


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"k": 0}, "knn_graph: k must be >= 1, got 0"),
        ({"threads": 0}, "knn_graph: threads must be >= 1, got 0"),
        ({"points": np.zeros((2, 3, 0))}, "knn_graph: points must have >= 1 dim"),
        ({"points": np.zeros((2, 3))}, r"points must have 3 dimension\(s\), got 2"),
        ({"mask": np.ones((3, 2), bool)}, r"mask must have shape \(2, 3\), got"),
        ({"mask": np.ones(6, bool)}, r"mask must have 2 dimension\(s\), got 1"),
    ],
)
def test_bad_arguments_are_named(changed, problem):
    arguments = {"points": np.zeros((2, 3, 2)), "k": 1} | changed
    points = arguments.pop("points")
    with pytest.raises(ValueError, match=problem):
        knn_graph(points, **arguments)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_point_that_is_not_finite_is_named(value):
    points = np.zeros((3, 4, 2))
    points[2, 1, 1] = value
    message = f"knn_graph: dimension 1 of particle 1 of jet 2 is non-finite, {value}"
    with pytest.raises(ValueError, match=message):
        knn_graph(points, k=1, threads=2)


@pytest.mark.parametrize(
    ("points", "mask", "problem"),
    [
        (np.zeros((1, 2, 2), np.float16), None, "points must be .* got float16"),
        (np.zeros((1, 2, 2), np.int64), None, "points must be .* got int64"),
        (
            np.zeros((1, 2, 2), ">f8"),
            None,
            "points must be float32 or float64, got >f8",
        ),
        (
            np.zeros((1, 2, 2)),
            np.ones((1, 2), np.uint8),
            "mask must be bool, got uint8",
        ),
    ],
)
def test_no_type_is_converted(points, mask, problem):
    with pytest.raises(TypeError, match=problem):
        knn_graph(points, k=1, mask=mask)
    with pytest.raises(TypeError, match="incompatible function arguments"):
        knn_graph(np.zeros((1, 2, 2)), k=1.5)
