from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from oddjet.deploy.bundle import model_bytes, read_bundle, write_bundle
from oddjet.deploy.calibration import CalibrationTable
from oddjet.deploy.calibration_graph import calibration_in, replace_calibration
from oddjet.deploy.edge_conv_graph import EdgeConvDesign, edge_conv_graph
from oddjet.deploy.half_graph import half_graph
from oddjet.deploy.matched_logits import match_calibration, match_logits
from oddjet.deploy.message_layers import message_layers
from oddjet.deploy.precision import reduce_precision, require_fitting_provider
from oddjet.deploy.precision_report import WorkingPointChange, compare_scores
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


@pytest.fixture
def moved(graph):
    """The same network with other logits: 1.3 times as far, and less by 0.4."""
    changed = onnx.GraphProto()
    changed.CopyFrom(graph)
    changed.ClearField("doc_string")
    for constant in changed.initializer:
        value = numpy_helper.to_array(constant)
        if value.shape == (8, 1):  # the last map of each network
            constant.CopyFrom(numpy_helper.from_array(1.3 * value, constant.name))
        elif value.shape == (1,) and value.dtype == np.float32:
            constant.CopyFrom(numpy_helper.from_array(value - 0.4, constant.name))
    return changed


def test_tables_of_a_graph_are_found_and_replaced(graph, moved, jets):
    raw, tables = calibration_in(graph)
    assert raw in {name for node in graph.node for name in node.output}
    replace_calibration(moved, [table.moved(table.raw + 50) for table in tables])
    _, found = calibration_in(moved)
    for table, other in zip(tables, found, strict=True):
        np.testing.assert_allclose(other.raw, table.raw + 50)
        np.testing.assert_array_equal(other.value, table.value)
        np.testing.assert_allclose(other.slope, table.slope, rtol=1e-6)
    below, _ = JetSession(model_bytes(moved), "cpu").run(*jets)
    assert np.nanmax(below) < min(table.value[0] for table in tables)


def test_fewer_knots_leave_the_other_folds_where_they_are(graph, moved):
    _, (first, second) = calibration_in(graph)
    fewer = first.moved(np.where(first.raw < first.raw[-3], first.raw[-3], first.raw))
    assert len(fewer.raw) == 3
    replace_calibration(moved, [fewer, second])
    _, (found, other) = calibration_in(moved)
    np.testing.assert_array_equal(found.raw, fewer.raw)
    np.testing.assert_array_equal(other.raw, second.raw)
    np.testing.assert_allclose(other.slope, second.slope)


