"""What the page of jet images says of a threshold, and of changes by copies."""

from __future__ import annotations

import pytest

from oddjet.studies.gains import efficiencies_of
from oddjet.studies.images_page import threshold
from oddjet.studies.mixed_page import null_answers
from oddjet.studies.repeats import summarised
from oddjet.studies.variants import effect_rows


def point(sensitivity, auc, variant="original"):
    rows = [
        {"auc": value, "accuracy": value - 0.1, "after_0.01": 1.0, "after_0.1": 2.0}
        for value in auc
    ]
    return {
        "sensitivity": sensitivity, "variant": variant, "summary": summarised(rows),
        "repeats": rows,
    }  # fmt: skip


NULL = point(0, [0.45, 0.55, 0.48, 0.52])


@pytest.mark.parametrize(
    ("points", "headline"),
    [
        ([NULL, point(1, [0.5, 0.52]), point(3, [0.7, 0.71])], "S/√B = 3"),
        ([NULL, point(1, [0.7, 0.71]), point(3, [0.8, 0.81])], "S/√B = 1"),
        # A lucky point below one that is not learnt is no threshold.
        ([NULL, point(1, [0.7, 0.71]), point(3, [0.5, 0.51])], "not learnt"),
        ([point(1, [0.7, 0.71])], "no band"),
        ([point(0, [0.5]), point(1, [0.7, 0.71])], "no band"),
    ],
)
def test_the_threshold_is_where_every_larger_signal_is_learnt(points, headline):
    assert threshold(points).headline == headline


def test_changes_are_paired_repeat_by_repeat():
    """The spread of the repeats is ten times that of the differences."""
    original = point(4, [0.5, 0.6, 0.7])
    copies = point(4, [0.52, 0.61, 0.73], variant="pt_literal")
    head, rows = effect_rows([original, copies], "sensitivity", "S/sqrt(B)")
    assert head[:4] == ["training sample", "S/sqrt(B)", "AUC", "change"]
    assert rows[0][3] == ""
    assert rows[1][0] == "pt literal"
    # Mean of 0.02, 0.01, 0.03, and 0.01 / sqrt(3).
    assert rows[1][3] == "+0.020 ± 0.006"
    assert effect_rows([original], "sensitivity", "S/sqrt(B)") is None


def test_efficiencies_are_in_the_order_of_cuts():
    assert efficiencies_of([NULL]) == ["0.1", "0.01"]


def mixture(fraction, pure, mixed):
    rows = [
        {"auc": one, "auc_mixtures": other}
        for one, other in zip(pure, mixed, strict=True)
    ]
    summary = summarised(rows)
    return {"fraction": fraction, "variant": "original", "summary": summary}


@pytest.mark.parametrize(
    ("pure", "mixed", "headlines"),
    [
        (
            [0.4, 0.6, 0.45, 0.56],
            [0.51, 0.49, 0.5, 0.5],
            ["nothing learnt at f1 = 0.5"],
        ),
        # The mixtures are told apart: they differ in more than the signal.
        ([0.4, 0.6, 0.45, 0.56], [0.55, 0.56, 0.54, 0.55], ["not one half"]),
        ([0.7, 0.71, 0.7, 0.69], [0.51, 0.49, 0.5, 0.5], ["not one half"]),
        ([0.7], [0.5], []),
    ],
)  # fmt: skip
def test_at_one_half_nothing_may_be_learnt(pure, mixed, headlines):
    points = [mixture(0.5, pure, mixed), mixture(1.0, [0.9] * 2, [0.9] * 2)]
    assert [one.headline for one in null_answers(points)] == headlines
    assert null_answers(points[1:]) == []
