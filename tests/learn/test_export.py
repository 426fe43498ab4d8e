from __future__ import annotations

import numpy as np
import pytest
import torch

from oddjet.deploy.bundle import model_bytes
from oddjet.deploy.edge_conv_graph import EdgeConvDesign, edge_conv_graph
from oddjet.deploy.runtime import JetSession
from oddjet.deploy.scorer import Scorer
from oddjet.features import FeatureSpec
from oddjet.learn.batches import TrainingSample
from oddjet.learn.config import TrainingConfig
from oddjet.learn.export import ControlSample, export_folds, graph_weights
from oddjet.learn.fold_training import train_fold
from oddjet.learn.folds import training_folds
from oddjet.learn.models.config import EdgeConvConfig
from oddjet.learn.models.edge_conv import EdgeConvNetwork
from oddjet.runs.errors import UserError
from toy_jets import FEATURES, toy_jets, toy_weights

NETWORK = EdgeConvConfig(blocks=((8, 8), (8,)), neighbours=3, dense=(8,))
TRAINING = TrainingConfig(folds=2, epochs=2, batch_size=50, learning_rate=5e-3)
SPEC = FeatureSpec(num_constituents=12, features=FEATURES)
COUNT = 2000


@pytest.fixture(scope="module")
def sample():
    values, mask = toy_jets(COUNT, seed=1)
    weight = np.random.default_rng(1).uniform(0.5, 1.5, COUNT)
    return TrainingSample(values, mask, np.arange(COUNT) < 600, weight)


@pytest.fixture(scope="module")
def fold_of_jet(sample):
    ids = {"file": np.zeros(COUNT, np.uint64), "entry": np.arange(COUNT)}
    return training_folds(ids, ~sample.in_signal_region, folds=2)


@pytest.fixture(scope="module")
def folds(sample, fold_of_jet):
    return [
        train_fold(
            sample,
            fold_of_jet,
            fold,
            network=NETWORK,
            training=TRAINING,
            features=FEATURES,
            seed=1,
        ).weights
        for fold in range(2)
    ]


def export(path, folds, sample, fold_of_jet):
    control = ~sample.in_signal_region
    export_folds(
        path,
        [[weights] for weights in folds],
        network=NETWORK,
        spec=SPEC,
        control=ControlSample(
            sample.values[control],
            sample.mask[control],
            sample.weight[control],
            fold_of_jet[control],
        ),
        provenance={"training": TRAINING.model_dump()},
    )
    return Scorer(path)


@pytest.fixture(scope="module")
def scorer(tmp_path_factory, folds, sample, fold_of_jet):
    path = tmp_path_factory.mktemp("export") / "model.onnx"
    return export(path, folds, sample, fold_of_jet)


def logits_of(weights, sample):
    network = EdgeConvNetwork(NETWORK, len(FEATURES), (0, 1)).eval()
    state = {name: torch.from_numpy(value) for name, value in weights.items()}
    network.load_state_dict(state, strict=False)
    with torch.no_grad():
        values, mask = map(torch.from_numpy, (sample.values, sample.mask))
        return network(values, mask).numpy()


def test_graph_and_network_agree():
    values, mask = toy_jets(2000, seed=8, sizes=(1, 40), length=40)
    config = EdgeConvConfig(slope=0.1)
    weights = toy_weights(config.blocks, config.dense, seed=8)
    network = EdgeConvNetwork(config, len(FEATURES), (0, 1)).eval()
    state = {name: torch.from_numpy(value) for name, value in weights.items()}
    network.load_state_dict(state, strict=False)
    with torch.no_grad():
        logits = network(torch.from_numpy(values), torch.from_numpy(mask)).numpy()
    design = EdgeConvDesign(config.neighbours, config.slope, (0, 1))
    session = JetSession(model_bytes(edge_conv_graph([weights], design)))
    raw, _ = session.run(values, mask)
    # The rest are jets with two equal distances in feature space, up to rounding.
    assert np.mean(np.abs(raw - logits) < 1e-5 * np.ptp(logits)) > 0.999


