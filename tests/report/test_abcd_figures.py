from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from oddjet.report.abcd_figures import (
    contamination_figure,
    multiplier_figure,
    process_closure_figure,
    stability_figure,
    working_point_figure,
)
from oddjet.stats.abcd import closure_tests_of_processes
from oddjet.stats.abcd_scan import WorkingPointScan
from oddjet.stats.region_yields import FourRegions, RegionYields

CUTS = np.array([0.2, 0.4, 0.6])


def scan_of(chosen: tuple[int, int] | None = (2, 1)) -> WorkingPointScan:
    table = np.arange(9.0).reshape(3, 3)
    table[0, 0] = np.nan
    rules = {"some rule": np.arange(9).reshape(3, 3) > 4}
    metrics = {
        "significance": table,
        "non_closure": table / 100,
        "contamination": table / 10,
    }
    return WorkingPointScan(
        "not_determined" if chosen is None else "ok",
        CUTS,
        metrics,
        rules,
        chosen,
        "no point is allowed",
    )


def test_closure_of_processes(drawn: list[Any]) -> None:
    good = RegionYields.of_counts(FourRegions(100, 120, 100, 100))
    empty = RegionYields.of_counts(FourRegions(0, 10, 10, 10))
    process_closure_figure(closure_tests_of_processes({"QCD": good, "top": empty}))
    (axes,) = drawn[0].axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["QCD", "top", "total"]
    points = [each.lines[0].get_xydata()[0] for each in axes.containers]
    np.testing.assert_allclose(points, [[20.0, 0.0], [30.0, 2.0]])
    assert [text.get_text() for text in axes.texts] == ["not determined"]


def test_stability_shows_one_boundary_at_a_time(drawn: list[Any]) -> None:
    stability_figure(scan_of())
    lines = drawn[0].axes[0].lines
    np.testing.assert_allclose(lines[1].get_ydata(), [1, 4, 7])  # X moves, Y = 0.4
    np.testing.assert_allclose(lines[3].get_ydata(), [6, 7, 8])  # Y moves, X = 0.6
    for marked, cut in ((lines[2], 0.6), (lines[4], 0.4)):
        np.testing.assert_allclose(marked.get_xydata(), [[cut, 7]])
    with pytest.raises(ValueError, match=r"no chosen .* no point is allowed"):
        stability_figure(scan_of(None))


def test_maps_have_x_along_the_abscissa(drawn: list[Any]) -> None:
    working_point_figure(scan_of())
    contamination_figure(scan_of(None), largest=0.35)
    axes = drawn[0].axes[0]
    shown = axes.collections[0].get_array()
    assert shown[1, 2] == 7  # row: cut on Y, column: cut on X
    assert shown.mask[0, 0]
    np.testing.assert_allclose(axes.lines[0].get_xydata(), [[0.6, 0.4]])
    hatched = [c for c in axes.collections if getattr(c, "hatches", [None])[0]]
    assert len(hatched) == 1
    other = drawn[1].axes[0]
    assert len(other.lines) == 0  # nothing is chosen
    levels = [getattr(each, "levels", None) for each in other.collections]
    assert [0.35] in [list(each) for each in levels if each is not None]


def test_multipliers_and_their_terms(drawn: list[Any]) -> None:
    multiplier_figure({"R": [0.0, 0.2]}, {"R": [0.3, 0.06]}, {"R": 0.03})
    above, below = drawn[0].axes
    np.testing.assert_allclose(above.lines[0].get_xydata(), [[1, 0.0], [2, 0.2]])
    np.testing.assert_allclose(below.lines[0].get_ydata(), [10, 2])


def test_figures_are_the_same_bytes_every_time() -> None:
    assert working_point_figure(scan_of()) == working_point_figure(scan_of())
