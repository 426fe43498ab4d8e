from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from oddjet.report.limit_figures import exclusion_figure, limit_figure
from oddjet.stats.abcd_limits import AbcdLimit
from oddjet.stats.exclusion import GridPoint


def point(mass: float, r_inv: float, limit: float | None) -> GridPoint:
    if limit is None:
        return GridPoint(mass, r_inv, AbcdLimit("not_determined", "no signal"))
    band = tuple(limit * f for f in (0.5, 0.7, 1.0, 1.4, 2.0))
    return GridPoint(mass, r_inv, AbcdLimit("ok", None, 1.2 * limit, band, 0.0, 0.1))


def test_limits_and_their_bands(drawn: list[Any]) -> None:
    points = [point(2000, 0.3, 2.0), point(1000, 0.3, 0.5), point(3000, 0.3, None)]
    limit_figure(points)
    (axes,) = drawn[0].axes
    expected, observed = axes.lines[:2]
    np.testing.assert_allclose(expected.get_xydata()[:2], [[1000, 0.5], [2000, 2.0]])
    np.testing.assert_allclose(observed.get_ydata()[:2], [0.6, 2.4])
    assert np.isnan(observed.get_ydata()[2])
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["2 s.d.", "1 s.d.", "expected", "observed"]
    with pytest.raises(ValueError, match="one r_inv with an expected limit"):
        limit_figure([point(1000, 0.3, 1.0), point(1000, 0.5, 1.0)])
    with pytest.raises(ValueError, match="one r_inv with an expected limit"):
        limit_figure([point(1000, 0.3, None)])


def test_exclusion_is_where_the_limit_is_one(drawn: list[Any]) -> None:
    """Between 0.1 and 10 log limit crosses zero halfway."""
    points = [
        point(mass, r_inv, limit)
        for mass, limit in ((1000, 0.1), (3000, 10.0))
        for r_inv in (0.2, 0.6)
    ]
    exclusion_figure(points)
    axes = drawn[0].axes[0]
    contours = [c for c in axes.collections if hasattr(c, "allsegs")]
    observed, expected = (np.vstack(c.allsegs[0]) for c in contours)
    np.testing.assert_allclose(expected[:, 0], 2000)
    assert (observed[:, 0] < 2000).all()
    with pytest.raises(ValueError, match="3 points are no grid of 2 masses and 2"):
        exclusion_figure(points[:3])
