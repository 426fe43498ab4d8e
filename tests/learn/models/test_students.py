"""Students: their networks mean what they say, and their graphs are the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from definitions.jet_moments import jet_moments as literal_moments
from oddjet.deploy.bundle import model_bytes
from oddjet.deploy.runtime import JetSession
from oddjet.features import FeatureSpec
from oddjet.learn.models.deep_sets import DeepSets
from oddjet.learn.models.jet_moments import MOMENTS, jet_moments, moment_columns
from oddjet.learn.student_config import SHAPES, StudentShape
from oddjet.learn.students import standardise, student_graph, student_network
from oddjet.runs.errors import UserError
from toy_jets import toy_jets

KINDS = tuple(SHAPES)
SPEC = FeatureSpec(num_constituents=12)


def tensors(jets):
    return tuple(map(torch.from_numpy, jets))


def network_of(shape, jets):
    torch.manual_seed(3)
    network = student_network(shape, SPEC).eval()
    standardise(network, *tensors(jets))
    return network


def weights_of(network):
    return {
        k: v.numpy()
        for k, v in network.state_dict().items()
        if v.dtype.is_floating_point
    }


def test_moments_are_their_literal_sums():
    values, mask = toy_jets(40, seed=5, sizes=(0, 12), prongs=2)
    found = jet_moments(*tensors((values, mask)), moment_columns(SPEC.features)).numpy()
    assert found.shape == (40, len(MOMENTS))
    for jet, real, row in zip(values.astype(np.float64), mask, found, strict=True):
        y, phi, ratio = jet[real][:, [0, 1, 3]].T
        # Single precision: sums of at most 220 terms of one sign.
        assert row == pytest.approx(literal_moments(y, phi, ratio), rel=2e-5, abs=2e-5)


def test_moments_need_their_features():
    with pytest.raises(UserError, match=r"need log_pt_ratio among.*deep_sets"):
        moment_columns(("delta_rapidity", "delta_azimuth", "log_pt"))


def test_deep_sets_are_a_mean_over_constituents():
    values, mask = toy_jets(9, seed=6)
    network = network_of(SHAPES["deep_sets"][-1], (values, mask))
    found = network(*tensors((values, mask))).detach().numpy()
    state = weights_of(network)

    def layers(name, x):
        for i in range(2):
            x = np.maximum(
                state[f"{name}.{i}.weight"] @ x + state[f"{name}.{i}.bias"], 0
            )
        return x

    for jet, real, score in zip(values, mask, found, strict=True):
        rows = (jet[real] - state["feature_mean"]) / state["feature_scale"]
        mean = np.mean([layers("particle", row) for row in rows], axis=0)
        hidden = layers("dense", np.append(mean, np.sqrt(real.sum())))
        expected = state["output.weight"][0] @ hidden + state["output.bias"][0]
        assert score == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_graph_gives_what_the_network_gives(kind):
    jets = toy_jets(200, seed=7, sizes=(1, 12))
    for shape in SHAPES[kind][-2:]:
        network = network_of(shape, jets)
        with torch.no_grad():
            expected = network(*tensors(jets)).numpy()
        graph = student_graph(shape, weights_of(network), SPEC)
        session = JetSession(model_bytes(graph), "cpu")
        score, fold_scores = session.run(*jets)
        np.testing.assert_allclose(score, expected, rtol=1e-4, atol=2e-5)
        assert fold_scores.shape == (200, 1)
        # To the last bit, whatever a jet is scored with.
        alone = [session.run(v[None], m[None])[0] for v, m in zip(*jets, strict=True)]
        assert np.concatenate(alone).tobytes() == score.tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_plain_onnx_runtime_takes_padding_and_nothing(kind):
    import onnxruntime

    values, mask = toy_jets(50, seed=8, sizes=(1, 12))
    shape = SHAPES[kind][-1]
    graph = student_graph(shape, weights_of(network_of(shape, (values, mask))), SPEC)
    session = onnxruntime.InferenceSession(
        model_bytes(graph), providers=["CPUExecutionProvider"]
    )

    def score(values, mask):
        return session.run(["score"], {"features": values, "mask": mask})[0]

    expected = score(values, mask)
    assert np.isfinite(expected).all()
    poisoned = np.where(mask[..., None], values, np.float32(np.nan))
    np.testing.assert_allclose(score(poisoned, mask), expected, rtol=1e-5, atol=1e-5)
    assert score(values[:0], mask[:0]).shape == (0,)
    assert np.isfinite(score(values[:2] * 0, mask[:2] & False)).all()


def test_order_of_constituents_is_nothing_to_a_student():
    values, mask = toy_jets(60, seed=9, sizes=(12, 12))
    order = np.random.default_rng(1).permutation(12)
    for kind in KINDS:
        network = network_of(SHAPES[kind][-1], (values, mask))
        with torch.no_grad():
            found, turned = (
                network(*tensors((v, mask))).numpy()
                for v in (values, values[:, order].copy())
            )
        np.testing.assert_allclose(found, turned, rtol=1e-4, atol=1e-5)


def test_shapes_name_themselves():
    assert str(SHAPES["mlp"][-1]) == "mlp: layers a jet 16 16"
    shape = StudentShape("lite", (8,), blocks=((4, 4),), neighbours=3)
    assert str(shape) == "lite: a block of 4 4, layers a jet 8"


def test_a_constant_feature_does_not_divide_by_zero():
    values, mask = toy_jets(30, seed=2)
    values[..., 3] = 1.0
    network = DeepSets(7, (4,), (4,))
    network.standardise(*tensors((values, mask)))
    assert torch.isfinite(network(*tensors((values, mask)))).all()
