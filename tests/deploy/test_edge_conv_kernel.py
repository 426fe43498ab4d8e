"""The kernel for EdgeConv models: definition, graph in the same file, contracts.

It reads models that `oddjet.deploy` writes, and so is tested in that room.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import pytest

from definitions.edge_conv import edge_conv_logit
from oddjet.deploy.batching import EQUAL_LENGTHS
from oddjet.deploy.bundle import model_bytes
from oddjet.deploy.calibration import CalibrationTable
from oddjet.deploy.edge_conv_graph import EdgeConvDesign, edge_conv_graph
from oddjet.deploy.runtime import JetSession
from oddjet.graphs import EdgeConvScorer
from toy_jets import toy_jets, toy_weights

# Widths that are no multiples of any vector, one panel wide, and wider than it.
BLOCKS, DENSE = ((6, 5), (8,), (48, 70, 4)), (7, 4)
LITE = ((32, 32, 32), (64, 64, 64)), (128,)
PATHS = ["scalar", "avx2", "avx512"]
SMALL = EdgeConvDesign(3, 0.1, (0, 1))
SEVEN = EdgeConvDesign(7, 0.1, (0, 1))


def model_of(folds, design, calibration=None):
    return model_bytes(edge_conv_graph(folds, design, calibration))


def kernel_scores(model, values, mask, **options):
    scorer = EdgeConvScorer.of_model(model)
    return scorer.score(values, mask.sum(axis=1), **options)


@pytest.mark.parametrize("slope", [0.0, 0.1])
@pytest.mark.parametrize("k", [1, 3, 11, 15])
def test_kernel_equals_the_definition(k, slope):
    weights = [toy_weights(BLOCKS, DENSE, seed=seed) for seed in (1, 2)]
    values, mask = toy_jets(20, seed=3, sizes=(1, 12))
    expected = [
        [
            edge_conv_logit(fold, jet[real], k=k, slope=slope, coordinates=(6, 2))
            for fold in weights
        ]
        for jet, real in zip(values, mask, strict=True)
    ]
    model = model_of(weights, EdgeConvDesign(k, slope, (6, 2)))
    score, found = kernel_scores(model, values, mask)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(score, found.mean(axis=1), atol=1e-6)


def test_kernel_equals_the_graph_where_neighbours_are_fixed():
    # Of 8 constituents all others are neighbours.
    weights = [toy_weights(*LITE, seed=seed) for seed in (1, 2, 3)]
    tables = [
        CalibrationTable.from_control(np.random.default_rng(i).normal(size=50 + i))
        for i in range(2)
    ]
    model = model_of([weights[:2], weights[2:]], SEVEN, tables)
    jets = toy_jets(500, seed=2, sizes=(1, 8))
    by_runtime = JetSession(model, "cpu", 1, policy=EQUAL_LENGTHS).run(*jets)
    for found, wanted in zip(kernel_scores(model, *jets), by_runtime, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


def test_kernel_chooses_neighbours_as_the_graph_does():
    """But for constituents of later blocks that are equally near to rounding."""
    model = model_of([toy_weights(*LITE, seed=1)], EdgeConvDesign(7, 0.0, (0, 1)))
    jets = toy_jets(1000, seed=2, sizes=(8, 40), length=40)
    wanted, _ = JetSession(model, "cpu", 1, policy=EQUAL_LENGTHS).run(*jets)
    found, _ = kernel_scores(model, *jets)
    other = np.abs(found - wanted) > 1e-5
    assert other.sum() < 30
    assert np.abs(found - wanted).max() < 0.05 * wanted.std()


def test_equal_distances_go_to_the_lower_index_as_in_the_graph():
    weights = toy_weights(((16, 16),), (8,), seed=1)  # one block: in the plane only
    model = model_of([weights], SMALL)
    values, mask = toy_jets(200, seed=4, sizes=(4, 30), length=30)
    values[..., :2] = np.round(2 * values[..., :2])  # a lattice, with equal points
    values[~mask] = 0
    wanted, _ = JetSession(model, "cpu", 1, policy=EQUAL_LENGTHS).run(values, mask)
    found, _ = kernel_scores(model, values, mask)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_no_bit_depends_on_company_length_or_threads():
    model = model_of([toy_weights(*LITE, seed=1)], SEVEN)
    values, mask = toy_jets(300, seed=1, sizes=(0, 40), length=40)
    score, by_fold = kernel_scores(model, values, mask)
    assert np.isnan(score[~mask.any(axis=1)]).all()
    assert np.isfinite(score[mask.any(axis=1)]).all()
    for threads in (2, 5):
        again = kernel_scores(model, values, mask, threads=threads)
        assert again[1].tobytes() == by_fold.tobytes()
    counts = mask.sum(axis=1)
    alone = [
        kernel_scores(model, values[i : i + 1, :n], mask[i : i + 1, :n])[0]
        for i, n in enumerate(counts)
    ]
    assert np.concatenate(alone).tobytes() == score.tobytes()
    scorer = EdgeConvScorer.of_model(model)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: scorer.score(values, counts)[0], range(8)))
    assert all(result.tobytes() == score.tobytes() for result in results)


def test_what_stands_in_padding_does_not_matter():
    model = model_of([toy_weights(*LITE, seed=1)], SEVEN)
    values, mask = toy_jets(50, seed=1, sizes=(1, 40), length=40)
    other = np.where(mask[..., np.newaxis], values, np.float32(np.nan))
    found, wanted = (kernel_scores(model, x, mask)[0] for x in (other, values))
    assert found.tobytes() == wanted.tobytes()


def test_no_jets_and_no_slots():
    model = model_of(
        [toy_weights(*LITE, seed=seed) for seed in (1, 2)],
        SEVEN,
    )
    for shape in ((0, 40, 7), (0, 0, 7), (3, 0, 7)):
        values = np.zeros(shape, np.float32)
        score, by_fold = kernel_scores(model, values, np.zeros(shape[:2], bool))
        assert score.shape == shape[:1]
        assert by_fold.shape == (shape[0], 2)
        assert np.isnan(score).all()


PROGRAM = """
import sys
import numpy as np
from pathlib import Path
from oddjet.graphs import EdgeConvScorer
from oddjet.jets import simd_path
scorer = EdgeConvScorer.of_model(Path(sys.argv[1]).read_bytes())
jets = np.load(sys.argv[2])
np.save(sys.argv[3], scorer.score(jets["values"], jets["counts"])[0])
print(simd_path())
"""


@pytest.mark.parametrize("path", PATHS)
def test_every_path_of_instructions_gives_the_same_to_rounding(path, tmp_path):
    model = model_of([toy_weights(BLOCKS, DENSE, seed=1)], SMALL)
    # With at most four constituents, all others are neighbours.
    values, mask = toy_jets(200, seed=3, sizes=(1, 4))
    (tmp_path / "model.onnx").write_bytes(model)
    np.savez(tmp_path / "jets.npz", values=values, counts=mask.sum(axis=1))
    names = [tmp_path / name for name in ("model.onnx", "jets.npz", "scores.npy")]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, names)],
        env=os.environ | {"ODDJET_SIMD": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if "this machine cannot run" in done.stderr:
        pytest.skip(f"this machine cannot run {path}")
    assert done.stdout.strip() == path, done.stderr
    found = np.load(names[2])
    np.testing.assert_allclose(found, kernel_scores(model, values, mask)[0], atol=1e-5)


def test_models_of_other_kinds_are_left_to_the_runtime():
    weights = toy_weights(*LITE, seed=1)
    padded = model_of([weights], EdgeConvDesign(7, 0.1, (0, 1), slots=12))
    assert EdgeConvScorer.of_model(padded) is None
    session = JetSession(padded, "cpu", 1)
    assert session.engine == "CPUExecutionProvider of ONNX Runtime"
    own = model_of([weights], SEVEN)
    assert JetSession(own, "cpu", 1).engine == "oddjet's own kernel"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("neighbours = 7", "neighbours = seven", "has 'seven' for a number"),
        ("neighbours = 7", "neighbours = 0", "the design does not fit"),
        ("coordinates = 0 1", "coordinates = 0 9", "the design does not fit"),
        ("coordinates = 0 1", "coordinates = 0", "has not two coordinates"),
        ("layers = 3 3", "layers = 3 3 3", "is no matrix"),
        ("layers = 3 3", "layers = 3 4", "ends too early"),
        ("dense = 1", "dense = 0", "names more than it has maps"),
        ("dense = 1", "size = 1", "has no 'dense'"),
        ("= constant_", "= no_constant_", "which the graph does not have"),
    ],
)
def test_a_description_that_contradicts_itself_is_refused(old, new, problem):
    graph = edge_conv_graph([toy_weights(*LITE, seed=1)], SEVEN)
    assert old in graph.doc_string
    graph.doc_string = graph.doc_string.replace(old, new, 1)
    with pytest.raises(ValueError, match=problem):
        EdgeConvScorer.of_model(model_bytes(graph))


def test_a_cut_file_is_refused_or_of_no_kind():
    model = model_of(
        [toy_weights(((4,),), (3,), seed=1)], EdgeConvDesign(2, 0.1, (0, 1))
    )
    refused = 0
    for size in range(0, len(model), 7):
        try:
            assert EdgeConvScorer.of_model(model[:size]) is None
        except ValueError:
            refused += 1
    assert refused > 100


def test_what_does_not_fit_the_model_is_refused():
    scorer = EdgeConvScorer.of_model(model_of([toy_weights(*LITE, seed=1)], SEVEN))
    values, counts = np.zeros((2, 5, 7), np.float32), np.array([3, 5])
    with pytest.raises(ValueError, match="2 counts do not fit 60 values of 5 slots"):
        scorer.score(np.zeros((2, 5, 6), np.float32), counts)
    with pytest.raises(ValueError, match="1 counts do not fit"):
        scorer.score(values, counts[:1])
    with pytest.raises(
        ValueError, match="count of jet 1 must be between 0 and 5, got 6"
    ):
        scorer.score(values, np.array([3, 6]))
    with pytest.raises(
        ValueError, match="count of jet 0 must be between 0 and 5, got -1"
    ):
        scorer.score(values, np.array([-1, 5]))
    with pytest.raises(TypeError, match="values must be float32, got float64"):
        scorer.score(values.astype(np.float64), counts)
    with pytest.raises(TypeError, match="counts must be int64, got int32"):
        scorer.score(values, counts.astype(np.int32))
    with pytest.raises(ValueError, match="threads must be >= 1, got 0"):
        scorer.score(values, counts, threads=0)


def test_an_edited_description_does_not_pass_for_the_model(tmp_path, spec):
    from oddjet.deploy.bundle import read_bundle, write_bundle
    from oddjet.runs.errors import UserError

    path = tmp_path / "model.onnx"
    design = SMALL
    graph = edge_conv_graph([toy_weights(BLOCKS, DENSE, seed=1)], design)
    write_bundle(path, graph, spec=spec, folds=1, provenance={})
    model = onnx.load(path)
    model.graph.doc_string = model.graph.doc_string.replace(
        "slope = 0.1", "slope = 0.2"
    )
    path.write_bytes(model.SerializeToString(deterministic=True))
    with pytest.raises(UserError, match="is damaged or was edited"):
        read_bundle(path)