@pytest.mark.parametrize("padding", ["masked", "faithful"])
def test_graph_and_dgcnn_agree_and_average_probabilities(padding):
    config = EdgeConvConfig.dgcnn(padding=padding)
    values, mask = toy_jets(120, seed=8, sizes=(0, 40), length=40)
    probabilities, members = [], []
    for seed in range(2):
        weights = toy_weights(
            config.blocks, config.dense, seed=seed, input_norm=True, outputs=2
        )
        network = EdgeConvNetwork(config, len(FEATURES), (0, 1), slots=40).eval()
        state = {name: torch.from_numpy(value) for name, value in weights.items()}
        network.load_state_dict(state, strict=False)
        with torch.no_grad():
            logits = network(torch.from_numpy(values), torch.from_numpy(mask))
        probabilities.append(torch.sigmoid(logits.double()).numpy())
        members.append(graph_weights(weights))
    mean = np.mean(probabilities, axis=0)
    slots = 40 if padding == "faithful" else None
    design = EdgeConvDesign(config.neighbours, config.slope, (0, 1), slots)
    session = JetSession(model_bytes(edge_conv_graph([members], design)), "cpu")
    raw, _ = session.run(values, mask)
    expected = np.log(mean) - np.log1p(-mean)
    close = np.abs(raw - expected) < 2e-5 * np.ptp(expected)
    # The rest are jets with two equal distances in feature space, up to rounding.
    assert np.mean(close) > 0.98
    shorter, _ = session.run(values[:, :39], mask[:, :39])
    same = mask.sum(axis=1) < 40
    np.testing.assert_allclose(shorter[same], raw[same], atol=1e-5)


def test_an_input_that_the_network_ignores_is_refused():
    weights = toy_weights([(4,)], (4,), seed=1, input_norm=True)
    weights["input_norm.weight"][2] = 0
    with pytest.raises(
        UserError, match=r"gain of exactly zero; set network\.input_norm"
    ):
        graph_weights(weights)


def test_scores_rank_as_the_networks_do(scorer, folds, sample):
    _, fold_scores = scorer.score_tensors(sample.values, sample.mask)
    for fold, weights in enumerate(folds):
        logits = logits_of(weights, sample)
        in_order = fold_scores[np.argsort(logits), fold]
        # Neighbours in feature space can differ where two distances agree to the
        # last bits; nothing else moves a score by more than rounding.
        assert np.mean(np.diff(in_order) >= -1e-4) > 0.999


def test_held_out_control_events_pass_as_the_score_says(scorer, sample, fold_of_jet):
    _, fold_scores = scorer.score_tensors(sample.values, sample.mask)
    control = ~sample.in_signal_region
    for fold in range(2):
        own = control & (fold_of_jet == fold)
        weight = sample.weight[own] / sample.weight[own].mean()
        for score in (0.3, 1.0, 2.0):
            above = weight[fold_scores[own, fold] > score].sum()
            assert above + 1 == pytest.approx(
                10**-score * (own.sum() + 1), abs=weight.max() + 1
            )


def test_the_reserve_passes_as_the_score_says(scorer, sample, fold_of_jet):
    reserve = fold_of_jet == -1
    _, fold_scores = scorer.score_tensors(sample.values[reserve], sample.mask[reserve])
    expected = 10**-0.5 * reserve.sum()
    for fold in range(2):
        passed = np.count_nonzero(fold_scores[:, fold] > 0.5)
        assert passed == pytest.approx(expected, abs=4 * np.sqrt(expected))


def test_working_points_are_measured_on_the_reserve(scorer, sample, fold_of_jet):
    reserve = fold_of_jet == -1
    score, _ = scorer.score_tensors(sample.values[reserve], sample.mask[reserve])
    weight = sample.weight[reserve]
    points = scorer.bundle.working_points
    assert list(points) == ["1e-1", "1e-2", "1e-3"]
    for exponent, point in enumerate(points.values(), start=1):
        assert point.threshold == pytest.approx(exponent)
        passed = weight[score > point.threshold].sum() / weight.sum()
        assert point.efficiency == pytest.approx(passed)
        assert point.measured_on.startswith(f"{np.count_nonzero(reserve)} control")


def test_the_same_networks_give_the_same_file(
    scorer, folds, sample, fold_of_jet, tmp_path
):
    again = export(tmp_path / "again.onnx", folds, sample, fold_of_jet)
    assert again.bundle.model == scorer.bundle.model
    assert again.bundle.provenance["training.epochs"] == "2"
    assert str(tmp_path).encode() not in again.bundle.model


def test_a_fold_without_control_events_is_refused(folds, sample, fold_of_jet, tmp_path):
    path = tmp_path / "model.onnx"
    with pytest.raises(UserError, match=r"at least two control events .*fewer folds"):
        export(path, folds, sample, np.zeros_like(fold_of_jet))
    assert not path.exists()
