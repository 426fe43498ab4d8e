from __future__ import annotations

import re
import sys
from typing import Any

import numpy as np
import pytest

from oddjet.report import figures
from oddjet.report.figures import loss_figure, score_figure, truth_figure
from oddjet.report.markup import Html
from oddjet.report.score_histogram import score_edges, score_histogram
from oddjet.runs.errors import MissingExtra

EDGES = np.array([0.0, 0.5, 1.0, 1.5, 2.0])


def _histogram(*values: int) -> Any:
    centres = 0.5 * (EDGES[:-1] + EDGES[1:])
    return score_histogram(np.repeat(centres, values), EDGES)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The matplotlib figures behind the SVG that is returned."""
    kept: list[Any] = []
    draw_svg = figures.draw_svg

    def keep(name: str, draw: Any, **options: Any) -> Html:
        def draw_and_keep(figure: Any) -> None:
            draw(figure)
            kept.append(figure)

        return draw_svg(name, draw_and_keep, **options)

    monkeypatch.setattr(figures, "draw_svg", keep)
    return kept


def _labels(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_the_score_figure_shows_the_counts(drawn: list[Any]) -> None:
    score_figure(_histogram(80, 16, 4, 0), _histogram(40, 8, 0, 2), threshold=1.0)
    scores, ratio = drawn[0].axes
    assert _labels(scores) == [
        "signal region",
        "control region, scaled",
        "regions alike: $10^{-s}$",
        "threshold: 1.00",
    ]
    points = scores.containers[-1].lines[0]
    np.testing.assert_array_equal(points.get_xdata(), [0.25, 0.75, 1.75])
    np.testing.assert_array_equal(points.get_ydata(), [40, 8, 2])
    # The control region is scaled by 50 / 100; where it is empty there is no ratio.
    ratios = ratio.containers[-1].lines[0]
    np.testing.assert_array_equal(ratios.get_xdata(), [0.25, 0.75])
    np.testing.assert_allclose(ratios.get_ydata(), [1.0, 1.0])
    assert scores.get_yscale() == "log"
    label = r"calibrated score: $-\log_{10}$(control-region efficiency)"
    assert ratio.get_xlabel() == label


def test_error_bars_are_poisson_intervals(drawn: list[Any]) -> None:
    score_figure(_histogram(80, 16, 4, 1), _histogram(100, 9, 1, 0), threshold=1.0)
    bars = drawn[0].axes[0].containers[-1].lines[2][0].get_segments()
    # Garwood, 68.27 %: 1 (+2.30, -0.83), 9 (+4.11, -2.94), 100 (+11.03, -9.98).
    ends = [(low[1], high[1]) for low, high in bars]
    expected = [(90.02, 111.03), (6.06, 13.11), (0.173, 3.300)]
    np.testing.assert_allclose(ends, expected, rtol=2e-3)


def test_without_signal_region_only_the_control_region_is_drawn(
    drawn: list[Any],
) -> None:
    made = score_figure(_histogram(80, 16, 4, 1), None, threshold=1.0)
    assert len(drawn[0].axes) == 1
    assert "signal" not in " ".join(_labels(drawn[0].axes[0]))
    assert "signal" not in made


def test_a_signal_region_without_a_single_score_is_no_crash() -> None:
    nothing = _histogram(0, 0, 0, 0)
    made = score_figure(_histogram(1, 0, 0, 0), nothing, threshold=None)
    assert made.startswith("<svg ")


def test_negative_weights_are_no_crash() -> None:
    scores = np.array([0.1, 0.6, 1.2])
    histogram = score_histogram(scores, EDGES, np.array([2.0, -1.0, 3.0]))
    assert score_figure(histogram, histogram, threshold=1.0).startswith("<svg ")


def test_truth_is_labelled_and_the_rarest_lies_lowest(drawn: list[Any]) -> None:
    processes = {"zjet": _histogram(80, 16, 4, 0), "svj": _histogram(0, 0, 3, 5)}
    truth_figure(processes, threshold=1.0)
    (axes,) = drawn[0].axes
    assert axes.get_title(loc="left") == "Simulation truth, not used by the search"
    assert _labels(axes) == ["zjet (100)", "svj (8)", "threshold: 1.00"]


def test_the_loss_of_every_fold_is_drawn(drawn: list[Any]) -> None:
    loss_figure([[0.7, 0.69, 0.68], [0.71, 0.7], [0.7]])
    (axes,) = drawn[0].axes
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [0.7, 0.69, 0.68])
    np.testing.assert_array_equal(axes.lines[1].get_xdata(), [1, 2])
    assert _labels(axes) == ["fold 0", "fold 1", "fold 2", "ln 2: no separation"]


def test_many_folds_share_one_colour(drawn: list[Any]) -> None:
    loss_figure([[0.7, 0.69]] * 25)
    assert _labels(drawn[0].axes[0]) == ["ln 2: no separation"]


def test_figures_are_the_same_bytes_and_have_no_ids_in_common() -> None:
    histogram = _histogram(80, 16, 4, 1)
    first = score_figure(histogram, histogram, threshold=1.0)
    truth = truth_figure({"zjet": histogram}, threshold=1.0)
    assert first == score_figure(histogram, histogram, threshold=1.0)
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (first, truth)]
    assert not ids[0] & ids[1]
    for svg, own in zip((first, truth), ids, strict=True):
        assert set(re.findall(r'href="#([^"]+)"', svg)) <= own
        assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= own


def test_figures_take_the_colours_of_the_page() -> None:
    histogram = _histogram(80, 16, 4, 1)
    svg = score_figure(histogram, histogram, threshold=1.0)
    for name in ("ink", "muted", "accent", "control"):
        assert f"var(--{name})" in svg
    # Nothing that only white paper could carry.
    assert not re.findall(r"#[0-9a-f]{6}\b(?=[;\"])", svg)


def test_figures_are_small() -> None:
    scores = np.random.default_rng(1).exponential(0.43, size=100_000)
    edges = score_edges([scores], 3.0)
    histogram = score_histogram(scores, edges)
    assert len(score_figure(histogram, histogram, threshold=3.0)) < 200_000


def test_missing_matplotlib_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(
        MissingExtra, match=r'matplotlib.*pip install "oddjet\[report\]'
    ):
        loss_figure([[0.7, 0.6]])
