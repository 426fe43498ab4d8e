"""oddjet.features.FeatureSpec: its text, its differences, what it refuses."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oddjet.features import (
    FEATURE_VERSIONS,
    FeatureSpec,
)

pytestmark = pytest.mark.kernel


@given(
    st.builds(
        FeatureSpec,
        source=st.sampled_from(["particles", "towers"]),
        algorithm=st.sampled_from(["antikt", "kt", "cambridge_aachen"]),
        radius=st.floats(1e-3, 1000.0),
        num_constituents=st.integers(1, 500),
        features=st.lists(
            st.sampled_from(sorted(FEATURE_VERSIONS)), min_size=1, unique=True
        ).map(tuple),
    )
)
def test_text_round_trip(spec):
    assert FeatureSpec.from_text(spec.to_text()) == spec
    assert spec.differences(FeatureSpec.from_text(spec.to_text())) == []


def test_text_is_plain_lines():
    assert FeatureSpec().to_text() == (
        "source = particles\n"
        "algorithm = antikt\n"
        "radius = 0.8\n"
        "jet = leading\n"
        "num_constituents = 40\n"
        "features = delta_rapidity delta_azimuth log_pt log_pt_ratio log_energy "
        "log_energy_ratio delta_r\n"
        "versions = 1 1 1 1 1 1 1\n"
    )


def test_every_difference_is_a_sentence():
    one = FeatureSpec()
    other = FeatureSpec(radius=1.0, features=("log_pt",))
    assert one.differences(other) == [
        "radius is 0.8 here and 1.0 there",
        f"features is {' '.join(one.features)} here and log_pt there",
        "versions is 1 1 1 1 1 1 1 here and 1 there",
    ]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"source": "a b"}, "source must be a collection's name, got 'a b'"),
        ({"algorithm": "genkt"}, "algorithm must be one of antikt, .* got 'genkt'"),
        ({"radius": -0.1}, "radius must be > 0 and <= 1000, got -0.1"),
        ({"radius": math.nan}, "radius must be > 0 and <= 1000, got nan"),
        ({"jet": "second"}, "jet must be 'leading', got 'second'"),
        ({"num_constituents": 0}, "num_constituents must be >= 1, got 0"),
        ({"features": ()}, "at least one feature is needed"),
        ({"features": ("charge",)}, "unknown features charge; known are delta_az"),
        ({"features": ("log_pt", "log_pt")}, "a feature is named twice in log_pt, "),
        ({"versions": (1, 1)}, r"versions must be one per feature \(7\), got 2"),
    ],
)
def test_a_spec_that_no_kernel_could_compute_is_refused(changed, problem):
    with pytest.raises(ValueError, match=f"FeatureSpec: {problem}"):
        FeatureSpec(**changed)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("radius", "cone", "the text must have the keys source, .* got .*cone"),
        ("jet = leading\n", "", "the text must have the keys source,"),
        ("jet = leading", "source = x", "the line 'source = x' repeats a key"),
        ("jet = leading", "hello", "the line 'hello' is not `key = value`"),
        ("0.8", "large", "radius = large: could not convert string to float"),
        ("= 40", "= 4.5", "num_constituents = 4.5: invalid literal for int"),
        ("1 1 1", "1 a 1", "versions = 1 a 1 .*: invalid literal for int"),
    ],
)
def test_a_text_that_is_no_spec_is_refused(old, new, problem):
    text = FeatureSpec().to_text().replace(old, new, 1)
    with pytest.raises(ValueError, match=f"FeatureSpec: {problem}"):
        FeatureSpec.from_text(text)
