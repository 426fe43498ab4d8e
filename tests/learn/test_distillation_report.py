"""What is said of a student's selection."""

from __future__ import annotations

import math

import pytest

from oddjet.learn.distillation_report import DistillationReport, PowerKept


@pytest.mark.parametrize(
    ("kept", "said"), [(0.8, "keeps 80.0% ± 2.0%"), (math.nan, "nothing to keep")]
)
def test_a_teacher_that_selects_nothing_leaves_no_number(kept, said):
    point = PowerKept("1e-3", 0.0, 0.0, kept, 0.02, kept, math.nan, math.nan)
    text = str(DistillationReport(100, 0.5, 50.0, (point,)))
    assert said in text
    assert "nan" not in text
