"""oddjet.correlation: the definition, whatever the ties and the weights."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from definitions import correlation as definition
from oddjet import correlation
from oddjet.correlation import (
    distance_correlation,
    distance_correlation_gradient,
    distance_correlation_squared,
    distance_correlation_squared_unbiased,
    distance_correlations,
    independence_test,
)
from tolerances import CENTRED_SUM, CENTRED_SUM_ROOT

pytestmark = pytest.mark.kernel

V_STATISTICS = ("distance_correlation", "distance_correlation_squared")
UNBIASED = "distance_correlation_squared_unbiased"


def tolerance(name):
    return CENTRED_SUM_ROOT if name == "distance_correlation" else CENTRED_SUM


@st.composite
def samples(draw, min_size=2, max_size=40, weights=None):
    """(x, y, weights): ties, constants and far offsets among them."""
    n = draw(st.integers(min_size, max_size))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    grid = st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 2.0])
    spread = st.integers(-1000, 1000).map(lambda i: i / 64)

    def variable():
        values = draw(
            nps.arrays(dtype, n, elements=draw(st.sampled_from([grid, spread])))
        )
        return values + dtype(draw(st.sampled_from([0, 0, 1024])))

    if weights is None:
        weights = st.none() | nps.arrays(
            dtype, n, elements=st.integers(0, 4).map(float)
        )
    else:
        weights = nps.arrays(dtype, n, elements=weights)
    found = draw(weights)
    assume(found is None or found.sum() > 0)
    return variable(), variable(), found


def related(n, seed, scale=1.0):
    """Two related variables, and weights of either sign."""
    random = np.random.default_rng(seed)
    x = random.normal(size=n)
    y = scale * x**2 + random.normal(size=n)
    return x, y, random.uniform(-0.2, 1.0, n)


@pytest.mark.parametrize("name", V_STATISTICS)
@given(sample=samples())
def test_it_is_the_doubly_centred_definition(name, sample):
    expected = getattr(definition, name)(*sample)
    found = getattr(correlation, name)(*sample)
    assert found == pytest.approx(expected, abs=tolerance(name))
    assert -CENTRED_SUM <= found <= 1 + CENTRED_SUM


@given(sample=samples(min_size=4, weights=st.sampled_from([1.0])))
def test_the_unbiased_form_is_that_of_u_centred_distances(sample):
    x, y, ones = sample
    _, *variances = definition.unbiased_covariances(x, y)
    assume(min(variances) > 1e-9)  # else the ratio is one of roundings
    expected = definition.distance_correlation_squared_unbiased(x, y)
    for weights in (None, ones, 3 * ones):
        found = distance_correlation_squared_unbiased(x, y, weights)
        assert found == pytest.approx(expected, abs=1e4 * CENTRED_SUM)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("n", [4, 5, 7])
def test_the_weighted_unbiased_form_is_a_mean_over_tuples(n, tied):
    random = np.random.default_rng(n)
    x, y = random.normal(size=(2, n))
    if tied:
        x, y = np.round(2 * x), np.round(y)
    weights = random.uniform(0.1, 2.0, n)
    expected = definition.distance_correlation_squared_unbiased(x, y, weights)
    for points in ((x, y), (x[:, None], y)):
        found = distance_correlation_squared_unbiased(*points, weights)
        assert found == pytest.approx(expected, abs=1e-9)


def test_equal_weights_in_tuples_give_the_u_statistic():
    x, y, _ = related(6, seed=1)
    tuples = definition.weighted_unbiased_covariances(x, y, np.ones(6))
    centred = definition.unbiased_covariances(x, y)
    np.testing.assert_allclose(
        np.array(tuples, float), np.array(centred, float), rtol=1e-12
    )


@pytest.mark.parametrize("n", [2, 3, 100, 1500])
@pytest.mark.parametrize("signs", [False, True])
def test_samples_of_any_size_with_weights_of_either_sign(n, signs):
    x, y, weights = related(n, seed=n)
    weights = weights if signs and n > 3 else np.abs(weights)
    expected = definition.distance_correlation_squared(x, y, weights)
    assert distance_correlation_squared(x, y, weights) == pytest.approx(
        expected, rel=1e-10
    )


def test_dcor_agrees():
    with warnings.catch_warnings():  # what its own dependencies deprecate
        warnings.simplefilter("ignore")
        import dcor

        for n in (10, 200, 1100):
            x, y, _ = related(n, seed=n, scale=0.2)
            assert distance_correlation(x, y) == pytest.approx(
                dcor.distance_correlation(x, y, method="naive"), abs=CENTRED_SUM_ROOT
            )
            assert distance_correlation_squared(x, y) == pytest.approx(
                dcor.distance_correlation_sqr(x, y, method="naive"), abs=CENTRED_SUM
            )
            assert distance_correlation_squared_unbiased(x, y) == pytest.approx(
                dcor.u_distance_correlation_sqr(x, y, method="naive"), abs=CENTRED_SUM
            )


@pytest.mark.parametrize("rho", [0.3, -0.8])
def test_the_bivariate_normal_has_its_closed_form(rho):
    """Székely, Rizzo & Bakirov (2007), theorem 7."""
    random = np.random.default_rng(7)
    found = []
    for _ in range(20):
        x, z = random.normal(size=(2, 20_000))
        y = rho * x + math.sqrt(1 - rho**2) * z
        found.append(distance_correlation_squared_unbiased(x, y))
    root = math.sqrt(1 - rho**2)
    half = math.sqrt(4 - rho**2)
    covariance = rho * math.asin(rho) + root - rho * math.asin(rho / 2) - half + 1
    expected = covariance / (1 + math.pi / 3 - math.sqrt(3))
    error = np.std(found, ddof=1) / math.sqrt(len(found))
    assert abs(np.mean(found) - expected) < 3 * error
    assert error < 0.03 * expected


@pytest.mark.parametrize("name", [*V_STATISTICS, UNBIASED])
def test_shift_and_scale_change_nothing(name):
    x, y, weights = related(400, seed=2)
    weights = np.abs(weights)
    function = getattr(correlation, name)
    expected = function(x, y, weights)
    moved = function(1e6 + x, -(2.0**-40) * y, 5 * weights)
    assert moved == pytest.approx(expected, abs=1e-9)  # 1e6 + x has ten digits of x
    assert function(2.0**600 * x, 2.0**-600 * y, weights) == expected
    assert function(y, x, weights) == pytest.approx(expected, abs=CENTRED_SUM)
    order = np.random.default_rng(1).permutation(400)
    reordered = function(x[order], y[order], weights[order])
    assert reordered == pytest.approx(expected, abs=CENTRED_SUM)


def test_a_linear_relation_is_one():
    x, _, weights = related(300, seed=3)
    for sign in (1, -1):
        found = distance_correlation(x, sign * 2 * x, np.abs(weights))
        assert found == pytest.approx(1, abs=CENTRED_SUM)


@pytest.mark.parametrize("name", [*V_STATISTICS, UNBIASED])
def test_an_event_of_no_weight_is_no_event(name):
    x, y, weights = related(50, seed=4)
    weights = np.where(np.arange(50) < 20, 0.0, np.abs(weights))
    function = getattr(correlation, name)
    kept = function(x[20:], y[20:], weights[20:])
    assert function(x, y, weights) == pytest.approx(kept, abs=CENTRED_SUM)
    _, by_x, by_y = distance_correlation_gradient(x, y, weights, statistic=name)
    assert not by_x[:20].any()
    assert not by_y[:20].any()
    assert by_x[20:].all()


def test_a_weight_of_two_is_two_equal_events():
    x, y, _ = related(30, seed=5)
    weights = np.where(np.arange(30) < 10, 2.0, 1.0)
    twice = np.concatenate([np.arange(30), np.arange(10)])
    found = distance_correlation(x, y, weights)
    assert found == pytest.approx(distance_correlation(x[twice], y[twice]), abs=1e-12)


def finite_differences(name, x, y, weights, step):
    """Central ones of the definition: at a tie the mean of both sides."""
    function = getattr(definition, name)
    by_x = np.zeros(len(x))
    for i in range(len(x)):
        moved = step * (np.arange(len(x)) == i)
        above, below = function(x + moved, y, weights), function(x - moved, y, weights)
        by_x[i] = (above - below) / (2 * step)
    return by_x


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", [*V_STATISTICS, UNBIASED])
def test_gradients_are_the_finite_differences(name, weighted, tied):
    n = 7 if name == UNBIASED and weighted else 12
    x, y, weights = related(n, seed=11, scale=0.5)
    if tied:
        x, y = np.round(1.5 * x), np.round(y)
        assert len(set(x)) < n
        assert len(set(y)) < n
        assert len(set(zip(x, y, strict=True))) < n
    weights = np.abs(weights) if weighted else None
    expected_x = finite_differences(name, x, y, weights, 1e-6)
    expected_y = finite_differences(name, y, x, weights, 1e-6)
    for points in ((x, y), (x, y[:, None])):
        value, by_x, by_y = distance_correlation_gradient(
            *points, weights, statistic=name
        )
        assert value == getattr(correlation, name)(*points, weights)
        # At a tie the second derivatives of either side differ: an error of the step.
        np.testing.assert_allclose(by_x, expected_x, atol=1e-5 if tied else 1e-8)
        np.testing.assert_allclose(
            by_y.ravel(), expected_y, atol=1e-5 if tied else 1e-8
        )
        assert by_y.shape == points[1].shape


@pytest.mark.parametrize("statistic", [*V_STATISTICS, UNBIASED])
@given(sample=samples(min_size=5, max_size=30))
def test_points_of_one_dimension_are_the_variable(statistic, sample):
    x, y, weights = sample
    assume(weights is None or np.count_nonzero(weights) > 4)
    assume(np.ptp(x) > 0 and np.ptp(y) > 0)
    one = distance_correlation_gradient(x, y, weights, statistic=statistic)
    other = distance_correlation_gradient(
        x[:, None], y[:, None], weights, statistic=statistic
    )
    assume(statistic != UNBIASED or abs(one[0]) < 1e3)
    assume(statistic != "distance_correlation" or one[0] > 1e-3)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(np.ravel(b), np.ravel(a), atol=1e-8, rtol=1e-8)


@pytest.mark.parametrize("name", V_STATISTICS)
def test_points_have_euclidean_distances(name):
    random = np.random.default_rng(8)
    x, y = random.normal(size=(70, 3)), random.normal(size=(70, 2))
    y[:, 0] += x[:, 1] ** 2
    x[3] = x[9]  # coincident
    weights = random.uniform(-0.1, 1, 70)
    value, by_x, by_y = distance_correlation_gradient(x, y, weights, statistic=name)
    function = getattr(definition, name)
    assert value == pytest.approx(function(x, y, weights), abs=1e-12)
    step = np.zeros_like(x)
    for at in ((0, 0), (9, 2), (69, 1)):
        step[at] = 1e-6
        slope = function(x + step, y, weights) - function(x - step, y, weights)
        assert by_x[at] == pytest.approx(slope / 2e-6, abs=1e-8)
        step[at] = 0
    for axis in (0, 1):  # one shift of all points
        assert by_y[:, axis].sum() == pytest.approx(0, abs=1e-15)


def test_more_points_than_a_block_and_a_tile_hold():
    x, y, weights = related(700, seed=9)
    points = distance_correlation_gradient(x[:, None], y[:, None], weights)
    line = distance_correlation_gradient(x, y, weights)
    for a, b in zip(line, points, strict=True):
        np.testing.assert_allclose(np.ravel(b), np.ravel(a), rtol=1e-9, atol=1e-13)


def test_wanted_gradients_only():
    x, y, weights = related(100, seed=10)
    value, by_x, by_y = distance_correlation_gradient(x, y, weights)
    for wanted in ((False, False), (True, False), (False, True)):
        for points in ((x, y), (x[:, None], y)):
            found = distance_correlation_gradient(*points, weights, wanted=wanted)
            assert found[0] == pytest.approx(value, abs=1e-13)
            for is_wanted, one, other in zip(
                wanted, found[1:], (by_x, by_y), strict=True
            ):
                assert (one is not None) == is_wanted
                if is_wanted:
                    np.testing.assert_allclose(np.ravel(one), other, atol=1e-13)


@pytest.mark.parametrize("constant", [0.0, 3.25, 1e300, 1e-300, -5e-324])
@pytest.mark.parametrize("name", [*V_STATISTICS, UNBIASED])
def test_constant_input_is_zero_with_zero_gradient(name, constant):
    x, y = np.full(9, constant), np.arange(9.0)
    for a, b in ((x, y), (y, x), (x, x), (x[:, None], y[:, None])):
        value, by_a, by_b = distance_correlation_gradient(a, b, statistic=name)
        assert value == 0
        assert not by_a.any()
        assert not by_b.any()


@pytest.mark.parametrize("n", [5, 26, 1000])
@pytest.mark.parametrize("weights", [None, 0.3])
def test_one_event_apart_has_no_unbiased_variance(n, weights):
    x, y = np.eye(n)[-1] / 64, np.random.default_rng(1).normal(size=n)
    weights = None if weights is None else np.full(n, weights)
    for a, b in ((x, y), (y, x), (x, np.eye(n)[0]), (x[:, None], y[:, None])):
        value, by_a, by_b = distance_correlation_gradient(
            a, b, weights, statistic=UNBIASED
        )
        assert value == 0
        assert not by_a.any()
        assert not by_b.any()


def test_exact_independence_is_zero_with_zero_gradient():
    x, y = np.array([[0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0]])
    for points in ((x, y), (x[:, None], y)):  # sums of dyadic fractions: exact
        value, by_x, by_y = distance_correlation_gradient(*points)
        assert value == 0
        assert not by_x.any()
        assert not by_y.any()


@given(sample=samples(weights=st.integers(-3, 4).map(float)))
def test_weights_of_either_sign_leave_the_covariance_positive(sample):
    """It is the norm of a difference of characteristic functions."""
    covariance, *variances = definition.covariances(*sample)
    assert covariance > -1e-9
    squared, by_x, by_y = distance_correlation_gradient(
        *sample, statistic="distance_correlation_squared"
    )
    assert squared >= 0
    assert np.isfinite(by_x).all()
    assert np.isfinite(by_y).all()
    if min(variances) > 1e-3:
        expected = definition.ratio(covariance, *variances)
        assert squared == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("copies", [7, 700])
def test_a_sample_many_times_is_the_sample(copies, weighted):
    """With 700 copies of 300 events the sums are of more than one piece."""
    x, y, weights = related(300, seed=23)
    weights = weights if weighted else None
    order = np.random.default_rng(1).permutation(300 * copies)
    event = np.tile(np.arange(300), copies)[order]
    value, by_x, by_y = distance_correlation_gradient(x, y, weights)
    many, by_many_x, by_many_y = distance_correlation_gradient(
        x[event], y[event], None if weights is None else weights[event]
    )
    assert many == pytest.approx(value, rel=1e-10)
    for by_many, by in ((by_many_x, by_x), (by_many_y, by_y)):
        np.testing.assert_allclose(copies * by_many, by[event], rtol=1e-9, atol=1e-12)


def test_a_sample_almost_repeated_is_almost_the_sample():
    """The same without ties, which have a way of their own through the sums."""
    x, y, weights = related(300, seed=24)
    event = np.random.default_rng(2).permutation(np.tile(np.arange(300), 700))
    jitter = 1e-9 * np.random.default_rng(3).uniform(-1, 1, (2, len(event)))
    many = distance_correlation(
        x[event] + jitter[0], y[event] + jitter[1], weights[event]
    )
    assert many == pytest.approx(distance_correlation(x, y, weights), rel=1e-8)


def test_extreme_magnitudes_neither_overflow_nor_vanish():
    x, y, _ = related(100, seed=13)
    expected, by_x, _ = distance_correlation_gradient(x, y)
    for scale in (2.0**1000, 2.0**-1000):
        value, scaled, _ = distance_correlation_gradient(scale * x, y)
        assert value == expected
        np.testing.assert_array_equal(scaled, by_x / scale)
    wide = np.array([-1.7e308, 1.7e308, 0.0, 1e-300])
    assert 0 < distance_correlation(wide, np.arange(4.0)) <= 1


@pytest.mark.parametrize(
    "values",
    [
        np.arange(1500.0) % 7,  # long ties
        2.0**-1074 * np.arange(1500),  # subnormal
        1e6 + 1e-9 * np.arange(1500),  # few leading bits differ
        np.where(np.arange(1500) % 1000 == 0, 1e300, 1e-12 * np.arange(1500.0)),
        np.arange(1500.0, 0.0, -1.0),
    ],
)
def test_values_that_radix_sorts_fear(values):
    values = np.random.default_rng(14).permutation(values)
    y = (
        np.random.default_rng(15).normal(size=1500)
        + np.argsort(np.argsort(values)) / 1e3
    )
    expected = definition.distance_correlation_squared(values, y)
    assert distance_correlation_squared(values, y) == pytest.approx(expected, rel=1e-9)


def test_a_large_sample_far_from_zero_keeps_its_digits():
    """Against the O(n^2) form, which takes differences before it sums."""
    random = np.random.default_rng(16)
    x = 1e6 + random.normal(size=8000)
    y = random.normal(size=8000) - 3e7
    expected = distance_correlation_squared(x[:, None], y[:, None])
    assert expected < 1e-3  # independent: the sums cancel to one part in 1e4
    assert distance_correlation_squared(x, y) == pytest.approx(expected, rel=1e-10)


def test_pairs_together_are_the_pairs_alone():
    random = np.random.default_rng(17)
    x, y, mass, delta = random.normal(size=(4, 3000))
    y += x * mass
    delta = np.round(3 * delta)
    weights = random.uniform(size=3000)
    pairs = [(0, 1), (0, 2), (1, 2), (0, 3), (3, 1)]
    variables = [x, y, mass, delta]
    wanted = [True, True, False, False]
    together = distance_correlations(variables, pairs, weights, wanted=wanted)
    for (i, j), found in zip(pairs, together, strict=True):
        alone = distance_correlation_gradient(
            variables[i], variables[j], weights, wanted=(wanted[i], wanted[j])
        )
        assert found[0] == alone[0]
        for one, other in zip(found[1:], alone[1:], strict=True):
            np.testing.assert_array_equal(one, other)
    assert distance_correlations(variables, []) == []


@pytest.mark.parametrize("n", [100, 300_000])
def test_threads_never_change_the_result(n, monkeypatch):
    x, y, weights = related(n, seed=18)
    y[: n // 2] = np.round(y[: n // 2])

    def everything(**keywords):
        few = slice(0, 600)
        return [
            *distance_correlation_gradient(x, y, weights, **keywords),
            *distance_correlation_gradient(
                x[few, None], y[few], weights[few], **keywords
            ),
            independence_test(x[few], y[few], seed=1, permutations=20, **keywords),
        ]

    one = everything(threads=1)
    for other in (everything(threads=2), everything(threads=3)):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
    monkeypatch.setenv("ODDJET_THREADS", "2")
    for a, b in zip(one, everything(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_memory_order_and_type_do_not_matter():
    x, y, weights = (values.astype(np.float32) for values in related(200, seed=19))
    expected = distance_correlation(*(v.astype(np.float64) for v in (x, y, weights)))
    table = np.stack([x, y, weights], axis=1)
    assert distance_correlation(*table.T) == expected
    assert distance_correlation(x, y.astype(np.float64), weights) == expected
