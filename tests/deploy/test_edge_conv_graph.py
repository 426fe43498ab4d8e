from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest

from definitions.edge_conv import edge_conv_logit
from oddjet.deploy.bundle import model_bytes
from oddjet.deploy.calibration import CalibrationTable
from oddjet.deploy.edge_conv_graph import EdgeConvDesign, edge_conv_graph
from toy_jets import toy_jets, toy_weights

BLOCKS, DENSE = ((6, 5), (8,), (4, 4)), (7, 4)


def fold_scores(weights, design, values, mask, calibration=None):
    model = model_bytes(edge_conv_graph(weights, design, calibration))
    onnx.checker.check_model(onnx.load_model_from_string(model), full_check=True)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    feeds = {"features": values, "mask": mask}
    score, by_fold = session.run(["score", "fold_scores"], feeds)
    assert score.shape == (len(values),)
    np.testing.assert_allclose(score, by_fold.mean(axis=1), atol=1e-6)
    return by_fold


@pytest.mark.parametrize("slope", [0.0, 0.1])
@pytest.mark.parametrize("k", [1, 3, 11, 15])
def test_graph_equals_the_definition(k, slope):
    # With k >= 11 all 12 constituents are neighbours: nothing but arithmetic is left.
    weights = [toy_weights(BLOCKS, DENSE, seed=seed) for seed in (1, 2)]
    values, mask = toy_jets(20, seed=3, sizes=(1, 12))
    design = EdgeConvDesign(k, slope, (0, 1))
    expected = [
        [
            edge_conv_logit(fold, jet[real], k=k, slope=slope, coordinates=(0, 1))
            for fold in weights
        ]
        for jet, real in zip(values, mask, strict=True)
    ]
    found = fold_scores(weights, design, values, mask)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_network_with_two_classes_is_the_difference_of_their_logits():
    weights = toy_weights(BLOCKS, DENSE, seed=1)
    values, mask = toy_jets(10, seed=2, sizes=(1, 12))
    design = EdgeConvDesign(3, 0.1, (0, 1))
    other = toy_weights(BLOCKS, DENSE, seed=7)
    two = weights | {
        name: np.concatenate([weights[name], other[name]])
        for name in ("output.weight", "output.bias")
    }
    first, second = (
        fold_scores(
            [weights | {n: two[n][i : i + 1] for n in two if "output" in n}],
            design,
            values,
            mask,
        )
        for i in (0, 1)
    )
    found = fold_scores([two], design, values, mask)
    np.testing.assert_allclose(found, second - first, atol=1e-5)


def test_the_network_of_the_mono_jet_paper_equals_the_definition():
    """Three blocks of three layers, 16 neighbours, 449,744 parameters in all."""
    blocks, dense = ((64,) * 3, (128,) * 3, (256,) * 3), (256, 128)
    weights = toy_weights(blocks, dense, seed=1)
    random = np.random.default_rng(5)
    weights["output.weight"] = random.normal(0, 0.1, (2, 128)).astype(np.float32)
    weights["output.bias"] = random.normal(0, 0.1, 2).astype(np.float32)
    trained = sum(
        value.size for name, value in weights.items() if "running" not in name
    )
    assert trained == 449_744  # mean and scale of the 7 features count as their norm
    # At most 17 constituents have all others as neighbours: only arithmetic is left.
    values, mask = toy_jets(6, seed=6, sizes=(1, 17), length=17)
    expected = [
        edge_conv_logit(weights, jet[real], k=16, slope=0.1, coordinates=(0, 1))
        for jet, real in zip(values, mask, strict=True)
    ]
    found = fold_scores([weights], EdgeConvDesign(16, 0.1, (0, 1)), values, mask)
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-5)


def test_coordinates_may_be_any_columns():
    weights = toy_weights(BLOCKS, DENSE, seed=1)
    values, mask = toy_jets(20, seed=3)
    design = EdgeConvDesign(3, 0.1, (6, 2))
    expected = [
        edge_conv_logit(weights, jet[real], k=3, slope=0.1, coordinates=(6, 2))
        for jet, real in zip(values, mask, strict=True)
    ]
    found = fold_scores([weights], design, values, mask)
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-5)


@pytest.mark.parametrize("length", [0, 1, 3, 40])
@pytest.mark.parametrize("batch", [0, 1, 7, 256])
def test_batch_and_length_are_free(batch, length):
    weights = toy_weights(BLOCKS, DENSE, seed=1)
    values, mask = toy_jets(batch, seed=4, sizes=(0, length), length=length)
    found = fold_scores([weights], EdgeConvDesign(3, 0.1, (0, 1)), values, mask)
    assert found.shape == (batch, 1)
    assert np.isfinite(found).all()


def test_padding_changes_nothing():
    weights = toy_weights(BLOCKS, DENSE, seed=1)
    design = EdgeConvDesign(3, 0.1, (0, 1))
    values, mask = toy_jets(20, seed=5, sizes=(0, 12))
    longer = np.pad(values, [(0, 0), (0, 5), (0, 0)], constant_values=np.nan)
    longer_mask = np.pad(mask, [(0, 0), (0, 5)])
    np.testing.assert_allclose(
        fold_scores([weights], design, longer, longer_mask),
        fold_scores([weights], design, values, mask),
        atol=1e-6,
    )


def test_calibration_is_that_of_the_tables():
    weights = [toy_weights(BLOCKS, DENSE, seed=seed) for seed in (1, 2)]
    design = EdgeConvDesign(3, 0.1, (0, 1))
    values, mask = toy_jets(300, seed=6)
    raw = fold_scores(weights, design, values, mask)
    # Of different sizes, and narrower than the outputs: both extrapolations are used.
    tables = [
        CalibrationTable.from_control(np.quantile(raw[:, 0], [0.2, 0.4, 0.9])),
        CalibrationTable.from_control(np.quantile(raw[:, 1], np.linspace(0.1, 0.8, 9))),
    ]
    expected = np.stack([table(raw[:, i]) for i, table in enumerate(tables)], axis=1)
    found = fold_scores(weights, design, values, mask, tables)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert (np.argsort(found, axis=0) == np.argsort(raw, axis=0)).all()


def test_same_weights_give_the_same_bytes():
    first, second = (
        model_bytes(
            edge_conv_graph(
                [toy_weights(BLOCKS, DENSE, seed=1)], EdgeConvDesign(3, 0.1, (0, 1))
            )
        )
        for _ in range(2)
    )
    assert first == second
