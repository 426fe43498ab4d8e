"""The verdict of a hunting study: known, not known, or not to be said."""

from __future__ import annotations

import pytest

from oddjet.studies.hunting_page import _verdict


@pytest.mark.parametrize(
    ("value", "error", "found", "kind"),
    [
        (0.77, 0.01, True, "alarm"),
        (0.50, 0.01, False, "compatible"),
        (0.50, 0.14, False, "undetermined"),
        (0.90, 0.14, True, "undetermined"),
    ],
)
def test_a_verdict_rests_on_enough_events(value, error, found, kind):
    one = {
        "features": ["pt_h1"], "auc": {"value": value, "error": error}, "found": found,
    }  # fmt: skip
    answer = _verdict({"used": ["pt_h1"], "rounds": [one]}, "mass_hh")
    assert answer.kind == kind
