"""From points of a CLs curve to a limit, or to none."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import pytest

from oddjet.campaigns.campaign import Outcome
from oddjet.searches.dijet_injections import Injection
from oddjet.searches.dijet_limits import injection_results
from oddjet.stats.bump_hunt import Window


def curve(directory, points):
    """Results of one signal; a point without CLs failed with the text in its place."""
    hunt = SimpleNamespace(
        window=Window(2600.0, 3200.0), features="mass", template="salad",
        efficiency=0.1, kind=("mass", "salad", 0.1),
    )  # fmt: skip
    wanted = SimpleNamespace(slack=0.01, events_per_pb=10.0)
    config = SimpleNamespace(injections={"bump": wanted})
    done = []
    for number, (events, cls) in enumerate(points):
        hunted, tested = directory / f"hunt-{number}", directory / f"cls-{number}"
        for place in (hunted, tested):
            place.mkdir()
        (hunted / "hunt.json").write_text(json.dumps({"significance": 1.0}))
        failed = cls if isinstance(cls, str) else None
        if failed is None:
            found = {"cls": cls, "cls_expected": [cls / 2, cls, cls, cls, 0.9]}
            (tested / "point.json").write_text(json.dumps(found))
        injection = Injection("bump", events, False, hunt, hunt, None)
        done.append((injection, Outcome(hunted, None), Outcome(tested, failed)))
    (found,) = injection_results(config, done)
    return found["limit"]


def test_a_curve_that_crosses(tmp_path):
    limit = curve(tmp_path, [(10, 0.5), (20, 0.05), (30, 0.001)])
    assert limit["events"] == pytest.approx(20)
    assert limit["cross_section_pb"] == pytest.approx(2)
    assert limit["reason"] is None
    assert limit["expected_events"][0] < limit["expected_events"][1]
    assert limit["expected_events"][4] is None


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ([(10, 0.9), (20, 0.3)], "CLs never falls to 0.05: it is 0.3"),
        ([(10, 0.3), (20, 0.04), (30, 0.4)], "CLs is not monotonic"),
        ([(10, 0.9), (20, "no fit")], "never falls .* of 20 events: no fit"),
        ([(10, "too few events")], "two points or more.* of 10 events: too few"),
    ],
)
def test_a_curve_without_a_limit_says_why(tmp_path, points, reason):
    limit = curve(tmp_path, points)
    assert limit["events"] is None
    assert limit["cross_section_pb"] is None
    assert re.search(reason, limit["reason"])


def test_a_hole_in_a_curve_that_crosses_is_bridged(tmp_path):
    limit = curve(tmp_path, [(10, 0.5), (20, "no fit"), (30, 0.005)])
    assert 10 < limit["events"] < 30
