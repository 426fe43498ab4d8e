"""From trained LundNets to a model file that gives their scores, calibrated."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import torch

from oddjet.deploy.bundle import model_bytes
from oddjet.deploy.lund_net_graph import LundNetDesign, lund_net_graph
from oddjet.deploy.scorer import Scorer
from oddjet.deploy.tree_runtime import TreeSession
from oddjet.features import LundTrees
from oddjet.learn.config import TrainingConfig
from oddjet.learn.export import export_lund_folds
from oddjet.learn.fold_training import train_fold
from oddjet.learn.folds import RESERVE, in_validation, training_folds
from oddjet.learn.lund_sample import LundBatch, LundSample
from oddjet.learn.models.lund_config import LundNetConfig, LundTreeConfig
from oddjet.learn.models.lund_net import LundNet
from oddjet.runs.errors import UserError
from tolerances import LOGIT
from toy_trees import jets_of, tree_sample

NETWORK = LundNetConfig(blocks=((8, 8), (16,)), fusion=16, dense=8)
TRAINING = TrainingConfig.lund_net(epochs=4, batch_size=64, learning_rate=5e-3)
SPEC = NETWORK.tree.spec(radius=1.0, pt_min_gev=10.0, num_jets=3)
COUNT = 1200


@pytest.fixture(scope="module")
def sample():
    trees, is_signal = tree_sample(COUNT, signal=0.3)
    weight = np.random.default_rng(3).uniform(0.5, 1.5, COUNT)
    return LundSample(trees, is_signal, weight)


@pytest.fixture(scope="module")
def ids():
    return {"file": np.zeros(COUNT, np.uint64), "entry": np.arange(COUNT) // 2}


@pytest.fixture(scope="module")
def fold(sample, ids):
    return training_folds(ids, ~sample.is_signal, folds=2)


@pytest.fixture(scope="module")
def folds(sample, ids, fold):
    return [
        train_fold(
            sample,
            fold,
            number,
            network=NETWORK,
            training=TRAINING,
            features=NETWORK.tree.names,
            seed=1,
            validates=in_validation(ids, TRAINING.validation_fraction),
        ).weights
        for number in range(2)
    ]


def export(path, folds, sample, fold, spec=SPEC):
    export_lund_folds(
        path,
        [[weights] for weights in folds],
        network=NETWORK,
        spec=spec,
        background=sample,
        fold=fold,
        provenance={"training": TRAINING.model_dump()},
    )
    return Scorer(path)


@pytest.fixture(scope="module")
def scorer(tmp_path_factory, folds, sample, fold):
    return export(tmp_path_factory.mktemp("lund") / "model.onnx", folds, sample, fold)


def logits_of(weights, trees):
    network = LundNet(NETWORK).eval()
    state = {name: torch.from_numpy(value) for name, value in weights.items()}
    network.load_state_dict(state, strict=False)
    with torch.no_grad():
        return network(LundBatch.of(trees)).numpy()


VARIANTS = {
    "LundNet-5": LundNetConfig.published(5),
    "LundNet-3, primary": LundNetConfig(
        tree=LundTreeConfig(variables=3, plane="primary")
    ),
    "CMS": LundNetConfig.cms(),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_graph_and_network_agree(variant):
    """Of the published sizes, on jets of 1 to 80 constituents."""
    config = VARIANTS[variant]
    sizes = np.random.default_rng(1).integers(1, 81, 200)
    trees = LundTrees.of(jets_of(sizes), config.tree)
    torch.manual_seed(1)
    network = LundNet(config)
    mean, scale = map(torch.from_numpy, trees.moments())
    network.standardise(mean, scale)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    for _ in range(3):
        network(LundBatch.of(trees))
    network.eval()
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    design = LundNetDesign(config.listens_to == "center", config.shortcut)
    session = TreeSession(model_bytes(lund_net_graph([weights], design)), "cpu")
    raw, _ = session.run(trees)
    with torch.no_grad():
        logits = network(LundBatch.of(trees)).numpy()
    assert np.ptp(logits) > 0.01
    np.testing.assert_allclose(raw, logits, rtol=1e-5, atol=LOGIT)


def test_scores_rank_as_the_networks_do(scorer, folds, sample):
    _, fold_scores = scorer.score_trees(sample.trees)
    for number, weights in enumerate(folds):
        in_order = fold_scores[np.argsort(logits_of(weights, sample.trees)), number]
        assert (np.diff(in_order) >= -1e-4).all()


def test_held_out_background_passes_as_the_score_says(scorer, sample, fold):
    _, fold_scores = scorer.score_trees(sample.trees)
    for number in range(2):
        own = ~sample.is_signal & (fold == number)
        weight = sample.weight[own] / sample.weight[own].mean()
        for score in (0.3, 1.0, 2.0):
            above = weight[fold_scores[own, number] > score].sum()
            assert above + 1 == pytest.approx(
                10**-score * (own.sum() + 1), abs=weight.max() + 1
            )


def test_signal_scores_high(scorer, sample, fold):
    score, _ = scorer.score_trees(sample.trees)
    unseen = fold == RESERVE  # background only
    assert np.median(score[sample.is_signal]) > np.median(score[unseen]) + 0.5


def test_working_points_are_measured_on_the_reserve(scorer, sample, fold):
    reserve = np.flatnonzero(fold == RESERVE)
    score, _ = scorer.score_trees(sample.trees[reserve])
    weight = sample.weight[reserve]
    point = scorer.bundle.working_points["1e-1"]
    passed = weight[score > point.threshold].sum() / weight.sum()
    assert point.efficiency == pytest.approx(passed)
    assert point.measured_on.startswith(f"{len(reserve)} background jets that no fold")


def test_the_same_networks_give_the_same_file(scorer, folds, sample, fold, tmp_path):
    again = export(tmp_path / "again.onnx", folds, sample, fold)
    assert again.bundle.model == scorer.bundle.model
    assert again.bundle.spec == SPEC


def test_jets_are_scored_as_their_trees(scorer):
    jets = jets_of([3, 17, 1], seed=9)
    score, _ = scorer.score_trees(LundTrees.of(jets, NETWORK.tree))
    assert (scorer.score(jets).score.to_numpy() == score).all()
    nested = ak.unflatten(jets, [2, 0, 1])
    assert ak.num(scorer.score(nested)).tolist() == [2, 0, 1]


def test_a_spec_of_other_trees_is_refused(folds, sample, fold, tmp_path):
    spec = LundTreeConfig(plane="primary").spec()
    with pytest.raises(UserError, match=r"plane full, the spec says primary; make it"):
        export(tmp_path / "model.onnx", folds, sample, fold, spec)


def test_a_fold_without_background_is_refused(folds, sample, fold, tmp_path):
    with pytest.raises(UserError, match=r"at least two control events .*fewer folds"):
        export(tmp_path / "model.onnx", folds, sample, np.zeros_like(fold))
