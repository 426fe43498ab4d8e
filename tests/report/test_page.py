"""The page of a study: self-contained, and figures that stand on thin samples."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from oddjet.report.markup import table
from oddjet.report.page import (
    Page,
    Section,
    figure,
    write_page,
)
from oddjet.report.study_figures import (
    class_score_figure,
    comparison_figure,
    sensitivity_figure,
)
from oddjet.report.wording import Answer


def scores(size: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).beta(40, 40, size).astype(np.float32)


def test_a_page_says_what_it_was_given_and_escapes_it(tmp_path: Path) -> None:
    svg = sensitivity_figure([0, 10], [0.1, 4.0], [-1, 3.0], [1, 5.0], [3.0])
    report = Page(
        title="A < B",
        introduction="1 < 2",
        answers=[Answer("compatible", "alike", "p = 0.5")],
        sections=[
            Section("Numbers", [table(("x",), [("1",)], caption="c"), "x < y"]),
            Section("Curve", [figure(svg, "a caption")]),
        ],
        config_yaml="study: sensitivity\n",
    )
    paths = [tmp_path / "a.html", tmp_path / "b.html"]
    for path in paths:
        write_page(path, report)
    page = paths[0].read_text("utf-8")
    assert page == paths[1].read_text("utf-8")
    assert "<h1>A &lt; B</h1>" in page
    assert "<p>x &lt; y</p>" in page
    assert "study: sensitivity" in page
    assert re.findall(r"https?://[^\"<\s]*", page) == []


def test_scores_of_classes_with_and_without_a_signal() -> None:
    alone = class_score_figure(
        "null", {"z": scores(50, 1)}, scores(50, 2), rest="z", thresholds=[0.6]
    )
    both = class_score_figure(
        "mixture",
        {"z": scores(50, 1), "signal": np.array([0.9, np.nan])},
        scores(50, 2),
        rest="z",
        thresholds=[0.6, 0.61],
    )
    # Colours of the paper: background red, signal blue.
    assert "#d62728" in alone
    assert "#1f77b4" not in alone
    assert "#1f77b4" in both


def test_observables_of_one_value_and_of_weighted_jets() -> None:
    constant = {"constituents": np.full(3, 7.0), "width": np.full(3, 0.1)}
    others = {"constituents": np.full(9, 7.0), "width": np.full(9, 0.1)}
    weights = (np.ones(3), np.linspace(0.5, 1.5, 9))
    assert comparison_figure("a", constant, others).startswith("<svg")
    assert comparison_figure("b", constant, others, weights).startswith("<svg")
