"""The text that says which trees a model reads."""

from __future__ import annotations

import math

import pytest

from oddjet.features import LundSpec
from oddjet.learn.models.lund_config import LundNetConfig, LundTreeConfig


@pytest.mark.parametrize(
    "spec",
    [
        LundSpec(),
        LundSpec(abs_eta_max=math.inf, num_jets=1, radius=1, plane="primary"),
        LundNetConfig.cms().tree.spec(source="towers", pt_min_gev=1 / 3),
        LundTreeConfig(variables=3, kt_min_gev=1.5, psi="atan2").spec(),
    ],
)
def test_text_comes_back(spec):
    assert LundSpec.from_text(spec.to_text()) == spec
    assert all(" = " in line for line in spec.to_text().splitlines())


def test_it_says_what_the_configuration_says():
    config = LundNetConfig.cms().tree
    spec = config.spec()
    for name in ("names", "plane", "kt_min_gev", "psi", "below_kt", "leaves"):
        assert getattr(spec, name) == getattr(config, name)
    assert spec.logarithms == config.logarithms


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"plane": "other"}, "plane must be primary or full, got 'other'"),
        ({"psi": "angle"}, "psi must be"),
        ({"below_kt": "stop"}, "below_kt must be"),
        ({"kt_min_gev": -1}, "kt_min_gev must be >= 0 and finite"),
        ({"kt_min_gev": math.nan}, "kt_min_gev must be >= 0 and finite"),
        ({"pt_min_gev": math.inf}, "pt_min_gev must be >= 0 and finite"),
        ({"abs_eta_max": 0}, "abs_eta_max must be > 0"),
        ({"num_jets": 0}, "num_jets must be >= 1"),
        ({"radius": -1}, "radius must be > 0"),
        ({"algorithm": "cone"}, "algorithm must be one of"),
        ({"source": "a b"}, "source must be a collection's name"),
        ({"variables": ()}, "variables must be different ones"),
        ({"variables": ("ln_z", "kt")}, "variables must be different ones"),
        ({"variables": ("ln_z", "ln_z")}, "variables must be different ones"),
        ({"leaves": True}, "they need variables without logarithms"),
    ],
)
def test_what_no_tree_has_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        LundSpec(**values)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("leaves = false", "leaves = maybe", "leaves = maybe"),
        ("num_jets = 2", "num_jets = two", "num_jets = two"),
        ("version = 1\n", "", "must have the keys"),
        ("version = 1\n", "version = 1\nversion = 1\n", "repeats a key"),
    ],
)
def test_text_that_is_wrong_is_refused(old, new, message):
    text = LundSpec().to_text()
    assert old in text
    with pytest.raises(ValueError, match=f"LundSpec: .*{message}"):
        LundSpec.from_text(text.replace(old, new))
