"""The graph of LundNet against its definition; a jet's score in any company."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import pytest

from definitions.lund_net import lund_net_logit
from oddjet.deploy.bundle import model_bytes
from oddjet.deploy.calibration import CalibrationTable
from oddjet.deploy.lund_net_graph import LundNetDesign, bytes_per_node, lund_net_graph
from oddjet.deploy.tree_runtime import TreeSession
from toy_lund_net import lund_weights, random_trees

BLOCKS = ((6, 5), (5, 8), (8,))
PUBLISHED = ((32, 32), (32, 32), (64, 64), (64, 64), (128, 128), (128, 128))
DESIGNS = {
    "published": LundNetDesign(),
    "CMS": LundNetDesign(listens_to_center=True, shortcut=False),
}


def session_of(folds, design, calibration=None, **options):
    model = model_bytes(lund_net_graph(folds, design, calibration))
    onnx.checker.check_model(onnx.load_model_from_string(model), full_check=True)
    return TreeSession(model, "cpu", **options)


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("normalised_logit", [False, True])
def test_the_graph_is_the_definition(name, normalised_logit):
    design = DESIGNS[name]
    weights = lund_weights(
        BLOCKS,
        seed=1,
        shortcut=design.shortcut,
        normalised_logit=normalised_logit,
    )
    trees = random_trees([1, 2, 3, 11, 40, 1], seed=2)
    _, raw = session_of([weights], design).run(trees)
    for jet, logit in enumerate(raw[:, 0]):
        one = slice(trees.offsets[jet], trees.offsets[jet + 1])
        expected = lund_net_logit(
            weights,
            trees.values[one],
            trees.neighbours[one],
            center=design.listens_to_center,
            shortcut=design.shortcut,
        )
        assert logit == pytest.approx(expected, rel=1e-5, abs=1e-5)


def test_folds_and_their_members():
    folds = [
        [lund_weights(BLOCKS, seed=seed) for seed in pair] for pair in ((1, 2), (3, 4))
    ]
    trees = random_trees(np.random.default_rng(3).integers(1, 30, 50), seed=3)
    tables = [
        CalibrationTable.from_control(np.random.default_rng(fold).normal(size=100))
        for fold in range(2)
    ]
    score, by_fold = session_of(folds, LundNetDesign(), tables).run(trees)
    for fold, members in enumerate(folds):
        logits = [session_of([one], LundNetDesign()).run(trees)[0] for one in members]
        probability = np.mean(1 / (1 + np.exp(-np.array(logits, np.float64))), axis=0)
        expected = tables[fold](np.log(probability) - np.log1p(-probability))
        np.testing.assert_allclose(by_fold[:, fold], expected, atol=2e-5)
    np.testing.assert_allclose(score, by_fold.mean(axis=1), rtol=1e-6)


@pytest.fixture(scope="module")
def published():
    weights = [lund_weights(PUBLISHED, fusion=384, dense=256, seed=s) for s in (1, 2)]
    return model_bytes(lund_net_graph(weights, LundNetDesign()))


@pytest.fixture(scope="module")
def trees():
    sizes = np.random.default_rng(5).integers(1, 60, 300)
    sizes[:8] = 1
    return random_trees(sizes, seed=5)


@pytest.fixture(scope="module")
def expected(published, trees):
    return TreeSession(published, "cpu", 1).run(trees)


def same(first, second):
    return all(a.tobytes() == b.tobytes() for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("nodes", [1, 7, 64, 1000, 10**9])
def test_no_bit_depends_on_how_many_nodes_share_a_run(
    published, trees, expected, nodes
):
    session = TreeSession(published, "cpu", 1, nodes_per_run=nodes)
    assert same(session.run(trees), expected)


def test_no_bit_depends_on_order(published, trees, expected):
    order = np.random.default_rng(6).permutation(len(trees))
    found = TreeSession(published, "cpu", 1, nodes_per_run=500).run(trees[order])
    assert same(found, (expected[0][order], expected[1][order]))


def test_no_bit_depends_on_threads(published, trees, expected):
    session = TreeSession(published, "cpu", 2, nodes_per_run=200)
    assert same(session.run(trees), expected)
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: session.run(trees), range(4)))
    assert all(same(each, expected) for each in found)


def test_jets_without_edges_and_no_jets(published, trees):
    session = TreeSession(published, "cpu", 1)
    score, by_fold = session.run(trees[np.arange(8)])
    assert np.isfinite(score).all()
    none = session.run(trees[np.array([], np.int64)])
    assert none[0].shape == (0,)
    assert none[1].shape == (0, 2)
    assert by_fold.shape == (8, 2)


def test_a_run_is_as_large_as_the_cache_allows(published):
    width = bytes_per_node(lund_weights(PUBLISHED, seed=1))
    assert width == 4 * 2 * 128
    session = TreeSession(published, "cpu", bytes_per_node=width)
    runs = list(session._runs(np.arange(0, 5000, 10)))
    assert runs[0].stop == (1 << 19) // width // 10
    assert runs[-1].stop == 499