def test_a_calibrated_score_means_the_same_fraction_again(model, graph, moved, jets):
    original = onnx.load(model)
    values, mask = (part[mask_of(jets)] for part in jets)
    expected, _ = JetSession(model_bytes(graph), "cpu").run(values, mask)
    there, _ = JetSession(model_bytes(moved), "cpu").run(values, mask)
    match_calibration(original, moved, read_bundle(model), values, mask)
    found, _ = JetSession(model_bytes(moved), "cpu").run(values, mask)
    highest = np.sort(expected)[::-1]
    # In one of the folds a few of them are above the ranks that decide.
    inside = (expected > highest[len(values) // 2 - 5]) & (expected < highest[40])
    assert inside.sum() > 50
    assert np.abs(there - expected)[inside].mean() > 0.1
    assert np.abs(found - expected)[inside].mean() < 0.01
    for rank in (40, 80):
        assert np.mean(found > highest[rank]) == pytest.approx(
            rank / len(values), abs=0.01
        )


def test_logits_that_moved_are_brought_back(model, graph, moved, jets):
    original = onnx.load(model)
    values, mask = (part[mask_of(jets)][:300] for part in jets)
    expected, _ = JetSession(model_bytes(graph), "cpu").run(*jets)
    there, _ = JetSession(model_bytes(moved), "cpu").run(*jets)
    assert np.nanmax(np.abs(there - expected)) > 0.1
    match_logits(original, moved, read_bundle(model), values, mask)
    found, _ = JetSession(model_bytes(moved), "cpu").run(*jets)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.fixture(scope="module")
def quantised(model, jets):
    path = model.with_name("int8.onnx")
    return path, reduce_precision(model, *jets, path, anyway=True)


def mask_of(jets):
    return jets[1].any(axis=1)


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
    scored = int(mask_of(jets).sum())
    # 200 fix the scales, and with a quarter of those to spare the logits.
    assert report.events == scored - 200 - (scored - 400) // 4
    assert np.isnan(report.auc)
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
    monkeypatch.setattr("oddjet.deploy.precision_report.EFFICIENCY_CHANGE", 0.0)
    monkeypatch.setattr("oddjet.deploy.precision_report.IN_COMMON", 1.0)
    path = tmp_path / "bad.onnx"
    with pytest.raises(
        UserError, match=r"in int8 .* would select others: some: .* in common"
    ):
        reduce_precision(model, *jets, path)
    assert not path.exists()


def test_rules_of_a_working_point():
    def change(efficiency, reduced, in_common):
        return WorkingPointChange("a", 100, efficiency, reduced, in_common).acceptable

    assert change(0.1, 0.1049, 0.951)
    assert not change(0.1, 0.1051, 0.99)
    assert not change(0.1, 0.0949, 0.99)
    assert not change(0.1, 0.1, 0.949)
    assert change(0.0, 0.0, 1.0)


def test_too_few_selected_events_are_no_verdict():
    before = np.arange(1000.0)
    after = before.copy()
    after[995:] = 0
    points = [WorkingPoint("loose", 499.5, 0.5, 0.1, "x")]
    points.append(WorkingPoint("tight", 989.5, 0.01, 0.1, "x"))
    report = compare_scores(before, after, points, precision="int8", layers=1)
    loose, tight = report.working_points
    assert (loose.selected, tight.selected) == (500, 10)
    assert tight.in_common == 0.5
    assert not tight.acceptable
    assert report.unacceptable == []
    assert "not judged, only 10 events" in str(report)


def test_the_area_under_the_curve_and_background_efficiency():
    random = np.random.default_rng(2)
    is_signal = random.random(4000) < 0.5
    weight = random.exponential(size=4000)
    before = random.normal(size=4000) + 2.0 * is_signal
    after = before + random.normal(0, 0.3, 4000)
    points = [WorkingPoint("one", 1.0, 0.1, 0.1, "x")]
    report = compare_scores(
        before,
        after,
        points,
        precision="int8",
        layers=1,
        weight=weight,
        is_signal=is_signal,
    )
    pairs = before[is_signal][:, None] > before[~is_signal]
    both = weight[is_signal][:, None] * weight[~is_signal]
    assert report.auc == pytest.approx((pairs * both).sum() / both.sum(), abs=1e-9)
    assert -0.02 < report.auc_change < 0
    (point,) = report.working_points
    counted = weight * ~is_signal
    expected = counted[before > 1].sum() / counted.sum()
    assert point.efficiency == pytest.approx(expected)
    assert "AUC" in str(report)


def test_too_few_jets_are_refused(model, jets, tmp_path):
    few = [part[:300] for part in jets]
    with pytest.raises(UserError, match="at least 400 jets with constituents"):
        reduce_precision(model, *few, tmp_path / "x.onnx")


def test_a_model_without_messages_is_refused(tmp_path, spec, jets):
    from oddjet.deploy.deep_sets_graph import deep_sets_graph

    random = np.random.default_rng(1)
    shapes = {"particle.0": (4, 7), "dense.0": (4, 5), "output": (1, 4)}
    weights = {f"{n}.weight": random.normal(size=s) for n, s in shapes.items()}
    weights |= {f"{n}.bias": np.zeros(s[0]) for n, s in shapes.items()}
    weights |= {"feature_mean": np.zeros(7), "feature_scale": np.ones(7)}
    floats = {name: value.astype(np.float32) for name, value in weights.items()}
    path = tmp_path / "sets.onnx"
    write_bundle(path, deep_sets_graph(floats), spec=spec, folds=1, provenance={})
    with pytest.raises(UserError, match="no messages between particles, which int8"):
        reduce_precision(path, *jets, tmp_path / "x.onnx")


def test_half_precision_is_close_and_only_in_messages(model, jets, tmp_path):
    """On a processor, which computes float16 by way of float32: the same numbers."""
    import onnx

    path = tmp_path / "half.onnx"
    report = reduce_precision(model, *jets, path, precision="fp16", anyway=True)
    before, _ = Scorer(model, "cpu").score_tensors(*jets)
    after, _ = Scorer(path, "cpu").score_tensors(*jets)
    spread = np.nanstd(before)
    # Ten bits of mantissa, and sums of 16 terms.
    assert 0 < np.nanmean(np.abs(after - before)) < 2e-3 * spread
    assert report.layers == 4
    bundle = read_bundle(path)
    assert bundle.provenance["precision"] == "fp16"
    original = onnx.load_model_from_string(read_bundle(model).model)
    graph = half_graph(original, message_layers(original.graph))
    halves = [
        c.name for c in graph.initializer if c.data_type == onnx.TensorProto.FLOAT16
    ]
    assert len(halves) == 2 * 4  # a matrix and a bias each
    onnx.checker.check_model(onnx.load_model_from_string(bundle.model))


def test_a_precision_that_does_not_fit_is_a_sentence():
    require_fitting_provider("int8", "CPUExecutionProvider")
    require_fitting_provider("fp16", "CUDAExecutionProvider")
    with pytest.raises(UserError, match="int8 is for the CPU"):
        require_fitting_provider("int8", "CUDAExecutionProvider")
    with pytest.raises(UserError, match="fp16 is for a GPU"):
        require_fitting_provider("fp16", "CPUExecutionProvider")


@pytest.mark.gpu
def test_half_precision_on_a_gpu(model, jets, tmp_path):
    import onnxruntime

    cuda = "CUDAExecutionProvider"
    if cuda not in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime has no CUDA provider")
    path = tmp_path / "half.onnx"
    reduce_precision(model, *jets, path, precision="fp16", provider=cuda, anyway=True)
    before, _ = Scorer(model, "cuda").score_tensors(*jets)
    after, _ = Scorer(path, "cuda").score_tensors(*jets)
    assert np.nanmean(np.abs(after - before)) < 2e-3 * np.nanstd(before)
