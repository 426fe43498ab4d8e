from __future__ import annotations

import math

import numpy as np
import pytest

from oddjet.deploy.describe_model import working_point_line
from oddjet.deploy.working_points import (
    WorkingPoint,
    measured_working_points,
    parse_working_points,
    selected_fraction,
    working_points_text,
)
from oddjet.runs.errors import UserError

POINT = WorkingPoint("tight", 2.5, 0.0031, 0.0002, "1200 control events")


def test_text_comes_back():
    points = [POINT, WorkingPoint("loose", 1.0, math.nan, math.nan, "nothing yet")]
    text = working_points_text(points)
    assert "tight.threshold = 2.5\n" in text
    found = parse_working_points(text)
    assert list(found) == ["tight", "loose"]
    assert found["tight"] == POINT
    assert math.isnan(found["loose"].efficiency)
    assert parse_working_points("") == {}


def test_efficiencies_are_those_of_the_weighted_sample():
    random = np.random.default_rng(1)
    score = -np.log10(random.random(20_000))
    weight = random.choice([0.5, 2.0, -0.2], 20_000)
    points = measured_working_points([0.1, 0.025], score, weight, measured_on="uniform")
    assert [point.name for point in points] == ["1e-1", "2_5e-2"]
    for point, wanted in zip(points, (0.1, 0.025), strict=True):
        assert point.threshold == pytest.approx(-math.log10(wanted))
        passed = weight[score > point.threshold].sum() / weight.sum()
        assert point.efficiency == pytest.approx(passed)
        assert abs(point.efficiency - wanted) < 4 * point.uncertainty
    # Without weights, the error is that of a binomial count.
    (point,) = measured_working_points([0.1], score, np.ones(20_000), measured_on="u")
    p = point.efficiency
    assert point.uncertainty == pytest.approx(math.sqrt(p * (1 - p) / 20_000))


def test_what_is_not_a_number_is_not_selected_and_nothing_is_no_efficiency():
    score = np.array([np.nan, 5.0])
    (point,) = measured_working_points([0.1], score, np.ones(2), measured_on="two")
    assert point.efficiency == 0.5
    (point,) = measured_working_points([0.1], score[:0], score[:0], measured_on="none")
    assert math.isnan(point.efficiency)


def test_where_no_event_passes_there_is_an_upper_limit():
    score = np.zeros(200)
    (point,) = measured_working_points([0.1], score, np.full(200, 3.0), measured_on="u")
    assert point.efficiency == 0
    # An efficiency at the limit would let 200 events all fail in 5 % of the cases.
    assert (1 - point.uncertainty) ** 200 == pytest.approx(0.05)
    uneven = np.repeat([1.0, 3.0], 100)
    (point,) = measured_working_points([0.1], score, uneven, measured_on="u")
    assert (1 - point.uncertainty) ** 160 == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("efficiency", "uncertainty", "words"),
    [
        (0.0, 0.0149, "efficiency below 0.015 at 95 % confidence"),
        (0.0, 0.0, "no event passed"),
        (0.01, 0.002, "efficiency 0.01 ± 0.002"),
        (math.nan, math.nan, "efficiency not measured"),
    ],
)
def test_a_limit_is_not_told_as_an_efficiency(efficiency, uncertainty, words):
    point = WorkingPoint("a", 1.0, efficiency, uncertainty, "control")
    assert words in working_point_line(point)


def test_copies_of_an_event_do_not_make_an_efficiency_more_certain():
    random = np.random.default_rng(1)
    weight, selected = random.uniform(0.5, 1.5, 400), random.random(400) < 0.2
    once = selected_fraction(selected, weight)
    source = np.repeat(np.arange(400, dtype=np.uint64), 5)
    five = [np.repeat(selected, 5), np.repeat(weight, 5) / 5]
    assert selected_fraction(*five, source) == pytest.approx(once)
    assert selected_fraction(*five)[1] == pytest.approx(once[1] / math.sqrt(5))
    none = np.zeros(2000, bool)
    limit = selected_fraction(none, five[1], source)[1]
    assert limit == pytest.approx(selected_fraction(none[:400], weight)[1])


def test_what_would_not_come_back_is_refused():
    with pytest.raises(ValueError, match=r"letters, digits, - and _, got 'a\.b'"):
        WorkingPoint("a.b", 1.0, 0.1, 0.0, "x")
    with pytest.raises(ValueError, match="threshold of 'a' is inf"):
        WorkingPoint("a", math.inf, 0.1, 0.0, "x")
    with pytest.raises(UserError, match="have one name: tight, tight"):
        working_points_text([POINT, POINT])
    with pytest.raises(ValueError, match="'a' has threshold"):
        parse_working_points("a.threshold = 1.0\n")
