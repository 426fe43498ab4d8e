"""What an analyst sees of selected jets: literal sums, and a page that shows them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from oddjet.features import FeatureSpec, event_tensors
from oddjet.io import read
from oddjet.searches import MonoJet, MonoJetConfig
from oddjet.searches.observables import (
    OBSERVABLES,
    jet_observables,
    read_observables,
)
from toy_collisions import toy_events


def test_observables_are_sums_over_constituents() -> None:
    spec = FeatureSpec(num_constituents=10)
    events = toy_events(30, 10, seed=4)
    values, mask, _ = event_tensors(events.particles, spec)
    kinematics = np.arange(120.0).reshape(40, 3)
    found = jet_observables(values, mask, spec.features, kinematics)
    for jet in range(40):
        rows = values[jet][mask[jet]].astype(float)
        z = np.exp(rows[:, spec.features.index("log_pt_ratio")])
        delta_r = rows[:, spec.features.index("delta_r")]
        assert found["constituents"][jet] == len(rows)
        assert found["leading_fraction"][jet] == pytest.approx(max(z), rel=1e-5)
        dispersion = np.sqrt(sum(z**2))
        assert found["pt_dispersion"][jet] == pytest.approx(dispersion, rel=1e-5)
        assert found["width"][jet] == pytest.approx(sum(z * delta_r), rel=1e-5)
    np.testing.assert_array_equal(found["recoil"], kinematics[:, 2])


def test_jets_without_constituents_have_zeros() -> None:
    spec = FeatureSpec(num_constituents=3)
    values = np.zeros((2, 3, len(spec.features)), np.float32)
    found = jet_observables(values, np.zeros((2, 3), bool), spec.features, None)
    assert all((column == 0).all() for column in found.values())
    assert "jet_pt" not in found


def test_the_page_sets_selected_beside_rejected_jets(
    samples: Path, config: MonoJetConfig, tmp_path: Path
) -> None:
    result = MonoJet(config).run(
        signal_region=samples / "sr.parquet",
        control_region=samples / "cr.parquet",
        directory=tmp_path,
    )
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "Selected and rejected jets" in page
    number = round(result.results["counts"]["n_sr"])
    assert f"The {number} jets of the signal region above" in page
    table = read_observables(tmp_path / "stages" / "observables" / OBSERVABLES)
    assert len(table["width"]) == result.results["counts"]["n_sr_total"]


def test_a_closed_region_has_no_observables(
    samples: Path, config: MonoJetConfig, tmp_path: Path
) -> None:
    data = read(samples / "sr.parquet")
    MonoJet(config).run(
        signal_region=type(data)(data.array, role="data"),
        control_region=samples / "cr.parquet",
        directory=tmp_path,
    )
    table = read_observables(tmp_path / "stages" / "observables" / OBSERVABLES)
    assert table == {}
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "Selected and rejected" not in page
