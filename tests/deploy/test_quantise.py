from __future__ import annotations

import numpy as np
import pytest

from oddjet.deploy.bundle import model_bytes, read_bundle, write_bundle
from oddjet.deploy.calibration import CalibrationTable
from oddjet.deploy.edge_conv_graph import EdgeConvDesign, edge_conv_graph
from oddjet.deploy.quantise import WorkingPointChange, quantise
from oddjet.deploy.runtime import JetSession
from oddjet.deploy.scorer import Scorer
from oddjet.deploy.working_points import WorkingPoint
from oddjet.runs.errors import UserError
from toy_jets import toy_jets, toy_weights

COUNT = 1500


@pytest.fixture(scope="module")
def jets():
    return toy_jets(COUNT, seed=3, sizes=(0, 12))


@pytest.fixture(scope="module")
def graph():
    weights = [toy_weights(((16, 16), (16, 16)), (8,), seed=seed) for seed in (1, 2)]
    random = np.random.default_rng(0)
    tables = [CalibrationTable.from_control(random.normal(size=300)) for _ in range(2)]
    return edge_conv_graph(weights, EdgeConvDesign(3, 0.1, (0, 1)), tables)


@pytest.fixture(scope="module")
def threshold(graph, jets):
    """What half of the jets pass: where many are close to it."""
    score, _ = JetSession(model_bytes(graph), "cpu").run(*jets)
    return float(np.nanmedian(score))


@pytest.fixture(scope="module")
def model(tmp_path_factory, spec, graph, threshold):
    path = tmp_path_factory.mktemp("int8") / "model.onnx"
    write_bundle(
        path,
        graph,
        spec=spec,
        folds=2,
        provenance={"training": {"epochs": 3}},
        working_points=[WorkingPoint("some", threshold, 0.5, 0.01, "toys")],
    )
    return path


@pytest.fixture(scope="module")
def quantised(model, jets):
    path = model.with_name("int8.onnx")
    return path, quantise(model, *jets, path, anyway=True)


def test_eight_bits_change_scores_a_little_and_the_report_says_how_much(
    model, jets, quantised, threshold
):
    path, report = quantised
    before, _ = Scorer(model, "cpu").score_tensors(*jets)
    after, _ = Scorer(path, "cpu").score_tensors(*jets)
    assert (np.isnan(before) == np.isnan(after)).all()
    change = np.abs(after - before)[~np.isnan(before)]
    assert 0 < change.mean() < 0.1 * np.nanstd(before)
    assert report.largest_change <= change.max()
    assert report.mean_change == pytest.approx(change.mean(), rel=0.2)
    (point,) = report.working_points
    assert point.efficiency == pytest.approx(np.mean(before > threshold), abs=0.05)
    assert 0.8 < point.in_common <= 1
    # Two layers of messages a block beyond the first, in both blocks and folds.
    assert report.layers == 2 * 2


def test_a_quantised_model_says_so_and_where_it_is_from(model, quantised):
    path, _ = quantised
    bundle, origin = read_bundle(path), read_bundle(model)
    assert bundle.provenance["precision"] == "int8"
    assert bundle.provenance["origin"] == origin.digest
    assert bundle.working_points == origin.working_points
    assert len(bundle.model) != len(origin.model)


def test_a_score_does_not_depend_on_the_batch(jets, quantised):
    values, mask = jets
    scorer = Scorer(quantised[0], "cpu")
    together, _ = scorer.score_tensors(values, mask)
    values = values.copy()
    values[::2] *= 50  # others of its batch change beyond all scales
    changed, _ = scorer.score_tensors(values, mask)
    assert changed[1::2].tobytes() == together[1::2].tobytes()
    assert changed[::2].tobytes() != together[::2].tobytes()


def test_a_model_that_would_select_others_is_not_written(
    model, jets, tmp_path, monkeypatch
):
    monkeypatch.setattr("oddjet.deploy.quantise.EFFICIENCY_CHANGE", 0.0)
    monkeypatch.setattr("oddjet.deploy.quantise.IN_COMMON", 1.0)
    path = tmp_path / "bad.onnx"
    with pytest.raises(
        UserError, match=r"in eight bits .* at some, .* of it in common"
    ):
        quantise(model, *jets, path)
    assert not path.exists()


def test_rules_of_a_working_point():
    def change(efficiency, quantised, in_common):
        return WorkingPointChange("a", efficiency, quantised, in_common).acceptable

    assert change(0.1, 0.1049, 0.951)
    assert not change(0.1, 0.1051, 0.99)
    assert not change(0.1, 0.0949, 0.99)
    assert not change(0.1, 0.1, 0.949)
    assert change(0.0, 0.0, 1.0)


def test_too_few_jets_are_refused(model, jets, tmp_path):
    few = [part[:300] for part in jets]
    with pytest.raises(UserError, match="at least 400 jets with constituents"):
        quantise(model, *few, tmp_path / "x.onnx")
